"""Free space where clips go: how much there is, and when that is too little for a capture."""

import math
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from take5.scoring.errors import OutputError, ParameterError

MIN_FREE = 500 * 10**6
"""Free space in bytes below which no capture begins."""

EVERY_S = 5.0
"""Time between two measurements while a capture goes on."""

LOW, RECOVERED = 2.0, 2.2
"""Multiples of it: below the first a running capture is warned, above the second it can be warned again."""

_UNITS: dict[str, int] = {"": 1, "b": 1} | {
    f"{unit}{ending}": int(base**power)
    for power, unit in enumerate("kmgt", 1)
    for base, ending in ((1000, ""), (1000, "b"), (1024, "ib"))
}


def free_space(folder: Path) -> int:
    """Return the free bytes of the disk that ``folder``, which need not exist, is on; may block on a network disk."""
    place = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(place).free


def require_space(folder: Path, least: int) -> None:
    """Raise OutputError if ``folder`` has less than ``least`` bytes of free space, as far as that is known."""
    try:
        free = free_space(folder)
    except OSError:
        return
    if free < least:
        raise OutputError(too_little(folder, free, least))


def too_little(folder: Path, free: int, least: int) -> str:
    """What is wrong, and what to do."""
    return (
        f"{folder}: {size_text(free)} are free, and a capture needs {size_text(least)}; make room, choose another "
        "folder with -o, or a smaller --min-free"
    )


@dataclass
class SpaceWatch:
    """Says once when free space is getting low, and again only after it has recovered.

    Attributes
    ----------
    least : int
        Free bytes that a capture needs.
    """

    least: int
    _low: bool = False

    def look(self, free: int) -> bool:
        """Whether a warning is due, with ``free`` bytes."""
        before = self._low
        self._low = free < self.least * (RECOVERED if before else LOW)
        return self._low and not before


def watch_space(folder: Path, least: int, low: Callable[[int], None], over: Event) -> None:
    """Call ``low`` with the free megabytes whenever they get low, until ``over``; to be run in a thread."""
    watch = SpaceWatch(least)
    while least:
        with suppress(OSError):  # unknown now
            free = free_space(folder)
            if watch.look(free):
                low(megabytes(free))
        if over.wait(EVERY_S):
            return


def megabytes(size: int) -> int:
    """Whole megabytes."""
    return size // 10**6


def size_text(size: int) -> str:
    """A number of bytes for people."""
    return f"{size / 1e9:.1f} GB" if size >= 10**10 else f"{megabytes(size)} MB"


def parse_size(text: str) -> int:
    """Return the bytes of a size such as 500M, 2GiB or 0.

    Raises
    ------
    ParameterError
        If it is not one.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", text.strip())
    if found is None or found[2].lower() not in _UNITS:
        raise ParameterError(f"{text!r} is not a size; 500M, 2G and 1GiB are, and 0 for no limit")
    return math.ceil(float(found[1]) * _UNITS[found[2].lower()])
