"""The part of a picture in which a face is tracked."""

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
