"""The commands, each imported when it is run: what one needs takes no time from another, nor from ``take5 --help``."""

from importlib import import_module
from typing import Any, NamedTuple

import click


class Listed(NamedTuple):
    """Module of a command, and the first paragraph of its help."""

    module: str
    help: str


COMMANDS = {
    "bundle": Listed("bundle", "Make bundles from the whole of CLIP, a video that shows one face in every frame."),
    "calibrate": Listed("calibrate", "Compute a --stop-reach from recordings of talkers."),
    "check": Listed(
        "bundle", "Check BUNDLE, a folder for a trainer's data/, against its requirements; exit with 1 on violations."
    ),
    "keys": Listed("keys", "Manage the API keys of a platform."),
    "models": Listed("models", "Manage the model files that take5 needs."),
    "prepare": Listed(
        "prepare", "Find the head's pose in each picture of BUNDLE, and write it as the bundle's trainer reads it."
    ),
    "purge": Listed("purge", "Erase what is due in OUTPUT, the output folder of a server with a database."),
    "push": Listed(
        "push", "Send VIDEO to the WHIP server at URL in real time, like a camera, and show the server's events."
    ),
    "recover": Listed(
        "recover",
        "Make clip, bundles and report of every capture in DIR that was cut off, as by a kill or a loss of power.",
    ),
    "reload": Listed(
        "reload",
        "Let new processes make the captures of a running server; the old ones end when their captures do.",
    ),
    "replay": Listed("replay", "Score VIDEO like a live capture, and show the events."),
    "select": Listed(
        "select", "Find the most informative seconds of each VIDEO, by default five, and write them as a clip."
    ),
    "serve": Listed(
        "serve",
        "Receive live captures by WHIP, score them as they arrive, and keep the best seconds of each, by default five.",
    ),
    "sessions": Listed("sessions", "Manage the sessions of a server with a database (take5 serve --database)."),
    "webcam": Listed(
        "webcam",
        "Talk to this computer's camera until the best seconds, by default five, are good enough, and keep them.",
    ),
}


class Commands(click.Group):
    """A group that lists its commands without importing them: ``commands`` holds their names and help alone."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.commands = {name: click.Command(name, help=each.help) for name, each in COMMANDS.items()}

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """Import a command; None if there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"take5.client.cli.{COMMANDS[cmd_name].module}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Write the list of commands, as click does."""
        limit = formatter.width - 6 - max(map(len, self.commands))
        with formatter.section("Commands"):
            formatter.write_dl([(name, each.get_short_help_str(limit)) for name, each in sorted(self.commands.items())])
