"""Fewer points for long recordings: no more than the eye can tell apart."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

POINTS = 2000
"""Maximum number of points per curve."""


def extremes(values: Floats, points: int = POINTS) -> NDArray[np.int64]:
    """Indices of at most ``points`` values that keep a curve's outline: each bucket's lowest and highest.

    NaN is a gap: where all of a bucket is NaN, its first index is kept.
    """
    if len(values) <= points:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), points // 2 + 1).astype(np.int64)
    kept: set[int] = set()
    for first, last in pairwise(edges):
        bucket = values[first:last]
        finite = np.flatnonzero(np.isfinite(bucket))
        if len(finite):
            kept |= {int(first + finite[bucket[finite].argmin()]), int(first + finite[bucket[finite].argmax()])}
        else:
            kept.add(int(first))
    return np.array(sorted(kept))


def covered(spans: list[tuple[int, int]], frames: int, points: int = POINTS) -> list[tuple[int, int]]:
    """Join half-open spans of grid frames of a recording of ``frames`` until at most ``points`` are left.

    Those at most ``frames`` / ``points`` apart become one.
    """
    least = frames // points
    joined: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if joined and start - joined[-1][1] <= least:
            joined[-1] = joined[-1][0], max(joined[-1][1], stop)
        else:
            joined.append((start, stop))
    return joined
