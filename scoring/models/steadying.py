"""Landmarks without the network's jitter.

Unsmoothed landmarks shake by a fraction of a pixel from frame to frame; white noise, which motion complexity would take
for motion. A landmark is averaged over those of the last 0.8 s that lie near it: all of them while it rests, none while
it moves. What is older has no influence at all, so runs that began at different times agree.

References
----------
Tomasi, Manduchi, "Bilateral Filtering for Gray and Color Images", ICCV 1998; here over time, backwards only.
"""

import numpy as np

from take5.scoring.models.litert import Float32
from take5.scoring.parameters import LEAD_IN_FRAMES

FRAMES = LEAD_IN_FRAMES - 5
"""Frames that are averaged at most: as many as fit into the lead-in once two runs see the same square."""

NEAR = 0.012
"""Distance at which a landmark counts 1/e, in distances between the outer eye corners."""


class Steadying:
    """A filter for the landmarks of one face.

    Parameters
    ----------
    frames : int
        Its memory, itself included.
    near : float
        See :data:`NEAR`.
    """

    def __init__(self, frames: int = FRAMES, near: float = NEAR) -> None:
        self._frames, self._near = frames, near
        self._recent: Float32 = np.zeros((0, 0, 0), np.float32)

    def start_again(self) -> None:
        """Forget."""
        self._recent = self._recent[:0]

    def push(self, points: Float32, unit: float) -> Float32:
        """The next landmarks [n, 3], steadied; ``unit`` is the distance between the eyes, in their unit."""
        latest = points.T
        recent = self._recent[-(self._frames - 1) :] if len(self._recent) else np.zeros((0, *latest.shape), np.float32)
        recent = self._recent = np.concatenate([recent, latest[np.newaxis]])
        right, down = recent[:, 0] - latest[0], recent[:, 1] - latest[1]
        weights = np.exp((right * right + down * down) * np.float32(-1 / (self._near * unit) ** 2))
        steadied: Float32 = (np.einsum("fn,fcn->cn", weights, recent) / weights.sum(axis=0)).T
        return steadied
