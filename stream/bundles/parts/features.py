"""What is computed of a bundle elsewhere: OpenFace's action units, and the features of the sound."""

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from take5.stream.bundles.part import Found, Violation
from take5.stream.bundles.parts.arrays import load_array
from take5.stream.bundles.parts.images import shown_numbers

UNITS = "au.csv"
WINDOW = 16
"""Rows of logits per frame."""

TOLERANCE = 8
"""How many rows the extractors may leave out or add at the end of the same sound."""


@dataclass(frozen=True)
class ActionUnits:
    """OpenFace's ``au.csv``: a row per frame, with these columns."""

    columns: tuple[str, ...]

    def present(self, found: Found) -> bool:
        """Whether it is there."""
        return (found.folder / UNITS).is_file()

    def check(self, found: Found) -> Iterator[Violation]:
        """Yield violations: loaders look up each frame's row by its number."""
        if not self.present(found):
            return
        names, table = _table(found)
        rows, columns = len(table), [name.strip() for name in names]
        absent = [name for name in self.columns if name not in columns]
        if absent:
            yield Violation(UNITS, f"has no column {', '.join(absent)}", "")
        for name in self.columns:
            bad = [] if name in absent else [i for i, row in enumerate(table) if not _finite(row[columns.index(name)])]
            if bad:
                yield Violation(UNITS, f"has no number as {name} of the frames {shown_numbers(bad)}", "")
        if rows == found.frames - 1:
            rule = f"has {rows} rows for {found.frames} frames; loaders stop at the last"
            yield Violation(UNITS, rule, f"repeat the last: sed -i '$p' data/{found.name}/{UNITS}")
        elif rows != found.frames:
            yield Violation(UNITS, f"has {rows} rows for {found.frames} frames", "")


@dataclass(frozen=True)
class ActionUnitNames:
    """The names of these columns in ``au.csv``, with the blank before each that loaders expect."""

    columns: tuple[str, ...]

    def present(self, found: Found) -> bool:
        """Whether the file is there."""
        return (found.folder / UNITS).is_file()

    def check(self, found: Found) -> Iterator[Violation]:
        """Yield violations: newer OpenFace writes no blanks."""
        names = _table(found)[0] if self.present(found) else []
        bare = [name for name in self.columns if name in names]
        if bare:
            cure = f"put it there: sed -i '1s/, */, /g' data/{found.name}/{UNITS}"
            yield Violation(UNITS, f"has no blank before {', '.join(bare)}; loaders look for ' {bare[0]}'", cure)


def _finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _table(found: Found) -> tuple[list[str], list[list[str]]]:
    """Names as they stand in the first line, and the rows with all columns."""
    try:
        with (found.folder / UNITS).open(newline="", encoding="utf-8", errors="replace") as file:
            rows = list(csv.reader(file))
    except (OSError, csv.Error):
        return [], []
    return (rows[0], [row for row in rows[1:] if len(row) == len(rows[0])]) if rows else ([], [])


@dataclass(frozen=True)
class SoundFeatures:
    """Features of the sound, [N, 16, depth]; ``misnamed`` is how their extractor names them by itself."""

    file: str
    depth: int
    misnamed: str = ""

    def present(self, found: Found) -> bool:
        """Whether they are there."""
        return (found.folder / self.file).is_file() or self._misnamed(found)

    def check(self, found: Found) -> Iterator[Violation]:
        """Yield violations; trainers do not notice features of other sound."""
        if not (found.folder / self.file).is_file():
            if self._misnamed(found):
                place = f"data/{found.name}"
                cure = f"rename it: mv {place}/{self.misnamed} {place}/{self.file}"
                yield Violation(self.misnamed, f"is not the name that the loader opens, {self.file}", cure)
            return
        array = load_array(found.folder / self.file)
        if array is None:
            yield Violation(self.file, "is not a numpy array", "")
        elif array.dtype.kind != "f":
            yield Violation(self.file, f"is {array.dtype}, not of floats", "")
        elif array.ndim != 3 or array.shape[1:] != (WINDOW, self.depth):
            yield Violation(self.file, f"is {list(array.shape)}, not [N, {WINDOW}, {self.depth}]", "")
        elif abs(len(array) - found.frames) > TOLERANCE:
            yield Violation(self.file, f"has {len(array)} rows for {found.frames} frames: it is of other sound", "")
        elif not np.isfinite(np.asarray(array, np.float64)).all():
            yield Violation(self.file, "contains NaN or infinity", "")

    def _misnamed(self, found: Found) -> bool:
        return bool(self.misnamed) and (found.folder / self.misnamed).is_file()
