"""The streaming form: a window is the merge of the summaries of its chunks.

A chunk is one hop long. Its summary holds pair sums, partial DFTs and views, so that each second is computed once and
every window that it belongs to merges it; the numbers equal Algorithm 1's on the same features to 1e-9.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from take5.scoring.diversity import ChunkDiversity, chunk_diversity, merge_diversity
from take5.scoring.eligibility import Looks, Reason, Timing, look_reasons, timing_reasons
from take5.scoring.motion import ChunkMotion, chunk_motion, merge_motion
from take5.scoring.parameters import Parameters
from take5.scoring.score import WindowScore
from take5.scoring.views import View, chunk_views, merge_views

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ChunkFeatures:
    """What was measured in the h grid frames of one chunk.

    Attributes
    ----------
    embeddings : ndarray [h, E]
        Audio embeddings.
    lips : ndarray [h, 20, 2]
        Lip landmarks iBUG 48..67 in square pixels; NaN where no face was tracked.
    pose : ndarray [h, 3]
        Yaw, pitch, roll in degrees; NaN where no face was tracked.
    timing, looks
        What eligibility needs.
    """

    embeddings: Floats
    lips: Floats
    pose: Floats
    timing: Timing
    looks: Looks


@dataclass(frozen=True)
class ChunkSummary:
    """One chunk, summed up for every window that it will belong to."""

    diversity: ChunkDiversity
    motion: ChunkMotion
    views: frozenset[View]
    timing: Timing
    looks: Looks


@dataclass(frozen=True)
class JudgedWindow:
    """A window's score and why it is not eligible, if it is not.

    ``seen`` is false where nobody looked at its pictures: then the reasons are those of sound and timestamps alone.
    """

    score: WindowScore
    reasons: tuple[Reason, ...]
    seen: bool = True

    @property
    def eligible(self) -> bool | None:
        """Whether the window may win; None where that depends on pictures that nobody looked at."""
        if self.reasons:
            return False
        return True if self.seen else None


class RollingWindow:
    """Chunks in, one judged window out for each chunk from the window's length on."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._chunks: deque[ChunkSummary] = deque(maxlen=parameters.chunks_per_window)
        self._count = 0

    def push(self, chunk: ChunkFeatures) -> JudgedWindow | None:
        """Add the next chunk; return the window that ends with it, if one does."""
        self._chunks.append(self._summarise(chunk))
        self._count += 1
        if len(self._chunks) < self._parameters.chunks_per_window:
            return None
        return self._merge(start=(self._count - len(self._chunks)) * self._parameters.hop_frames)

    def _summarise(self, chunk: ChunkFeatures) -> ChunkSummary:
        previous = list(self._chunks)
        centre = previous[-1].motion.last_centre if previous else None
        return ChunkSummary(
            chunk_diversity(chunk.embeddings, [c.diversity for c in previous], self._parameters),
            chunk_motion(chunk.lips, centre, self._parameters),
            chunk_views(chunk.pose),
            chunk.timing,
            chunk.looks,
        )

    def _merge(self, start: int) -> JudgedWindow:
        looks = Looks.concatenate([c.looks for c in self._chunks])
        seen = bool(looks.seen.all())
        motion = merge_motion([c.motion for c in self._chunks], self._parameters) if seen else None
        score = WindowScore(
            start=start,
            D=merge_diversity([c.diversity for c in self._chunks], self._parameters),
            motion=motion,
            views=None if motion is None else merge_views(c.views for c in self._chunks),
        )
        timing = Timing.concatenate([c.timing for c in self._chunks])
        watched = look_reasons(looks, motion, start) if seen else []
        return JudgedWindow(score, (*timing_reasons(timing, start), *watched), seen)
