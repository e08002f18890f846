"""How much a face changes from one picture to the next, beyond the noise of its coding."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from take5.scoring.gates.picture import Box, Floats, Picture, Values, detail_box

CELLS_ACROSS = 24
"""Cells from brow to brow, and as tall as wide: the mean of a cell has little of the noise of its pixels."""


class Cells(NamedTuple):
    """A part of a picture as means of cells."""

    box: Box
    means: Values


class FaceChange:
    """Compares a face with the same part of the picture before, in order of time."""

    def __init__(self) -> None:
        self._before: Cells | None = None

    def push(self, rgb: Picture, landmarks: Floats | None) -> float:
        """Mean absolute change of the cells since the picture before, in 8-bit steps.

        Parameters
        ----------
        rgb : ndarray uint8 [H, W, 3]
            The next picture.
        landmarks : ndarray [68, 2] or None
            Of its face, in pixels; None without one.

        Returns
        -------
        float
            NaN where there is nothing to compare with.
        """
        before = self._before
        self._before = None if landmarks is None else cells(rgb, detail_box(landmarks))
        if before is None or self._before is None:
            return float("nan")
        now = cells(rgb, before.box)
        if now is None or now.means.shape != before.means.shape:
            return float("nan")
        return float(np.abs(now.means - before.means).mean())

    def start_again(self) -> None:
        """Forget the picture before: what follows is not its successor."""
        self._before = None


def cells(rgb: Picture, box: Box) -> Cells | None:
    """Means of the cells of a box, of the green channel; None if it is not in the picture."""
    left, top, right, bottom = box
    part = rgb[max(0, int(top)) : max(0, int(bottom)), max(0, int(left)) : max(0, int(right)), 1]
    height, width = part.shape
    across = min(CELLS_ACROSS, width)
    down = min(max(1, across * height // max(1, width)), height)
    if not (across and down):
        return None
    lines, columns = _starts(height, down), _starts(width, across)
    sums = np.add.reduceat(np.add.reduceat(part, lines, axis=0, dtype=np.uint32), columns, axis=1)
    return Cells(box, (sums / _areas(height, down, width, across)).astype(np.float32))


@lru_cache(maxsize=1024)
def _edges(side: int, count: int) -> NDArray[np.intp]:
    """Where ``count`` cells of a side begin and end."""
    return np.linspace(0, side, count + 1).astype(np.intp)


def _starts(side: int, count: int) -> NDArray[np.intp]:
    return _edges(side, count)[:-1]


@lru_cache(maxsize=1024)
def _areas(height: int, down: int, width: int, across: int) -> NDArray[np.intp]:
    """Pixels in each cell [down, across]."""
    return np.outer(np.diff(_edges(height, down)), np.diff(_edges(width, across)))
