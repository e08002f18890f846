"""Filled polygons, and places relative to a face."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from take5.scoring.masks.labels import Float32, Mask

Points = npt.NDArray[np.float64]

JAW, BROWS, EYES = slice(0, 17), slice(17, 27), slice(36, 48)
LEFT_EYE, RIGHT_EYE = slice(36, 42), slice(42, 48)
INNER_LIPS = slice(60, 68)


def filled(polygon: Points, height: int, width: int) -> Mask:
    """Pixels whose centres are inside a closed polygon (even-odd rule).

    Parameters
    ----------
    polygon : ndarray float64 [n, 2]
        Corners (x right, y down) in pixels; the centre of the first pixel is (0, 0).
    height, width : int
        Size of the mask.
    """
    x0, y0 = polygon.T
    x1, y1 = np.roll(polygon, -1, axis=0).T
    rows = np.arange(height)[:, None]
    row, edge = np.nonzero((np.minimum(y0, y1) <= rows) & (rows < np.maximum(y0, y1)))
    crossing = x0[edge] + (row - y0[edge]) * (x1 - x0)[edge] / (y1 - y0)[edge]
    column = np.clip(np.ceil(crossing), 0, width).astype(int)
    toggles = np.zeros((height, width + 1), dtype=np.int32)
    np.add.at(toggles, (row, column), 1)
    return (np.cumsum(toggles[:, :-1], axis=1) & 1).astype(np.bool_)


@dataclass(frozen=True, eq=False)
class FaceFrame:
    """Coordinates of a face: the origin is the chin, u to the picture's right along the eyes, v down.

    Attributes
    ----------
    chin : ndarray float64 [2]
        Landmark 8 in pixels.
    across, down : ndarray float64 [2]
        Unit vectors.
    width, height : float
        Of the face in pixels, between the ends of the jaw line and from the brows to the chin: the unit of u and v is
        the width.
    """

    chin: Points
    across: Points
    down: Points
    width: float
    height: float

    @classmethod
    def of(cls, landmarks: Points) -> Self:
        """That of 68 iBUG points [68, 2]."""
        left, right = landmarks[LEFT_EYE].mean(axis=0), landmarks[RIGHT_EYE].mean(axis=0)
        across = (right - left) / max(float(np.hypot(*(right - left))), 1e-6)
        down = np.array([-across[1], across[0]])
        jaw = landmarks[JAW] @ across
        brows, chin = landmarks[BROWS].mean(axis=0), landmarks[8]
        return cls(chin, across, down, max(float(np.ptp(jaw)), 2.0), max(float((chin - brows) @ down), 2.0))

    def grid(self, height: int, width: int) -> tuple[Float32, Float32]:
        """(u, v) of every pixel, each float32 [height, width]."""
        y = np.arange(height, dtype=np.float32)[:, None] - np.float32(self.chin[1])
        x = np.arange(width, dtype=np.float32)[None, :] - np.float32(self.chin[0])
        (ax, ay), (dx, dy) = (self.across / self.width).astype(np.float32), (self.down / self.width).astype(np.float32)
        return x * ax + y * ay, x * dx + y * dy

    def inside(self, points: Points) -> Points:
        """(u, v) of points [n, 2]."""
        away = (points - self.chin) / self.width
        return np.stack([away @ self.across, away @ self.down], axis=1)

    def outside(self, points: Points) -> Points:
        """Pixels of points given as (u, v), [n, 2]."""
        return np.asarray(self.chin + self.width * (points[:, :1] * self.across + points[:, 1:] * self.down))


def face_outline(landmarks: Points) -> Points:
    """The face with its forehead, whose line no landmark follows: half an ellipse over the ends of the jaw line.

    Its height above the brows is a third of that from brows to chin, as in people's faces on average (hairline, brows,
    base of the nose and chin are about equally far apart).
    """
    frame = FaceFrame.of(landmarks)
    left, right = landmarks[0], landmarks[16]
    middle = (left + right) / 2
    top = landmarks[BROWS].mean(axis=0) - frame.down * frame.height * FOREHEAD
    rise = float((middle - top) @ frame.down)
    angles = np.linspace(0, np.pi, 15)[1:-1, None]
    arc = middle + np.cos(angles) * (right - left) / 2 - np.sin(angles) * rise * frame.down
    return np.concatenate([landmarks[JAW], arc])


FOREHEAD = 0.42
"""Height of the forehead above the brows, relative to that from brows to chin."""
