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
from scipy.ndimage import uniform_filter

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
        mean_i = uniform_filter(luma, size, mode="nearest")
        variance = uniform_filter(luma * luma, size, mode="nearest") - mean_i * mean_i
        a, b = np.empty((2, *luma.shape, len(maps)), dtype=np.float32)
        for channel, p in enumerate(maps):
            mean_p = uniform_filter(p, size, mode="nearest")
            slope = (uniform_filter(luma * p, size, mode="nearest") - mean_i * mean_p) / (variance + np.float32(eps))
            b[..., channel] = uniform_filter(mean_p - slope * mean_i, size, mode="nearest")
            a[..., channel] = uniform_filter(slope, size, mode="nearest")
        return cls(a, b)

    def small(self, luma: Float32) -> Float32:
        """The filtered maps [h, w, C] in their own size."""
        return self.a * luma[..., None] + self.b

    def at(self, rows: Indices, columns: Indices, guide: Float32) -> Float32:
        """The filtered maps at n pixels of a larger guide [H, W]: [n, C]."""
        value = guide[rows, columns][:, None]
        y, x = _places(rows, guide.shape[0], len(self.a)), _places(columns, guide.shape[1], self.a.shape[1])
        result = np.zeros((len(rows), self.a.shape[-1]), dtype=np.float32)
        for row, row_share in y:
            for column, column_share in x:
                result += (row_share * column_share)[:, None] * (self.a[row, column] * value + self.b[row, column])
        return result


def _places(index: Indices, large: int, small: int) -> list[tuple[Indices, Float32]]:
    """The two small pixels between which large ones lie, with their shares."""
    place = np.clip((index + 0.5) * (small / large) - 0.5, 0, small - 1)
    low = place.astype(np.intp)
    share = (place - low).astype(np.float32)
    return [(low, 1 - share), (np.minimum(low + 1, small - 1), share)]
