"""The guided filter: a small map is enlarged along the edges of the picture that it belongs to.

In every window the result is linear in the guide I, ``q = a I + b``, with the a and b that fit the map best:
``a = cov(I, p) / (var(I) + eps)``, ``b = mean(p) - a mean(I)``. a and b are found on the small picture and enlarged.

References
----------
He and Sun, "Fast Guided Filter", 2015 (arXiv:1505.00996).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from take5.scoring.masks.filters import enlarged, window_means
from take5.scoring.masks.labels import Float32

Indices = npt.NDArray[np.intp]

RADIUS = 3
"""Of the windows, in pixels of the small picture."""

EPS = 4e-4
"""Variance of the guide (in [0, 1]) below which it has no edge."""


@dataclass(frozen=True, eq=False)
class Guided:
    """Maps ready to be enlarged.

    Attributes
    ----------
    a, b : ndarray float32 [h, w, C]
        Coefficients, each the mean over the windows that a pixel is in.
    """

    a: Float32
    b: Float32

    @classmethod
    def fitted(cls, maps: Float32, luma: Float32, radius: int = RADIUS, eps: float = EPS) -> Self:
        """Fit maps [C, h, w] to a guide [h, w] in [0, 1]."""
        size = 2 * radius + 1
        p = np.ascontiguousarray(np.moveaxis(maps, 0, -1))
        mean_i = window_means(luma, size)
        variance = window_means(luma * luma, size) - mean_i * mean_i
        mean_p, of_window = window_means(p, size), mean_i[..., None]
        shared = window_means(luma[..., None] * p, size) - of_window * mean_p
        slope = np.asarray(shared / (variance + np.float32(eps))[..., None], np.float32)
        return cls(window_means(slope, size), window_means(mean_p - slope * of_window, size))

    def small(self, luma: Float32) -> Float32:
        """The filtered maps [h, w, C] in their own size."""
        return self.a * luma[..., None] + self.b

    def at(self, rows: Indices, columns: Indices, guide: Float32, size: tuple[int, int]) -> Float32:
        """The filtered maps [n, C] at n pixels of a picture of ``size`` (height, width), whose guide there is [n]."""
        a, b = (enlarged(each, *size)[rows, columns] for each in (self.a, self.b))
        result: Float32 = a * guide[:, None] + b
        return result
