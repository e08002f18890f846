"""Camera views (section 3.5): how many distinct head directions, on a grid of 5 degrees, a window shows."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

VIEW_DEGREES = 5.0
"""Angles are rounded to the nearest multiple of this before they are compared."""

View = tuple[float, float, float]


def chunk_views(pose: NDArray[np.float64]) -> frozenset[View]:
    """The views of one chunk: pose [h, 3] as (yaw, pitch, roll) in degrees; frames without a face (NaN) have none."""
    seen = np.rint(pose[np.isfinite(pose).all(axis=1)] / VIEW_DEGREES) + 0.0  # -0.0 is the same view as 0.0
    return frozenset((yaw, pitch, roll) for yaw, pitch, roll in seen.tolist())


def merge_views(chunks: Iterable[frozenset[View]]) -> int:
    """Number of views of the window that these chunks make up."""
    return len(frozenset[View]().union(*chunks))
