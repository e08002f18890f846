"""Options shared by live captures, on a server and at a webcam."""

import math

import click

from take5.client.cli.decorators import Command, decorated
from take5.client.cli.options import output_option
from take5.scoring.errors import ParameterError
from take5.stream.live.watchdog import PAUSE_S
from take5.stream.output.free_space import MIN_FREE, parse_size, size_text


def _size(_context: click.Context, _option: click.Parameter, text: str) -> int:
    try:
        return parse_size(text)
    except ParameterError as error:
        raise click.BadParameter(str(error)) from error


def _finite(_context: click.Context, _option: click.Parameter, seconds: float) -> float:
    if not math.isfinite(seconds):
        raise click.BadParameter(f"{seconds} is not a number of seconds")
    return seconds


LIVE_OPTIONS = (
    output_option("Output folder; each capture gets a folder in it."),
    click.option(
        "--report/--no-report",
        default=True,
        show_default=True,
        help="Write report.html and report.png after the clip.",
    ),
    click.option(
        "--min-free",
        metavar="SIZE",
        default=size_text(MIN_FREE).replace(" ", ""),
        show_default=True,
        callback=_size,
        help="Begin no capture with less free space in the output folder, such as 2GB or 500MiB; warn below twice as "
        "much; 0 to disable.",
    ),
    click.option(
        "--finish-within",
        type=click.FloatRange(0.0, 86_400),
        callback=_finite,
        default=60.0,
        show_default=True,
        metavar="SECONDS",
        help="Time limit after a stop for analysing skipped windows.",
    ),
    click.option(
        "--wait",
        "pause_s",
        type=click.FloatRange(0.0),
        default=PAUSE_S,
        show_default=True,
        metavar="SECONDS",
        help="How long to wait for a picture or a sound that pauses while the other goes on.",
    ),
)


def live_options(command: Command) -> Command:
    """Give a command ``output``, ``report`` (whether one is drawn), ``min_free`` in bytes, and times in seconds.

    The times are ``finish_within`` and ``pause_s``.
    """
    return decorated(command, LIVE_OPTIONS)  # type: ignore[return-value] # click keeps the callable
