"""``take5 serve``: the server for browsers, OBS and any WHIP sender."""

import functools
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from take5.client.cli.bundle_options import PREPARE_OPTION, bundle_options, gates_for
from take5.client.cli.capturing import Capturing
from take5.client.cli.cluster_options import worker_share_options
from take5.client.cli.database_options import PlatformOptions, platform_options
from take5.client.cli.decorators import Command
from take5.client.cli.live_options import live_options
from take5.client.cli.log_options import Logs, log_options
from take5.client.cli.network_options import Network, network_options
from take5.client.cli.options import gate_options, length_options, model_choice_options, stop_options
from take5.client.cli.ready_options import hook_options
from take5.client.cli.server_options import Room, Web, server_options
from take5.client.cli.sync_options import shift_option
from take5.client.cli.worker_options import cores, workers_for, workers_option
from take5.scoring.gates.config import GateConfig
from take5.scoring.parameters import Parameters
from take5.scoring.stopping import StopRules
from take5.stream.bundles.write import WantedBundles, refuse_short
from take5.stream.cluster.share import ClusterShare
from take5.stream.deliverables import Deliverables
from take5.stream.hooks.setup import HookSetup
from take5.stream.server.access import is_loopback
from take5.stream.server.malloc import share_arenas
from take5.stream.settings import Settings
from take5.stream.timeline.sound_shift import SoundShift
from take5.stream.workers.model_choice import ModelChoice


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
@platform_options
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
    web: Web,
    room: Room,
    network: Network,
    platform: PlatformOptions | None,
    logs: Logs,
    output: Path,
    min_free: int,
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
    from take5.client.cli.serving import Serving, capacity_for, check_addresses
    from take5.stream.output.usable import usable_folder
    from take5.stream.server.lengths import OFFERED_S
    from take5.stream.server.options import ServerOptions

    context = click.get_current_context()
    fixed = context.get_parameter_source("seconds") is not ParameterSource.DEFAULT
    _check(web, platform)
    settings = Settings(parameters, gates=gates_for(gates, wanted), shift=shift, also=also)
    refuse_short(wanted, settings)
    output = usable_folder(output)
    cluster = None if share is None else context.with_resource(cluster_joined(share, output, workers))
    capacity = capacity_for(room, cores() if cluster is None else cluster.cores, network)
    check_addresses([each for each in network.public_addresses if not (cluster and each.startswith("$"))])
    options = ServerOptions(
        network.ice_servers,
        Deliverables(wanted, name, report, prepare=prepare),
        hooks.dispatcher(),
        min_free,
        finish_within,
        pause_s,
        room.pixels,
        network.udp_ports,
        network.public_addresses,
        () if fixed else OFFERED_S,
    )
    capturing = Capturing(choice, settings, rules, output, options, hooks)
    wanted_workers = workers if cluster is None else cluster.workers
    workers = workers_for(wanted_workers, choice, capacity.captures, network.udp_ports)
    front = None if workers == 1 and cluster is None else Front(capturing, workers, logs.style, cluster)
    Serving(capturing, capacity, web, logs, platform, front).run()
    return 0


def _check(web: Web, platform: PlatformOptions | None) -> None:
    """Raise UsageError if options exclude or need each other."""
    if web.token is not None and platform is not None:
        raise click.UsageError(
            "--token and --database exclude each other: a platform's sessions have their own secrets"
        )
    if web.token is None and platform is None and not web.anyone and not is_loopback(web.host):
        raise click.UsageError(
            f"without a token take5 serves this machine only; give --token SECRET, or --open to let anyone who reaches "
            f"{web.host} send and read"
        )
    if (web.certificate is None) != (web.key is None):
        raise click.UsageError("--tls-cert and --tls-key go together")
