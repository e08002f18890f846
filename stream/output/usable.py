"""Whether a folder can be written to, before anything is captured that belongs in it."""

import os
from pathlib import Path
from tempfile import TemporaryFile

from take5.scoring.errors import OutputError


def usable_folder(folder: Path) -> Path:
    """Make a folder unless it is there, and return its absolute path, which holds wherever this process goes.

    Raises
    ------
    OutputError
        If there is no such folder afterwards, or nothing can be written to it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(
            f"{folder}: cannot be the output folder ({error.strerror or error}); choose another one with -o"
        ) from error
    return folder.absolute()


def is_usable(folder: Path) -> bool:
    """Whether a folder can be written to, or could be made where it is missing."""
    place = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    return place.is_dir() and os.access(place, os.W_OK | os.X_OK)
