"""Rows of numbers that grow with a recording, kept in a temporary file: memory stays flat whatever the length."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from take5.scoring.gates.sound import NOTHING, SoundMeasures
from take5.stream.output.atomic import writing

COPIED_ROWS = 4096
"""Rows that are copied at a time."""

IN_MEMORY_BYTES = 1 << 22
"""What is smaller needs no file: the sound of two minutes."""


def temporary_file() -> IO[bytes]:
    """Return a file without a name that is closed with the last reference to it; in memory while it is small."""
    return tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES, prefix="take5-")


class RowFile:
    """Rows of one type and shape; a slice reads them back as an array, with the values that were written.

    The file has no name and lives as long as this; what is small is in memory. Several threads may read it.

    Parameters
    ----------
    stored : dtype
        Type in the file.
    shape : tuple of int
        Of one row.
    given : dtype, optional
        Type of the arrays that slices return; by default as stored.

    Raises
    ------
    OutputError
        If there is no room for it, or no folder for temporary files.
    """

    def __init__(self, stored: DTypeLike, shape: tuple[int, ...] = (), given: DTypeLike | None = None) -> None:
        self._stored, self._given, self._shape = np.dtype(stored), given, shape
        self._width = self._stored.itemsize * int(np.prod(shape, dtype=np.int64))
        with writing(Path(tempfile.gettempdir())):
            self._file = temporary_file()
        self._rows = 0
        self._lock = Lock()

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._rows

    def append(self, rows: NDArray[Any]) -> None:
        """Add rows [n, *shape]."""
        if not len(rows):
            return
        with self._lock, writing(Path(tempfile.gettempdir())):
            self._file.seek(self._rows * self._width)
            self._file.write(np.ascontiguousarray(rows, dtype=self._stored).data.cast("B"))
            self._rows += len(rows)

    def __getitem__(self, span: slice) -> NDArray[Any]:
        """Return rows [start, stop), as :class:`numpy.ndarray` slices; the step is 1."""
        start, stop, _ = span.indices(self._rows)
        with self._lock, writing(Path(tempfile.gettempdir())):
            self._file.seek(start * self._width)
            content = self._file.read(max(0, stop - start) * self._width)
        rows = np.frombuffer(bytearray(content), self._stored).reshape(-1, *self._shape)
        return rows if self._given is None else rows.astype(self._given)

    def resize(self, rows: int) -> None:
        """Cut off what is behind this many rows, or add zeros up to there."""
        self._rows = min(self._rows, rows)
        while self._rows < rows:
            self.append(np.zeros((min(COPIED_ROWS, rows - self._rows), *self._shape), self._stored))

    def at(self, spans: Sequence[slice]) -> "RowFile":
        """Copy the rows of some spans, one behind the other."""
        chosen = RowFile(self._stored, self._shape, self._given)
        for span in spans:
            for start in range(span.start, span.stop, COPIED_ROWS):
                chosen.append(self[start : min(start + COPIED_ROWS, span.stop)])
        return chosen


MEASURES = np.dtype(
    [(name, column.dtype, column.shape[1:]) for name, column in ((n, getattr(NOTHING, n)) for n in vars(NOTHING))]
)
"""One row of sound measures."""


class MeasureFile:
    """Sound measures in a temporary file; a slice is read back as :class:`SoundMeasures`."""

    def __init__(self, rows: RowFile | None = None) -> None:
        self._rows = rows if rows is not None else RowFile(MEASURES)

    def __len__(self) -> int:
        """Return the number of grid frames."""
        return len(self._rows)

    def append(self, measures: SoundMeasures) -> None:
        """Add the measures of the next grid frames."""
        if len(measures):
            rows = np.zeros(len(measures), MEASURES)
            for name in MEASURES.names or ():
                rows[name] = getattr(measures, name)
            self._rows.append(rows)

    def __getitem__(self, span: slice) -> SoundMeasures:
        """Return the measures of grid frames [start, stop)."""
        rows = self._rows[span]
        return SoundMeasures(*(np.ascontiguousarray(rows[name]) for name in MEASURES.names or ()))

    def resize(self, rows: int) -> None:
        """Cut off what is behind this many rows."""
        self._rows.resize(rows)

    def at(self, spans: Sequence[slice]) -> "MeasureFile":
        """Copy the rows of some spans."""
        return MeasureFile(self._rows.at(spans))
