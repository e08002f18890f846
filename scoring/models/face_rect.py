"""The square around a face that the landmark network sees: upright in the face's own frame, 256 pixels wide.

The network finds landmarks in the square that the landmarks before suggest, so a run would depend on all that came
before it, ever more faintly. The square is therefore *rounded*: its side to 32 steps an octave, its centre to 1/256 of
the side, its angle to half a degree. Two runs that once see the same square agree in every bit from there on.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from take5.scoring.models.litert import Float32, opencv

SIDE = 256
"""Pixels of the network's input."""

MARGIN = 1.5
"""Side of the square over the longer side of the landmarks' bounding box."""

STEPS_AN_OCTAVE, STEPS_A_SIDE, STEPS_A_DEGREE = 32, 256, 2
"""How finely side, centre and angle are rounded."""

LEFT_EYE, RIGHT_EYE = 33, 263
"""Outer corners of the eyes on the mesh, on the left and on the right of the picture."""


@dataclass(frozen=True)
class FaceRect:
    """A turned square.

    Attributes
    ----------
    x, y : float
        Its centre, in pixels.
    side : float
        Its side, in pixels.
    angle : float
        By how much the face is turned clockwise in the picture, in radians.
    """

    x: float
    y: float
    side: float
    angle: float

    @classmethod
    def around(cls, points: npt.NDArray[np.floating]) -> Self:
        """The square around landmarks [478, 2] in pixels."""
        low, high = points.min(axis=0), points.max(axis=0)
        (x, y), side = (low + high) / 2, MARGIN * float((high - low).max())
        across = points[RIGHT_EYE] - points[LEFT_EYE]
        return cls(float(x), float(y), side, float(np.arctan2(across[1], across[0])))

    def rounded(self) -> Self:
        """The same, rounded."""
        side = 2.0 ** (round(np.log2(self.side) * STEPS_AN_OCTAVE) / STEPS_AN_OCTAVE)
        step = side / STEPS_A_SIDE
        angle = np.deg2rad(round(np.rad2deg(self.angle) * STEPS_A_DEGREE) / STEPS_A_DEGREE)
        return type(self)(round(self.x / step) * step, round(self.y / step) * step, side, float(angle))

    @cached_property
    def matrix(self) -> npt.NDArray[np.float64]:
        """From pixels of the network's input to pixels of the picture, [2, 3]."""
        scale = self.side / SIDE
        cos, sin = scale * np.cos(self.angle), scale * np.sin(self.angle)
        turn = np.array([[cos, -sin], [sin, cos]])
        return np.column_stack([turn, (self.x, self.y) - turn @ (SIDE / 2, SIDE / 2)])

    def cut(self, rgb: npt.NDArray[np.uint8]) -> Float32:
        """What the network sees of ``rgb`` (uint8, [H, W, 3]): float32 [256, 256, 3] in [0, 1], black outside."""
        cv2 = opencv()
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        seen: Float32 = np.multiply(
            cv2.warpAffine(rgb, self.matrix, (SIDE, SIDE), flags=how), 1 / 255, dtype=np.float32
        )
        return seen

    def to_picture(self, points: Float32) -> Float32:
        """Landmarks [478, 3] of the network's input as pixels of the picture, depth in the same unit."""
        matrix = self.matrix.astype(np.float32)
        flat = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        return np.column_stack([flat, points[:, 2] * np.float32(self.side / SIDE)])
