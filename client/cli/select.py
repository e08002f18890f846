"""``take5 select``: the best seconds of video files."""

from pathlib import Path
from typing import BinaryIO

import click

from take5.client.cli.batch import ModelChoice, Order, engine_for, gather, model_choice, run
from take5.client.cli.batch_output import BatchOutput
from take5.client.cli.bundle_options import PREPARE_OPTION, bundle_options, gates_for
from take5.client.cli.cluster_options import engine_options
from take5.client.cli.options import (
    RECORDING,
    channel_option,
    gate_options,
    length_options,
    output_option,
    track_options,
)
from take5.client.cli.preparing import Preparations
from take5.client.cli.ready_options import let_deliveries_end, ready_options
from take5.client.cli.sync_options import WantedSync, sync_option
from take5.scoring.diversity import DIVERSITIES, DiversityName
from take5.scoring.gates.config import GateConfig
from take5.scoring.parameters import Parameters
from take5.scoring.strategy import STRATEGIES, Strategy, StrategyName
from take5.stream.bundles.write import WantedBundles, refuse_short
from take5.stream.cluster.share import ClusterShare
from take5.stream.deliverables import Deliverables
from take5.stream.ffmpeg.tracks import WantedTracks
from take5.stream.hooks.dispatcher import HookDispatcher
from take5.stream.offline.batch.job import Recipe
from take5.stream.settings import Settings
from take5.stream.sources.given import Given


@click.command(context_settings={"ignore_unknown_options": False})
@ready_options
@click.argument("videos", metavar="VIDEO...", nargs=-1, type=RECORDING)
@output_option("Output folder; each video gets a folder in it.")
@click.option("--list", "names", type=click.File("rb"), help="File with paths of videos, one per line; - for stdin.")
@click.option("-0", "--null", is_flag=True, help="Paths of --list are NUL-terminated, as from find -print0.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Number of videos to process in parallel, one process each.  [default: cores, or the cluster's CPUs]",
)
@engine_options
@click.option(
    "--resume", is_flag=True, help="Skip videos, known by their bytes, whose take is already in the output folder."
)
@click.option("--force", is_flag=True, help="Replace existing folders.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON per video.")
@click.option(
    "--features", type=click.Path(path_type=Path, dir_okay=False), help="Write the scored features to this .npz file."
)
@click.option("--exhaustive", is_flag=True, help="Analyse every frame, and judge every window.")
@click.option(
    "--strategy",
    type=click.Choice(STRATEGIES),
    default="full",
    show_default=True,
    help="Variant of the selection in the paper.",
)
@click.option(
    "--diversity", type=click.Choice(DIVERSITIES), default="euclidean", show_default=True, help="Measure of D."
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Random seed of --strategy random and --diversity entropy."
)
@channel_option
@sync_option
@click.option("--report", "page", is_flag=True, help="Write report.html and report.png.")
@click.option("--idle", is_flag=True, help="Also find a still and silent stretch and write it as idle.mp4.")
@track_options
@bundle_options
@PREPARE_OPTION
@gate_options
@length_options
@model_choice
def select(
    videos: tuple[Given, ...],
    output: Path,
    names: BinaryIO | None,
    null: bool,
    jobs: int | None,
    share: ClusterShare | None,
    resume: bool,
    force: bool,
    as_json: bool,
    features: Path | None,
    exhaustive: bool,
    strategy: StrategyName,
    diversity: DiversityName,
    seed: int,
    channel: str,
    sync: WantedSync,
    page: bool,
    idle: bool,
    tracks: WantedTracks,
    wanted: WantedBundles | None,
    name: str | None,
    prepare: bool,
    gates: GateConfig,
    parameters: Parameters,
    also: tuple[float, ...],
    choice: ModelChoice,
    hooks: HookDispatcher,
) -> int:
    """Find the most informative seconds of each VIDEO, by default five, and write them as a clip.

    Writes clip.mp4, clip.wav and report.json to a folder named after the video, and for each
    further length of --seconds a clip of its own, such as clip-10s.mp4. A folder
    stands for all videos in it, - for standard input; http:// and https:// are fetched. Put
    names that begin with a dash after "--".
    """
    if not videos and names is None:
        raise click.UsageError("Missing argument 'VIDEO...', or --list FILE.")
    inputs = gather(videos, names, output, null=null)
    if features is not None and (inputs.whole or len(inputs.sources) > 1):
        raise click.UsageError("--features needs a single VIDEO; run the videos one by one")
    with Preparations(as_json=as_json) as preparations:
        batch_output = BatchOutput(
            len(inputs.sources), whole=inputs.whole, as_json=as_json, hooks=hooks, preparations=preparations
        )
        for path, error in inputs.errors:
            batch_output.fail(str(path), str(error))
        if inputs.sources:
            engine, encoder = engine_for(inputs, jobs, choice, share=share, output=output, visible=not as_json)
            scored_with = gates_for(gates, wanted)
            settings = Settings(parameters, Strategy(strategy, seed), diversity, seed, scored_with, sync.shift, also)
            refuse_short(wanted, settings)
            deliverables = Deliverables(wanted, name, page, idle, prepare)
            recipe = Recipe(
                settings,
                exhaustive,
                encoder.name,
                encoder.version,
                deliverables,
                tracks,
                channel,
                sync.repair,
                choice.tracker,
            )
            run(engine, Order(output, recipe, force, features), inputs, batch_output, resume=resume)
        preparations.let_end()
    let_deliveries_end(hooks)
    return batch_output.code
