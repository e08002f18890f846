"""``take5 serve``: the server for browsers, OBS and any WHIP sender."""

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from take5.client.cli.bundle_options import bundle_options, gates_for
from take5.client.cli.live_options import live_options
from take5.client.cli.network_options import network_options
from take5.client.cli.options import Command, decorated, gate_options, model_options, parameter_options, stop_options
from take5.client.cli.ready_options import ready_options
from take5.client.cli.sync_options import shift_option
from take5.client.pages import PAGES, PROMPTS
from take5.scoring.gates.config import GateConfig
from take5.scoring.parameters import Parameters
from take5.scoring.stopping import StopRules
from take5.stream.analysis.models import Models
from take5.stream.bundles.write import WantedBundles
from take5.stream.deliverables import Deliverables
from take5.stream.hooks.dispatcher import HookDispatcher
from take5.stream.server.access import checked_token, is_loopback, origin_of, proxy_of, root_path_of
from take5.stream.server.malloc import share_arenas
from take5.stream.settings import Settings
from take5.stream.sources.webrtc.host_sockets import UdpPorts
from take5.stream.sources.webrtc.ice import IceServer
from take5.stream.timeline.sound_shift import SoundShift

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from take5.stream.server.sessions import Sessions

PICTURE = 720
CORES_A_SESSION = {PICTURE: 0.65, 1080: 0.8}
"""Cores used by a session, by the shorter side of its picture; measured."""

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
    """Give the command the options of the server."""
    return decorated(command, SERVER_OPTIONS)  # type: ignore[return-value] # click keeps the callable


def memory_shared(command: Command) -> Command:
    """Let captures share memory, before models are loaded."""

    @functools.wraps(command)
    def with_memory_shared(*args: Any, **options: Any) -> Any:
        share_arenas()
        return command(*args, **options)

    return with_memory_shared  # type: ignore[return-value] # click keeps the callable


@click.command()
@memory_shared
@ready_options
@network_options
@server_options
@bundle_options
@live_options
@shift_option
@gate_options
@model_options
@parameter_options
@stop_options
def serve(
    host: str,
    port: int,
    token: str | None,
    output: Path,
    min_free: int,
    max_sessions: int | None,
    ice_servers: tuple[IceServer, ...],
    udp_ports: UdpPorts | None,
    public_addresses: tuple[str, ...],
    picture: str,
    origins: tuple[str, ...],
    anyone: bool,
    proxies: tuple[str, ...],
    root_path: str,
    tls_cert: Path | None,
    tls_key: Path | None,
    rules: StopRules,
    parameters: Parameters,
    models: Models,
    gates: GateConfig,
    wanted: WantedBundles | None,
    name: str | None,
    report: bool,
    finish_within: float,
    shift: SoundShift,
    pause_s: float,
    hooks: HookDispatcher,
) -> int:
    """Receive live captures by WHIP, score them as they arrive, and keep the best five seconds of each."""
    from take5.stream.server.admission import Admission
    from take5.stream.server.app import create_app
    from take5.stream.server.descriptors import raise_limit, shares
    from take5.stream.server.options import ServerOptions
    from take5.stream.server.run import Listen, run
    from take5.stream.server.sessions import sessions_for, usage

    pixels = int(picture.removesuffix("p"))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    capacity = max_sessions or max(1, int(cores / CORES_A_SESSION[pixels]))

    connections, pending = shares(raise_limit(), capacity)

    def make() -> "tuple[Starlette, Sessions]":
        deliverables = Deliverables(wanted, name, report)
        settings = Settings(parameters, gates=gates_for(gates, wanted), shift=shift)
        options = ServerOptions(
            ice_servers,
            deliverables,
            hooks,
            min_free,
            finish_within,
            pause_s,
            pixels,
            udp_ports=udp_ports,
            public_addresses=public_addresses,
        )
        places = Admission(capacity, usage, cores, CORES_A_SESSION[pixels], pending)
        sessions = sessions_for(models, settings, rules, output, places, options)
        app = create_app(
            sessions,
            token=token,
            pages=PAGES,
            prompts=PROMPTS,
            origins=origins,
            proxies=proxies,
            root_path=root_path,
        )
        return app, sessions

    def started(address: str) -> None:
        click.echo(f"take5 at {address}")
        click.echo(f"  WHIP  {address}/whip   (OBS: {address}/whip/NAME)")
        click.echo(f"  clips go to {output}; {capacity} captures at a time; encoder {models.encoder.name}")

    if token is None and not anyone and not is_loopback(host):
        raise click.UsageError(
            f"without a token take5 serves this machine only; give --token SECRET, or --open to let anyone who reaches "
            f"{host} send and read"
        )
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key go together")
    run(make, Listen(host, port, tls_cert, tls_key, connections), started)
    return 0
