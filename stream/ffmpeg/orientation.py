"""How a picture is turned or mirrored before it is shown: one of eight orientations, from its display matrix."""

import math
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

ELEMENTS = 9
"""Numbers of a display matrix, 32 bits each: a b u, c d v, x y w, and a point (p, q) goes to (ap + cq, bp + dq)."""


def orientation(frame: av.VideoFrame) -> tuple[int, bool]:
    """Counterclockwise quarter turns that bring a frame upright, and whether it is mirrored left to right before them.

    Other angles are rounded to quarter turns. A matrix of determinant 0 changes nothing. PyAV keeps a frame whose side
    data were read until the garbage collector runs.
    """
    stated: Any = frame.side_data.get("DISPLAYMATRIX")
    if stated is None:
        return 0, False
    matrix = np.frombuffer(memoryview(stated), np.int32)[:ELEMENTS].astype(float)
    a, b, c, d = matrix[[0, 1, 3, 4]]
    determinant = a * d - b * c
    if not determinant:
        return 0, False
    mirrored = bool(determinant < 0)
    clockwise = math.atan2(-b, -a) if mirrored else math.atan2(b, a)
    return round(-clockwise / (math.pi / 2)) % 4, mirrored


class Orientations:
    """The orientations of a decoder's frames; the side data of one frame are read for each angle."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, bool]] = {}

    def of(self, frame: av.VideoFrame) -> tuple[int, bool]:
        """Return :func:`orientation` of a frame."""
        if frame.rotation not in self._known:
            self._known[frame.rotation] = orientation(frame)
        return self._known[frame.rotation]


def oriented(pixels: NDArray[Any], quarter_turns: int, *, mirrored: bool) -> NDArray[Any]:
    """Rows and columns [H, W, ...] as they are shown."""
    return np.rot90(pixels[:, ::-1] if mirrored else pixels, quarter_turns)
