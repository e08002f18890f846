"""Options for sound that comes late, or early."""

from dataclasses import dataclass
from typing import Any

import click

from take5.client.cli.decorators import Command
from take5.scoring.errors import ParameterError
from take5.stream.timeline.sound_shift import MOST_MS, UNMOVED, SoundShift

AUTO = "auto"
RANGE = f"-{MOST_MS} to {MOST_MS}"


@dataclass(frozen=True)
class WantedSync:
    """How the sound of a file is moved: as given, or, with ``repair``, as its windows agree."""

    shift: SoundShift = UNMOVED
    repair: bool = False


def _shift(_: click.Context, __: click.Parameter, text: str) -> SoundShift:
    try:
        return SoundShift(int(text))
    except (ValueError, ParameterError) as error:
        raise click.BadParameter(f"{text!r} is not a number of milliseconds, {RANGE}") from error


def _sync(context: click.Context, option: click.Parameter, text: str) -> WantedSync:
    if text == AUTO:
        return WantedSync(repair=True)
    try:
        return WantedSync(_shift(context, option, text))
    except click.BadParameter as error:
        raise click.BadParameter(f"{error.message}, or {AUTO}") from error


def sync_option(command: Command) -> Command:
    """Give a command for files ``sync``."""
    text = "Move sound that comes MS milliseconds late (negative: early); auto measures the delay."
    return _option(command, "sync", f"{AUTO}|MS", _sync, text)


def shift_option(command: Command) -> Command:
    """Give a command for streams ``shift``."""
    return _option(command, "shift", "MS", _shift, "Move sound that comes MS milliseconds late (negative: early).")


def _option(command: Command, name: str, metavar: str, callback: Any, text: str) -> Command:
    made = click.option(
        "--av-offset", name, default="0", show_default=True, metavar=metavar, callback=callback, help=text
    )
    return made(command)
