"""The options that live captures have in common, on a server and at a webcam."""

from pathlib import Path

import click

from take5.client.cli.options import Command, decorated

LIVE_OPTIONS = (
    click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("take5-out"),
        show_default=True,
        help="Folder that gets a folder for each capture.",
    ),
    click.option(
        "--report/--no-report",
        default=True,
        show_default=True,
        help="After the clip, draw report.html and report.png, for people to look at.",
    ),
)


def live_options(command: Command) -> Command:
    """Give a command ``output``, and whether a ``report`` is drawn."""
    return decorated(command, LIVE_OPTIONS)  # type: ignore[return-value] # click keeps the callable
