"""The options that live captures have in common, on a server and at a webcam."""

import click

from take5.client.cli.options import Command, decorated, output_option

LIVE_OPTIONS = (
    output_option("Folder that gets a folder for each capture."),
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
