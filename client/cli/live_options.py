"""Options shared by live captures, on a server and at a webcam."""

import click

from take5.client.cli.options import Command, decorated, output_option

LIVE_OPTIONS = (
    output_option("Output folder; each capture gets a folder in it."),
    click.option(
        "--report/--no-report",
        default=True,
        show_default=True,
        help="Write report.html and report.png after the clip.",
    ),
)


def live_options(command: Command) -> Command:
    """Give a command ``output``, and whether a ``report`` is drawn."""
    return decorated(command, LIVE_OPTIONS)  # type: ignore[return-value] # click keeps the callable
