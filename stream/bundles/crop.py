"""The square that trainers see: head with shoulders, the face about half of its width, the same in every frame."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from take5.scoring.errors import ParameterError

SIZE = 512
"""Side in pixels that trainers expect."""

FACE_SHARE = 0.5
"""Width of the face relative to the square."""

FACE_CENTRE = 0.57
"""Position of the middle between brows and chin, from the top of the square: hair above, shoulders below."""

MARGIN = 0.04
"""Least margin around every landmark of every frame, as a share of the square's side, within the picture."""

LARGEST_SCALE = 1.5
"""Largest enlargement: more would add no detail."""


@dataclass(frozen=True)
class Crop:
    """A square of the picture and the size that it is scaled to, all even, in pixels.

    Attributes
    ----------
    left, top, side : int
        The square in upright pictures with square pixels.
    size : int
        Its side in the bundle.
    face_cut : bool
        Whether a landmark of some frame lies outside it: the face is cut off by the picture's edge.
    picture : tuple of int, optional
        Width and height of the pictures that it is cut from, where they are known.
    """

    left: int
    top: int
    side: int
    size: int
    face_cut: bool
    picture: tuple[int, int] | None = None

    @property
    def scale(self) -> float:
        """Bundle pixels per pixel of the picture."""
        return self.size / self.side

    def moved(self, landmarks: NDArray[np.float64]) -> NDArray[np.float64]:
        """Landmarks [..., 2] of the picture, in pixels of the bundle."""
        return (landmarks - (self.left, self.top)) * self.scale

    def warnings(self, wanted: int) -> list[str]:
        """Shortcomings for trainers."""
        said = []
        if self.size < wanted:
            said.append(
                f"head and shoulders fill a square of {self.side} pixels only: pictures are {self.size}x{self.size}, "
                f"not {wanted}x{wanted}; sit closer, or film with more pixels"
            )
        elif self.side < wanted:
            said.append(f"pictures are enlarged {self.scale:.2f} times; sit closer, or film with more pixels")
        if self.face_cut:
            said.append("the face is cut by the edge of the picture; sit in its middle")
        return said


def square_crop(landmarks: NDArray[np.float64], picture: tuple[int, int], size: int = SIZE) -> Crop:
    """Find one square for all frames.

    Its side is twice the median width of the face, or more if all landmarks of all frames with a margin need it; it is
    moved into the picture, and no larger than the picture.

    Parameters
    ----------
    landmarks : ndarray float64 [N, 68, 2]
        iBUG points in pixels.
    picture : tuple of int
        Width and height, at least 2 each.
    size : int
        Wanted side in pixels, even.

    Raises
    ------
    ParameterError
        If ``size`` is not even and at least 64.
    """
    if size < 64 or size % 2:
        raise ParameterError(f"{size=} must be even, and 64 pixels or more")
    low, high = landmarks.min(axis=1), landmarks.max(axis=1)
    first, last = low.min(axis=0), high.max(axis=0)
    face = float(np.median(high[:, 0] - low[:, 0]))
    needed = float((last - first).max()) / (1 - 2 * MARGIN)
    side = max(2, _even(min(max(face / FACE_SHARE, needed), *picture)))
    middle = (np.median(low, axis=0) + np.median(high, axis=0)) / 2
    left = _placed(middle[0] - side / 2, first[0], last[0], side, picture[0])
    top = _placed(middle[1] - side * FACE_CENTRE, first[1], last[1], side, picture[1])
    outside = (first < (left, top)) | (last > (left + side, top + side))
    scaled = min(size, max(2, _even(side * LARGEST_SCALE)))
    return Crop(left, top, side, scaled, bool(outside.any()), picture)


def _placed(wanted: float, first: float, last: float, side: int, length: int) -> int:
    """Start of the square: as wanted, but containing first..last with its margin, and within the picture."""
    margin = min(MARGIN * side, (side - (last - first)) / 2)
    around = min(max(wanted, last + margin - side), first - margin) if margin >= 0 else wanted
    return _even(min(max(around, 0.0), length - side))


def _even(pixels: float) -> int:
    return int(pixels) // 2 * 2
