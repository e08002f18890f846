"""The acceptance of a take, in its folder: ``accepted.json``."""

import json
from pathlib import Path

from take5.scoring.errors import OutputError
from take5.stream.output.atomic import new_file
from take5.stream.output.take import ACCEPTED
from take5.stream.server.errors import Refused


def write_accepted(take: Path) -> None:
    """Mark a take as accepted.

    Raises
    ------
    Refused
        If its folder is gone, or cannot be written to.
    """
    if not take.is_dir():
        raise Refused(404, "not_found", f"{take} has been moved or removed on the server")
    try:
        with new_file(take / ACCEPTED) as temporary:
            temporary.write_text(json.dumps({"accepted": True}) + "\n")
    except OutputError as error:
        raise Refused(507, "not_written", f"{error}; make room, and try again") from error


def withdraw_accepted(take: Path) -> None:
    """Mark a take as not accepted, if its folder is there; raise Refused if that cannot be done."""
    try:
        (take / ACCEPTED).unlink(missing_ok=True)
    except OSError as error:
        text = f"{take / ACCEPTED}: cannot be removed ({error.strerror or error})"
        raise Refused(507, "not_written", text) from error


def is_accepted(take: Path) -> bool:
    """Whether a take is marked as accepted."""
    return (take / ACCEPTED).is_file()
