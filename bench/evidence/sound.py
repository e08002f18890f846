"""Directions of sound that move lips, learnt from other talkers, as a trainer's audio encoder is trained beforehand.

Reduced-rank ridge regression from audio embeddings, a fifth of a second either way, to the lips of every *other*
talker; a talker's own features are the first directions of what that predicts. None of the talker's lips are used.
"""

from collections.abc import Sequence
from functools import reduce
from operator import add

import numpy as np

from bench.evidence.talkers import FPS, Array, Talker

COMPONENTS, CONTEXT = 48, 5
"""Principal components of the embeddings, and frames either way."""

DIRECTIONS, SPREAD = 8, 1
"""Features of a frame, and frames either way whose features a learner sees, too."""

PENALTY = 0.02
MOST_FRAMES = 60 * FPS
"""Frames for which a talker counts at most."""

LEAST_TALKERS = 3


class LipSound:
    """Features of sound for each talker, learnt from the others.

    Parameters
    ----------
    talkers : sequence of Talker
        At least three.
    """

    def __init__(self, talkers: Sequence[Talker]) -> None:
        if len(talkers) < LEAST_TALKERS:
            raise ValueError(f"{len(talkers)} talkers; directions learnt from the others need {LEAST_TALKERS}")
        everything = np.concatenate([talker.sound for talker in talkers])
        self._mean, self._scale = everything.mean(0), everything.std(0) + 1e-6
        _, sizes, axes = np.linalg.svd((everything - self._mean) / self._scale, full_matrices=False)
        kept = min(COMPONENTS, int((sizes > 1e-9 * sizes[0]).sum()))
        self._axes = axes[:kept].T / np.sqrt(sizes[:kept] / np.sqrt(len(everything)))
        self._sums = {talker.name: self._moments(talker) for talker in talkers}

    def of(self, talker: Talker) -> Array:
        """Features of a talker's frames, float64 [N, 8 * 3]."""
        xx, xy, count = reduce(_plus, (sums for name, sums in self._sums.items() if name != talker.name))
        ridge = PENALTY * np.trace(xx) / len(xx) * np.eye(len(xx))
        weights = np.linalg.solve(xx + ridge, xy)
        sizes, axes = np.linalg.eigh(weights.T @ xx @ weights / count)
        directions = weights @ axes[:, ::-1][:, :DIRECTIONS] / np.sqrt(sizes[-1])
        return _beside(talker, self._heard(talker) @ directions, SPREAD)

    def _heard(self, talker: Talker) -> Array:
        components = (talker.sound - self._mean) / self._scale @ self._axes
        components /= np.sqrt((components**2).sum(1).mean())
        return _beside(talker, components, CONTEXT)

    def _moments(self, talker: Talker) -> tuple[Array, Array, float]:
        """Second moments of a talker's sound and lips, each centred, the lips of unit size; and for how many frames."""
        x, y = self._heard(talker)[talker.seen], talker.lips[talker.seen]
        x, y = x - x.mean(0), y - y.mean(0)
        y /= np.sqrt((y**2).sum(1).mean())
        weight = min(1.0, MOST_FRAMES / len(x))
        return x.T @ x * weight, x.T @ y * weight, len(x) * weight


def _plus(a: tuple[Array, Array, float], b: tuple[Array, Array, float]) -> tuple[Array, Array, float]:
    return add(a[0], b[0]), add(a[1], b[1]), a[2] + b[2]


def _beside(talker: Talker, frames: Array, by: int) -> Array:
    """Each frame's numbers, with those of the frames beside it."""
    shifts = range(-by, by + 1)
    beside: Array = np.concatenate([frames[talker.neighbours(shift)] for shift in shifts], 1) / np.sqrt(len(shifts))
    return beside
