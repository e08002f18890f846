"""What was seen in the grid frames of a recording, kept in a temporary file but for the latest."""

import pickle
import tempfile
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import overload

import numpy as np

from take5.stream.analysis.frames import FrameObservation
from take5.stream.output.atomic import writing
from take5.stream.recording.row_file import temporary_file

RECENT = 1000
"""Observations that stay in memory."""


class ObservationFile:
    """An observation for each of N rows, None until it is set.

    Parameters
    ----------
    rows : int
        N.

    Attributes
    ----------
    known : ndarray bool [N]
        Which are set.

    Raises
    ------
    OutputError
        If there is no room for it, or no folder for temporary files.
    """

    def __init__(self, rows: int) -> None:
        self.known = np.zeros(rows, np.bool_)
        self._places = np.zeros((rows, 2), np.int64)  # where each begins and ends in the file
        with writing(Path(tempfile.gettempdir())):
            self._file = temporary_file()
        self._size = 0
        self._recent: OrderedDict[int, FrameObservation] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        """Return N."""
        return len(self.known)

    def __setitem__(self, row: int, observation: FrameObservation) -> None:
        """Set a row."""
        content = pickle.dumps(observation, pickle.HIGHEST_PROTOCOL)
        with self._lock, writing(Path(tempfile.gettempdir())):
            self._file.seek(self._size)
            self._file.write(content)
            self._places[row] = self._size, self._size + len(content)
            self._size += len(content)
            self.known[row] = True
            self._remember(row, observation)

    @overload
    def __getitem__(self, rows: int) -> FrameObservation | None: ...

    @overload
    def __getitem__(self, rows: slice) -> list[FrameObservation | None]: ...

    def __getitem__(self, rows: int | slice) -> FrameObservation | list[FrameObservation | None] | None:
        """Return one row, or those of a slice."""
        if isinstance(rows, slice):
            return [self[row] for row in range(*rows.indices(len(self)))]
        with self._lock, writing(Path(tempfile.gettempdir())):
            return self._read(rows) if self.known[rows] else None

    def _read(self, row: int) -> FrameObservation:
        if row in self._recent:
            return self._recent[row]
        begin, end = self._places[row].tolist()
        self._file.seek(begin)
        observation: FrameObservation = pickle.loads(self._file.read(end - begin))  # noqa: S301 - written above
        self._remember(row, observation)
        return observation

    def _remember(self, row: int, observation: FrameObservation) -> None:
        self._recent[row] = observation
        if len(self._recent) > RECENT:
            self._recent.popitem(last=False)
