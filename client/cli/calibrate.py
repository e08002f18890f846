"""``take5 calibrate``: a ``--stop-at`` for an encoder and its future talkers."""

import json
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from take5.client.cli.options import RECORDING, model_options, parameter_options
from take5.client.cli.select import DONE, FAILED, NOTHING_ELIGIBLE
from take5.client.terminal import Bars
from take5.scoring.errors import Take5Error, TooShort
from take5.scoring.models.encoders import measured_stop_at
from take5.scoring.parameters import Parameters
from take5.stream.analysis.models import Models
from take5.stream.offline.calibration import CALIBRATION_VERSION, Aim, Calibration, Talker, Trial
from take5.stream.offline.calibration import calibrate as derive
from take5.stream.offline.select import select
from take5.stream.selection import Selection
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile
from take5.stream.sources.given import Given
from take5.stream.wire import Json

COLUMNS = ("video", "windows", "I 10 %", "50 %", "90 %", "best", "within", "reached", "kept", "held out", "kept")
PIPE_WIDTH = 120
NOTHING: Json = {"version": CALIBRATION_VERSION, "stop_at": None, "videos": []}
FEW = 10
"""With fewer talkers, suggest more to narrow the threshold's interval."""


@click.command()
@click.argument("videos", metavar="VIDEO...", nargs=-1, required=True, type=RECORDING)
@click.option("--within", type=float, default=60.0, show_default=True, help="Seconds given to a talker (H).")
@click.option(
    "--share",
    type=float,
    default=0.95,
    show_default=True,
    help="Share of the median talker's best I in that time to aim for.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@parameter_options
@model_options
def calibrate(
    videos: tuple[Given, ...], within: float, share: float, as_json: bool, parameters: Parameters, models: Models
) -> int:
    """Compute a threshold for --stop-at from recordings of talkers.

    Give one VIDEO of a minute or more per talker, recorded under the conditions of later captures. Every window is
    scored; nothing is written.
    """
    aim = Aim(within, share, parameters)
    selections, failed = _score(videos, models, Settings(parameters), quiet=as_json)
    calibration = derive(selections, aim) if selections else None
    if as_json:
        click.echo(json.dumps({**(calibration.json() if calibration else NOTHING), "failed": failed}))
    elif calibration:
        _show(calibration)
    if any(failure["code"] == FAILED for failure in failed):
        return FAILED
    return DONE if calibration is not None and calibration.stop_at is not None else NOTHING_ELIGIBLE


def _score(
    videos: tuple[Given, ...], models: Models, settings: Settings, *, quiet: bool
) -> tuple[list[Selection], list[Json]]:
    """Score every window of each video; an error in one is reported and does not stop the others."""
    done: list[Selection] = []
    failed: list[Json] = []
    for video in videos:
        try:
            with Bars(str(video), visible=not quiet) as bars:
                done.append(
                    select(MediaFile(video), models, settings, exhaustive=True, on_progress=bars.update).selection
                )
        except Take5Error as error:
            click.echo(f"take5: error: {error}", err=True)
            code = NOTHING_ELIGIBLE if isinstance(error, TooShort) else FAILED
            failed.append({"video": str(video), "error": str(error), "code": code})
    return done, failed


def _show(calibration: Calibration) -> None:
    """Print the table and the conclusions."""
    terminal = sys.stdout.isatty()
    console = Console(width=None if terminal else PIPE_WIDTH, highlight=False)
    table = Table(*COLUMNS, box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify, column.no_wrap = "right", True
    for talker, own, held_out in calibration.trials():
        table.add_row(Text(Path(talker.video).name), *_cells(talker), *_stop(own), *_stop(held_out))
    console.print(table)
    console.print("\n".join(_lines(calibration)), markup=False, soft_wrap=True)


def _cells(talker: Talker) -> list[str]:
    quantiles = [f"{value:.4g}" for value in talker.quantiles] or ["-"] * 3
    best = "-" if talker.best is None else f"{talker.best:.4g}"
    within = "-" if talker.within is None else f"{talker.within:.4g}"
    return [f"{talker.eligible}/{talker.windows}", *quantiles, best, within + "*" * talker.short]


def _stop(trial: Trial | None) -> tuple[str, str]:
    if trial is None or trial.time_s is None or trial.kept is None:
        return ("-" if trial is None else "never", "-")
    return f"{trial.time_s:.0f} s", f"{trial.kept:.2f}"


def _lines(calibration: Calibration) -> list[str]:
    """The threshold and remarks on it."""
    aim, stop_at, encoder = calibration.aim, calibration.stop_at, calibration.encoder
    if stop_at is None:
        return ["no video has an eligible window, so there is no threshold"]
    meaning = f"{aim.share:g} of what the middle talker gives within {aim.within_s:g} s"
    lines = ["", f"--stop-at {stop_at:.4g}, for encoder {encoder}: {meaning}", *_certainty(calibration)]
    if calibration.expected_s is not None:
        lines.append(f"  reached after {calibration.expected_s:.0f} s on average, whenever one begins")
    built_in = measured_stop_at(encoder, aim.parameters)
    lines.append(f"  built in for these settings: {'none' if built_in is None else f'{built_in:.4g}'}")
    if any(talker.short for talker in calibration.talkers):
        lines.append(f"  * shorter than {aim.within_s:g} s: the whole video's best, so the threshold may be low")
    return [*lines, "  kept: share of the best I; held out: stopped at the threshold that the other videos give"]


def _certainty(calibration: Calibration) -> list[str]:
    interval = calibration.interval
    talkers = sum(talker.within is not None for talker in calibration.talkers)
    if interval is None:
        return ["  from one talker: nothing says how far others differ; give more"]
    text = (
        f"  {interval.low:.4g} to {interval.high:.4g} with {interval.confidence:.0%} confidence, by {talkers} talkers"
    )
    return [text + ("; ten or more make it narrower" if talkers < FEW else "")]
