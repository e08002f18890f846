"""``take5 serve``: the server for browsers, OBS and any WHIP sender."""

import functools
import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from take5.client.cli.bundle_options import PREPARE_OPTION, bundle_options, gates_for
from take5.client.cli.cluster_options import worker_share_options
from take5.client.cli.database_options import database_option, opened, retention_options
from take5.client.cli.decorators import Command
from take5.client.cli.live_options import live_options
from take5.client.cli.log_options import log_options, set_up_logging
from take5.client.cli.network_options import network_options
from take5.client.cli.options import (
    chosen_models,
    gate_options,
    length_options,
    model_choice_options,
    stop_options,
)
from take5.client.cli.ready_options import hook_options
from take5.client.cli.server_options import CORES_A_SESSION, server_options
from take5.client.cli.sync_options import shift_option
from take5.client.cli.worker_options import cores, encoder_of, workers_for, workers_option
from take5.client.pages import PAGES, PROMPTS
from take5.scoring.gates.config import GateConfig
from take5.scoring.models.trackers import measured_with
from take5.scoring.parameters import Parameters
from take5.scoring.stopping import StopRules
from take5.stream.bundles.write import WantedBundles, refuse_short
from take5.stream.cluster.share import ClusterShare
from take5.stream.deliverables import Deliverables
from take5.stream.hooks.setup import HookSetup
from take5.stream.server.access import is_loopback
from take5.stream.server.malloc import share_arenas
from take5.stream.settings import Settings
from take5.stream.sources.webrtc.host_sockets import UdpPorts
from take5.stream.sources.webrtc.ice import IceServer
from take5.stream.timeline.sound_shift import SoundShift
from take5.stream.workers.model_choice import ModelChoice

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from take5.stream.platform.database import Database
    from take5.stream.platform.service import Platform
    from take5.stream.server.sessions import Sessions


def memory_shared(command: Command) -> Command:
    """Let captures share memory, before models are loaded."""

    @functools.wraps(command)
    def with_memory_shared(*args: Any, **options: Any) -> Any:
        share_arenas()
        return command(*args, **options)

    return with_memory_shared  # type: ignore[return-value] # click keeps the callable


