"""``take5 select``: the best five seconds of video files."""

import json
from dataclasses import dataclass
from pathlib import Path

import click

from take5.client.cli.options import model_options, parameter_options
from take5.client.terminal import Bars, summary
from take5.scoring.diversity import DIVERSITIES, DiversityName
from take5.scoring.errors import Take5Error, TooShort
from take5.scoring.parameters import Parameters
from take5.scoring.strategy import STRATEGIES, Strategy, StrategyName
from take5.stream.scanner import Models
from take5.stream.select import select as choose
from take5.stream.selection import Settings
from take5.stream.sources.file import MediaFile
from take5.stream.store import refuse_existing
from take5.stream.take import write_features, write_take

DONE, FAILED, NOTHING_ELIGIBLE = 0, 1, 2


@dataclass(frozen=True)
class Output:
    """What a run writes and says."""

    force: bool
    as_json: bool
    features: Path | None


@click.command(context_settings={"ignore_unknown_options": False})
@click.argument("videos", metavar="VIDEO...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("take5-out"),
    show_default=True,
    help="Folder that gets a folder for each video.",
)
@click.option("--force", is_flag=True, help="Replace folders that exist.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a video a line.")
@click.option("--features", type=click.Path(path_type=Path, dir_okay=False), help="Write what was scored to F.npz.")
@click.option("--exhaustive", is_flag=True, help="Look at every frame, and judge every window.")
@click.option(
    "--strategy", type=click.Choice(STRATEGIES), default="full", show_default=True, help="The paper's variants."
)
@click.option(
    "--diversity", type=click.Choice(DIVERSITIES), default="euclidean", show_default=True, help="How D is measured."
)
@click.option("--seed", type=int, default=0, show_default=True, help="For --strategy random and --diversity entropy.")
@parameter_options
@model_options
def select(
    videos: tuple[Path, ...],
    output: Path,
    force: bool,
    as_json: bool,
    features: Path | None,
    exhaustive: bool,
    strategy: StrategyName,
    diversity: DiversityName,
    seed: int,
    parameters: Parameters,
    models: Models,
) -> int:
    """Find the most informative five seconds of each VIDEO and write them as a clip.

    Writes clip.mp4, clip.wav and report.json to a folder named after the video. A name that begins with a dash goes
    after "--".
    """
    if features is not None and len(videos) > 1:
        raise click.UsageError("--features writes one file, for one VIDEO; run the videos one by one")
    settings = Settings(parameters, Strategy(strategy, seed), diversity, seed)
    codes = [
        _one(video, folder, models, settings, Output(force, as_json, features), exhaustive=exhaustive)
        for video, folder in zip(videos, _folders(videos, output), strict=True)
    ]
    return FAILED if FAILED in codes else max(codes)


def _one(video: Path, folder: Path, models: Models, settings: Settings, output: Output, *, exhaustive: bool) -> int:
    """Select from one video; its errors are told and do not stop the others."""
    try:
        refuse_existing(folder, force=output.force)
        with Bars(str(video), visible=not output.as_json) as bars:
            scored = choose(MediaFile(video), models, settings, exhaustive=exhaustive, report=bars.update)
            write_take(scored.selection, scored, folder, force=output.force)
        if output.features is not None:
            write_features(scored, output.features)
    except Take5Error as error:
        click.echo(f"take5: error: {error}", err=True)
        if output.as_json:
            click.echo(json.dumps({"video": str(video), "error": str(error)}))
        return NOTHING_ELIGIBLE if isinstance(error, TooShort) else FAILED
    selection = scored.selection
    written = folder / ("report.json" if selection.best is None else "clip.mp4")
    click.echo(json.dumps(selection.json()) if output.as_json else summary(selection, written))
    return NOTHING_ELIGIBLE if selection.best is None else DONE


def _folders(videos: tuple[Path, ...], output: Path) -> list[Path]:
    """A folder for each video, named after it; videos of the same name get -2, -3, ..."""
    taken: set[str] = set()
    folders = []
    for video in videos:
        name, number = video.stem or "video", 1
        while (unique := name if number == 1 else f"{name}-{number}").casefold() in taken:
            number += 1
        taken.add(unique.casefold())
        folders.append(output / unique)
    return folders
