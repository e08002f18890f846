"""The part of a picture in which a face is tracked."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Region:
    """A part of a picture, in pixels.

    Parameters
    ----------
    left, top : int
        Its first column and row.
    width, height : int
        Its size.
    """

    left: int
    top: int
    width: int
    height: int

    def crop(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """View of this part of ``rgb``."""
        return rgb[self.top : self.top + self.height, self.left : self.left + self.width]


@dataclass(frozen=True)
class Framing:
    """Pictures of one size from a grid frame on, and the part of them in which the face is tracked.

    Parameters
    ----------
    start : int
        First grid frame with a picture of this size.
    width, height : int
        The size, in pixels.
    region : Region, optional
        None until a face is found: after a while the whole picture is used.
    """

    start: int
    width: int
    height: int
    region: Region | None = None

    def fits(self, rgb: NDArray[np.uint8]) -> bool:
        """Whether a picture has this size."""
        return rgb.shape[:2] == (self.height, self.width)


def framing_of(framings: Sequence[Framing], rgb: NDArray[np.uint8], frame: int) -> Framing | None:
    """The framing of the picture of a grid frame, among those in order of time.

    It is the latest one that has begun, or the one after it where the change itself was not observed. None if the
    picture's size is neither.
    """
    place = bisect_right(framings, frame, key=lambda framing: framing.start)
    return next((framing for framing in framings[max(0, place - 1) : place + 1] if framing.fits(rgb)), None)
