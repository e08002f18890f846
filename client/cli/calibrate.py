"""``take5 calibrate``: what talkers can be expected to reach, the ``--stop-reach`` of captures like these."""

import json
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from take5.client.cli.exit_codes import DONE, FAILED, NOTHING_ELIGIBLE
from take5.client.cli.options import RECORDING, model_options, parameter_options
from take5.client.terminal import Bars
from take5.scoring.errors import Take5Error, TooShort
from take5.scoring.models.trackers import measured_with
from take5.scoring.own_range import LEAST_WINDOWS, WITHIN_S, reach_of
from take5.scoring.parameters import Parameters
from take5.scoring.stopping import SHARE
from take5.stream.analysis.models import Models
from take5.stream.offline.calibration import CALIBRATION_VERSION, Aim, Calibration, Talker, Trial
from take5.stream.offline.calibration import calibrate as derive
from take5.stream.offline.reaches import LENGTHS
from take5.stream.offline.select import select
from take5.stream.selection import Selection
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile
from take5.stream.sources.given import Given
from take5.stream.wire import Json

COLUMNS = ("video", "windows", "I 10 %", "typical", "90 %", "best", "reach", "stopped", "kept", "held out", "kept")
PIPE_WIDTH = 120
NOTHING: Json = {"version": CALIBRATION_VERSION, "reach": None, "videos": []}
FEW = 10
"""With fewer talkers, suggest more to narrow the interval."""


@click.command()
@click.argument("videos", metavar="VIDEO...", nargs=-1, required=True, type=RECORDING)
@click.option("--within", type=float, default=WITHIN_S, show_default=True, help="Seconds given to a talker (H).")
@click.option(
    "--share",
    type=float,
    default=SHARE,
    show_default=True,
    help="Share of what a talker reaches in that time at which a recording stops.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@parameter_options
@model_options
def calibrate(
    videos: tuple[Given, ...], within: float, share: float, as_json: bool, parameters: Parameters, models: Models
) -> int:
    """Compute a --stop-reach from recordings of talkers.

    It is what a talker reaches within a minute, as a multiple of the talker's own typical window. Give one VIDEO of a
    minute or more per talker, recorded under the conditions of later captures. Every window is scored; nothing is
    written.
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
    return DONE if calibration is not None and calibration.reach is not None else NOTHING_ELIGIBLE


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
    low, _, high = [f"{value:.4g}" for value in talker.quantiles] or ["-"] * 3
    reach = "-" if talker.reach is None else f"{talker.reach:.3f}"
    return [
        f"{talker.eligible}/{talker.windows}",
        low,
        _number(talker.typical),
        high,
        _number(talker.best),
        reach + "*" * talker.short,
    ]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _stop(trial: Trial | None) -> tuple[str, str]:
    if trial is None or trial.time_s is None or trial.kept is None:
        return ("-" if trial is None else "not", "-")
    return f"{trial.time_s:.0f} s", f"{trial.kept:.2f}"


def _lines(calibration: Calibration) -> list[str]:
    """The result and remarks on it."""
    aim, reach, encoder = calibration.aim, calibration.reach, calibration.encoder
    if reach is None:
        return [f"no video has {LENGTHS[0]} eligible windows, so nothing can be said"]
    meaning = f"the best window of {aim.within_s:g} s is {reach:.3f} times the talker's typical one"
    measured = measured_with(encoder, calibration.tracker)
    lines = ["", f"--stop-reach {reach:.3f}, for {measured}: {meaning}", *_certainty(calibration)]
    lines.append(f"  built in for windows of {aim.parameters.seconds:g} s: {reach_of(aim.parameters):.3f}")
    if any(talker.short for talker in calibration.talkers):
        lines.append(f"  * fewer eligible windows than {aim.within_s:g} s: reckoned from shorter stretches")
    stopped = f"  stopped: at {aim.share:g} of that, from the {LEAST_WINDOWS}th eligible window on; kept: share of the "
    return [*lines, stopped + "whole video's best;", "  held out: the same with the reach of the other videos"]


def _certainty(calibration: Calibration) -> list[str]:
    interval = calibration.interval
    talkers = sum(talker.reach is not None for talker in calibration.talkers)
    if interval is None:
        return ["  from one talker: nothing says how far others differ; give more"]
    text = (
        f"  {interval.low:.3f} to {interval.high:.3f} with {interval.confidence:.0%} confidence, by {talkers} talkers"
    )
    return [text + ("; ten or more make it narrower" if talkers < FEW else "")]