@click.command()
@memory_shared
@hook_options
@network_options
@server_options
@workers_option
@worker_share_options
@database_option()
@retention_options
@log_options
@bundle_options
@PREPARE_OPTION
@live_options
@shift_option
@gate_options
@model_choice_options
@length_options
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
    address: str | None,
    retention_days: int,
    keep_records: int,
    metrics: tuple[str, int] | None,
    log_format: str,
    access_log: bool,
    rules: StopRules,
    parameters: Parameters,
    also: tuple[float, ...],
    choice: ModelChoice,
    gates: GateConfig,
    wanted: WantedBundles | None,
    name: str | None,
    prepare: bool,
    report: bool,
    finish_within: float,
    shift: SoundShift,
    pause_s: float,
    hooks: HookSetup,
    workers: int | None,
    share: ClusterShare | None,
) -> int:
    """Receive live captures by WHIP, score them as they arrive, and keep the best seconds of each, by default five."""
    from take5.client.cli.front import Front, cluster_joined
    from take5.stream.output.usable import usable_folder
    from take5.stream.server.admission import Admission
    from take5.stream.server.app import create_app
    from take5.stream.server.descriptors import raise_limit, shares
    from take5.stream.server.lengths import OFFERED_S
    from take5.stream.server.options import ServerOptions
    from take5.stream.server.run import Listen, run
    from take5.stream.server.running import known
    from take5.stream.server.sessions import sessions_for, usage

    pixels = int(picture.removesuffix("p"))
    context = click.get_current_context()
    fixed = context.get_parameter_source("seconds") is not ParameterSource.DEFAULT
    _check(host, token, address, anyone=anyone, tls=(tls_cert, tls_key))
    output = usable_folder(output)
    cluster = None if share is None else context.with_resource(cluster_joined(share, output, workers))
    cost, carried = CORES_A_SESSION[pixels], cores() if cluster is None else cluster.cores
    capacity = max_sessions or max(1, int(carried / cost))
    connections, pending = shares(raise_limit(), capacity)
    if udp_ports is not None:  # each sender takes one
        pending = max(1, min(pending, len(udp_ports) - capacity))
    _check_network(udp_ports, capacity, [each for each in public_addresses if not (cluster and each.startswith("$"))])
    dispatcher = hooks.dispatcher()
    settings = Settings(parameters, gates=gates_for(gates, wanted), shift=shift, also=also)
    refuse_short(wanted, settings)
    options = ServerOptions(
        ice_servers,
        Deliverables(wanted, name, report, prepare=prepare),
        dispatcher,
        min_free,
        finish_within,
        pause_s,
        pixels,
        udp_ports=udp_ports,
        public_addresses=public_addresses,
        seconds=() if fixed else OFFERED_S,
    )
    workers = workers_for(workers if cluster is None else cluster.workers, choice, capacity, udp_ports)
    alone = workers == 1 and cluster is None
    front = None if alone else Front(choice, settings, rules, output, options, hooks, workers, log_format, cluster)
    models = None if front else chosen_models(choice)

    def make(database: "Database | None") -> "tuple[Starlette, Sessions]":
        if models is not None:
            places = Admission(capacity, usage, carried, cost, pending)
            sessions = sessions_for(models, settings, rules, output, places, options)
        elif front is not None:
            sessions = front.sessions(Admission(capacity, None, carried, cost, pending), end)
        platform = None if database is None else _platform(database, retention_days, keep_records)
        app = create_app(
            sessions,
            token=token,
            pages=PAGES,
            prompts=PROMPTS,
            origins=origins,
            proxies=proxies,
            root_path=root_path,
            platform=platform,
            access_log=access_log,
        )
        if metrics is not None:
            ends.callback(_metrics(sessions, platform, metrics))
        return app, sessions

    def started(at: str) -> None:
        click.echo(f"take5 at {at}")
        click.echo(f"  WHIP  {at}/whip   (OBS: {at}/whip/NAME)")
        models_used = measured_with(encoder_of(choice), choice.tracker)
        processes = "" if alone else f" in {workers} processes" + (" on Ray" if cluster else "")
        click.echo(f"  clips go to {output}; {capacity} captures at a time{processes}; {models_used}")

    set_up_logging(log_format, access=access_log)
    with ExitStack() as ends:
        ends.enter_context(dispatcher)
        if front is not None:
            ends.enter_context(known(output))
        database = None if address is None else ends.enter_context(opened(address))
        run(functools.partial(make, database), Listen(host, port, tls_cert, tls_key, connections), started)
    if front is not None:
        front.check()
    return 0


def _check(
    host: str, token: str | None, address: str | None, *, anyone: bool, tls: tuple[Path | None, Path | None]
) -> None:
    """Raise UsageError if options exclude or need each other."""
    if token is not None and address is not None:
        raise click.UsageError(
            "--token and --database exclude each other: a platform's sessions have their own secrets"
        )
    if token is None and address is None and not anyone and not is_loopback(host):
        raise click.UsageError(
            f"without a token take5 serves this machine only; give --token SECRET, or --open to let anyone who reaches "
            f"{host} send and read"
        )
    if (tls[0] is None) != (tls[1] is None):
        raise click.UsageError("--tls-cert and --tls-key go together")


def _check_network(ports: UdpPorts | None, capacity: int, public_addresses: Sequence[str]) -> None:
    """Raise ParameterError if there are fewer ports than captures, or an address is not one."""
    from take5.stream.server.options import check_ports
    from take5.stream.sources.webrtc.host_sockets import resolved

    check_ports(ports, capacity)
    for each in public_addresses:
        resolved(each)


def end() -> None:
    """End this program as SIGTERM does."""
    signal.raise_signal(signal.SIGTERM)


def _platform(database: "Database", retention_days: int, keep_records: int) -> "Platform":
    from take5.stream.platform.retention import Retention
    from take5.stream.platform.service import Platform

    return Platform(database, retention=Retention(retention_days, keep_records))


def _metrics(sessions: "Sessions", platform: "Platform | None", at: tuple[str, int]) -> Callable[[], None]:
    """Serve the metrics of a server; return what ends that."""
    from take5.stream.server.metrics import Metrics

    made = Metrics(sessions, None if platform is None else platform.records.states)
    if platform is not None:
        platform.listen(made.delivered)
    return made.serve(*at)
