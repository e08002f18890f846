"""Maps steadied over pictures: a network that sees each alone flickers at edges by about a pixel.

The mean of a picture's map and its neighbours', where they show the same: a neighbour's weight at a pixel is
``w exp(-(d / D)^2)``, d the difference of the two pictures there. So what does not move is averaged, and what moves
is as it was seen.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from take5.scoring.masks.filters import window_means
from take5.scoring.masks.labels import Float32

NEIGHBOUR = 0.7
"""Weight w of the picture before and of that after."""

SAME = 0.03
"""Difference D of luma in [0, 1], in the mean over 3x3 pixels: above the noise of cameras, below moving edges."""


@dataclass(frozen=True, eq=False)
class SmallMaps:
    """Maps of one picture in the size that the network sees.

    Attributes
    ----------
    maps : ndarray float32 [C, h, w]
        Probabilities.
    luma : ndarray float32 [h, w]
        The picture, in [0, 1].
    """

    maps: Float32
    luma: Float32


def steadied(seen: Iterable[SmallMaps]) -> Iterator[SmallMaps]:
    """Yield the same pictures with steadied maps, each one picture later."""
    before: SmallMaps | None = None
    now: SmallMaps | None = None
    for after in seen:
        if now is not None:
            yield _mean(now, [before, after])
        before, now = now, after
    if now is not None:
        yield _mean(now, [before])


def _mean(now: SmallMaps, neighbours: list[SmallMaps | None]) -> SmallMaps:
    total, weights = now.maps.copy(), np.ones_like(now.luma)
    for other in neighbours:
        if other is not None:
            apart = window_means(np.abs(other.luma - now.luma), 3)
            weight = NEIGHBOUR * np.exp(-np.square(apart / np.float32(SAME)))
            total += weight * other.maps
            weights += weight
    return replace(now, maps=total / weights)
