"""Options of ``take5 serve``: where it listens, who may use it, and how much it takes on."""

import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from take5.client.cli.decorators import Command, decorated
from take5.stream.server.access import checked_token, origin_of, proxy_of, root_path_of

PICTURE = 720
CORES_A_SESSION = {PICTURE: 0.65, 1080: 0.8}
"""Cores used by a session, by the shorter side of its picture; measured."""


@dataclass(frozen=True)
class Web:
    """Where a server listens, and who may use it.

    Attributes
    ----------
    host, port : str, int
        Address and port; port 0 for any free one.
    certificate, key : Path, optional
        For TLS, in PEM files.
    token : str, optional
        Required of clients.
    anyone : bool
        Whether others than this machine may reach it without a token.
    origins, proxies, root_path : tuple of str, tuple of str, str
        See :func:`take5.stream.server.app.create_app`.
    """

    host: str
    port: int
    certificate: Path | None
    key: Path | None
    token: str | None
    anyone: bool
    origins: tuple[str, ...]
    proxies: tuple[str, ...]
    root_path: str


@dataclass(frozen=True)
class Room:
    """How much a server takes on: captures at a time, None for what the cores carry, and pixels of the shorter side."""

    max_sessions: int | None
    pixels: int


PEM = click.Path(path_type=Path, exists=True, dir_okay=False)


def _token(_context: click.Context, _option: click.Parameter, token: str | None) -> str | None:
    """Take the token of the environment; click would take an empty one for none."""
    return checked_token(os.environ.get("TAKE5_TOKEN") if token is None else token)


def _origins(_context: click.Context, _option: click.Parameter, origins: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(origin_of, origins))


def _proxies(_context: click.Context, _option: click.Parameter, proxies: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(proxy_of, proxies))


def _root_path(_context: click.Context, _option: click.Parameter, path: str) -> str:
    return root_path_of(path)


SERVER_OPTIONS = (
    click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all."),
    click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=8005,
        show_default=True,
        help="Port to listen on; 0 for any free port.",
    ),
    click.option("--token", help="Bearer token required of clients.  [env: TAKE5_TOKEN]", callback=_token),
    click.option(
        "--max-sessions",
        type=click.IntRange(1),
        help="Largest number of concurrent captures, as far as the machine carries them.  [default: cores / 0.65]",
    ),
    click.option(
        "--picture",
        type=click.Choice([f"{pixels}p" for pixels in CORES_A_SESSION]),
        default=f"{PICTURE}p",
        show_default=True,
        help="Picture that the page asks cameras for, by its shorter side; 1080p for fast networks and machines.",
    ),
    click.option(
        "--allow-origin",
        "origins",
        multiple=True,
        callback=_origins,
        help="Origin whose pages may use the server, besides its own (repeatable); * for all.",
    ),
    click.option(
        "--open", "anyone", is_flag=True, help="Listen on addresses that others can reach without asking for a token."
    ),
    click.option(
        "--proxy",
        "proxies",
        metavar="ADDRESS",
        multiple=True,
        callback=_proxies,
        help="Address or network of a proxy whose X-Forwarded-For, -Proto, -Host and -Prefix count (repeatable).",
    ),
    click.option(
        "--root-path",
        metavar="PREFIX",
        default="",
        callback=_root_path,
        help="Path under which a proxy that states no X-Forwarded-Prefix offers the server, such as /take5.",
    ),
    click.option("--tls-cert", type=PEM, help="TLS certificate. Browsers allow cameras on https and localhost only."),
    click.option("--tls-key", type=PEM, help="Its key."),
)


def server_options(command: Command) -> Command:
    """Give a command ``web``, a :class:`Web`, and ``room``, a :class:`Room`."""

    @functools.wraps(command)
    def with_server(
        *args: Any,
        host: str,
        port: int,
        tls_cert: Path | None,
        tls_key: Path | None,
        token: str | None,
        anyone: bool,
        origins: tuple[str, ...],
        proxies: tuple[str, ...],
        root_path: str,
        max_sessions: int | None,
        picture: str,
        **options: Any,
    ) -> Any:
        web = Web(host, port, tls_cert, tls_key, token, anyone, origins, proxies, root_path)
        room = Room(max_sessions, int(picture.removesuffix("p")))
        return command(*args, web=web, room=room, **options)

    return decorated(with_server, SERVER_OPTIONS)  # type: ignore[return-value] # click keeps the callable
