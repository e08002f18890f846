"""Texts that go to others: they name files, not where these are on this machine."""

import re
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from take5.stream.model_files.cache import models_directory


class Places:
    """Folders of this machine: those that are given, and those of models, temporary files, the program and its user.

    Parameters
    ----------
    folders : iterable of Path
        Further folders.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        places = {folder.absolute() for folder in (*folders, *_own())}
        found = sorted((str(place) for place in places if place != place.parent), key=len, reverse=True)
        self._named = re.compile(rf"(?<![\w./\\-])(?:{'|'.join(map(re.escape, found))})(?:([/\\])|(?!\.?[\w-]))")

    def without(self, text: str) -> str:
        """Return a text in which what is in these folders is named as from there, and they themselves as ``.``."""
        return self._named.sub(lambda found: "" if found[1] else ".", text)


def _own() -> Iterable[Path]:
    yield from (models_directory(), Path(tempfile.gettempdir()), Path(sys.prefix), Path(sys.base_prefix))
    with suppress(RuntimeError):  # a user without a home
        yield Path.home()
