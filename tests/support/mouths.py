"""Mouths and voices as they are measured, with a known delay between them."""

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d

from take5.scoring.gates.av_offset import VOICE

Floats = NDArray[np.float64]
FRAMES = 125


def motion(seed: int, frames: int = FRAMES) -> CubicSpline:
    """A curve about as restless as a mouth, between 0 and 1, as a function of the time in frames."""
    chance = np.random.default_rng(seed).normal(size=frames + 100)
    curve = gaussian_filter1d(chance, 1.5)
    return CubicSpline(np.arange(-50, frames + 50), (curve - curve.min()) / np.ptp(curve))


def lips_of(heights: Floats) -> Floats:
    """Lips [n, 20, 2], 40 pixels wide, of these heights between the outer lips."""
    lips = np.zeros((len(heights), 20, 2))
    lips[:, 6, 0] = 40
    lips[:, [2, 3, 4], 1] = -heights[:, np.newaxis] / 2
    lips[:, [8, 9, 10], 1] = heights[:, np.newaxis] / 2
    lips[:, [2, 10], 0], lips[:, [3, 9], 0], lips[:, [4, 8], 0] = 10, 20, 30
    return lips


def bands_of(loudness: Floats) -> Floats:
    """Band powers [n, 20] of a voice of this loudness, between bands that have nothing to do with it."""
    bands = np.random.default_rng(9).uniform(0, 10, (len(loudness), 20))
    bands[:, VOICE] = (np.maximum(loudness, 0) ** 4)[:, np.newaxis]
    return bands


def spoken(late: float, seed: int = 0, noise: float = 0.0, frames: int = FRAMES) -> tuple[Floats, Floats]:
    """Lips and bands of a mouth and its voice, ``late`` frames behind."""
    curve, i = motion(seed, frames), np.arange(frames)
    grain = np.random.default_rng(seed + 1000).normal(scale=noise, size=frames)
    return lips_of(10 + 8 * curve(i)), bands_of(curve(i - late) + grain)
