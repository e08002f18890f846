"""Options for how senders reach the server: STUN and TURN servers, UDP ports, public addresses."""

import functools
import os
from dataclasses import dataclass
from typing import Any

import click

from take5.client.cli.decorators import Command
from take5.scoring.errors import ParameterError
from take5.stream.sources.webrtc.host_sockets import UdpPorts
from take5.stream.sources.webrtc.ice import IceServer

USERNAME, CREDENTIAL, SECRET = "TAKE5_ICE_USERNAME", "TAKE5_ICE_CREDENTIAL", "TAKE5_TURN_SECRET"
TURN = ("turn:", "turns:")


@dataclass(frozen=True)
class Network:
    """How senders reach a server; the attributes are those of ``ServerOptions``."""

    ice_servers: tuple[IceServer, ...]
    udp_ports: UdpPorts | None
    public_addresses: tuple[str, ...]


def _ports(_context: click.Context, _option: click.Parameter, text: str | None) -> UdpPorts | None:
    try:
        return None if text is None else UdpPorts.parse(text)
    except ParameterError as error:
        raise click.BadParameter(str(error)) from error


def network_options(command: Command) -> Command:
    """Give a command ``network``, a :class:`Network`.

    Put it above the other groups of options, so that mistakes are reported before models are loaded.
    """

    @click.option(
        "--ice-server",
        "urls",
        multiple=True,
        metavar="URL",
        help="STUN or TURN address (repeatable), such as stun:example.org or turn:example.org:3478?transport=tcp.",
    )
    @click.option("--ice-username", help=f"User name of the TURN servers, unless {SECRET} is set.  [env: {USERNAME}]")
    @click.option("--ice-credential", help=f"Their credential.  [env: {CREDENTIAL}]")
    @click.option(
        "--udp-ports",
        metavar="FIRST-LAST",
        callback=_ports,
        help="UDP ports for senders, such as 40000-40099; one for each capture.  [default: any]",
    )
    @click.option(
        "--public-address",
        "public_addresses",
        multiple=True,
        metavar="ADDRESS",
        help="IP address, or a name that has one, that senders are given instead of those of this machine's interfaces "
        "(repeatable), as in containers and behind NAT.",
    )
    @functools.wraps(command)
    def with_network(
        *args: Any,
        urls: tuple[str, ...],
        ice_username: str | None,
        ice_credential: str | None,
        udp_ports: UdpPorts | None,
        public_addresses: tuple[str, ...],
        **options: Any,
    ) -> Any:
        network = Network(ice_servers(urls, ice_username, ice_credential), udp_ports, public_addresses)
        return command(*args, network=network, **options)

    return with_network  # type: ignore[return-value] # click keeps the callable


def ice_servers(urls: tuple[str, ...], username: str | None, credential: str | None) -> tuple[IceServer, ...]:
    """Return the servers; TURN servers have what options and environment give, where an empty text is an error."""
    if (username, credential) != (None, None) and not any(url.startswith(TURN) for url in urls):
        raise click.UsageError("--ice-username and --ice-credential are for a TURN server; give --ice-server turn:HOST")
    given = {
        "username": os.environ.get(USERNAME) if username is None else username,
        "credential": os.environ.get(CREDENTIAL) if credential is None else credential,
        "secret": os.environ.get(SECRET),
    }
    return tuple(IceServer(url, **given if url.startswith(TURN) else {}) for url in urls)
