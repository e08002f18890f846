"""Seeded features: what a recording might measure, calm and hostile."""

import numpy as np
from numpy.typing import NDArray

from take5.scoring.eligibility import Observations, Timing
from take5.scoring.gates.measures import FrameMeasures
from take5.scoring.gates.sound import SoundMeter
from take5.scoring.stretch import Stretch
from take5.scoring.window import ChunkFeatures

Floats = NDArray[np.float64]


def embeddings(rng: np.random.Generator, frames: int, size: int = 12) -> Floats:
    """Walks with jumps, some stretches constant, some huge."""
    walk = np.cumsum(rng.normal(size=(frames, size)), axis=0) * 0.1 + rng.normal(size=(frames, size))
    walk[frames // 3 : frames // 3 + 30] = walk[frames // 3]
    walk[frames // 2 : frames // 2 + 7] *= 1e6
    return walk


def lips(rng: np.random.Generator, frames: int) -> Floats:
    """A mouth that opens and closes on a wandering head, [frames, 20, 2] in pixels."""
    t = np.arange(frames)
    angles = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    opening = 1 + 0.3 * np.sin(2 * np.pi * 0.11 * t) + 0.05 * rng.normal(size=frames)
    ring = np.stack([40 * np.cos(angles), 18 * np.sin(angles)], axis=1)
    shape = ring[None] * np.stack([np.ones(frames), opening], axis=1)[:, None]
    centre = np.cumsum(rng.normal(size=(frames, 2)), axis=0) * 0.3 + [640, 400]
    return np.asarray(shape + centre[:, None] + 0.05 * rng.normal(size=(frames, 20, 2)))


def pose(rng: np.random.Generator, frames: int) -> Floats:
    """Yaw, pitch, roll in degrees, around zero so that -0.0 comes up."""
    return np.cumsum(rng.normal(size=(frames, 3)), axis=0) * 0.6


def clean_timing(frames: int) -> Timing:
    """Nothing missing, nothing silent."""
    return Timing(*(np.zeros(frames, dtype=np.bool_) for _ in range(3)))


def clean_observations(frames: int) -> Observations:
    """A face in every frame, one where anybody counted, every source frame new."""
    counted = np.where(np.arange(frames) % 5 == 0, 1, -1).astype(np.int8)
    return Observations(
        np.ones(frames, dtype=np.bool_),
        counted,
        np.zeros(frames, dtype=np.bool_),
        ((False,),) * frames,
        np.zeros(frames, dtype=np.bool_),
        np.ones(frames, dtype=np.bool_),
    )


def chunks(audio: Floats, mouth: Floats, head: Floats, hop: int) -> list[ChunkFeatures]:
    """Cut features into chunks of ``hop`` frames, dropping the rest."""
    return [
        ChunkFeatures(audio[i : i + hop], stretch(mouth[i : i + hop], head[i : i + hop]))
        for i in range(0, len(audio) - hop + 1, hop)
    ]


def stretch(mouth: Floats, head: Floats) -> Stretch:
    """Frames of which nothing was measured, so that no gate finds anything."""
    n = len(mouth)
    sound = SoundMeter().finish(n)
    return Stretch(FrameMeasures.unmeasured(n), sound, mouth, head, clean_observations(n), clean_timing(n))
