"""The streaming form: a window is the merge of the summaries of its chunks.

A chunk is one hop long. Its summary holds pair sums, partial DFTs and views, so that each second is computed once and
merged by every window it belongs to; the numbers equal Algorithm 1's on the same features to 1e-9.
"""

from collections import deque
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from take5.scoring.diversity import ChunkDiversity, chunk_diversity, merge_diversity
from take5.scoring.gates.config import NORMAL, GateConfig
from take5.scoring.judging import JudgedWindow, heard_findings, judged, seen_findings
from take5.scoring.motion import ChunkMotion, chunk_motion, merge_motion
from take5.scoring.parameters import Parameters
from take5.scoring.score import WindowScore
from take5.scoring.session_watch import SessionWatch
from take5.scoring.stretch import Stretch
from take5.scoring.views import View, chunk_views, merge_views

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ChunkFeatures:
    """What was measured in the h grid frames of one chunk.

    Attributes
    ----------
    embeddings : ndarray [h, E]
        Audio embeddings.
    stretch : Stretch
        Lips, pose, and the input of rules and gates.
    """

    embeddings: Floats
    stretch: Stretch


@dataclass(frozen=True)
class ChunkSummary:
    """Summary of one chunk, for every window that it belongs to."""

    diversity: ChunkDiversity
    motion: ChunkMotion
    views: frozenset[View]
    stretch: Stretch


class RollingWindow:
    """Chunks in, one judged window out for each chunk from the window's length on."""

    def __init__(self, parameters: Parameters, gates: GateConfig = NORMAL, moved_ms: int = 0) -> None:
        self._parameters, self._gates = parameters, gates
        self._chunks: deque[ChunkSummary] = deque(maxlen=parameters.chunks_per_window)
        self._count = 0
        self.watch = SessionWatch(gates, moved_ms)

    def push(self, chunk: ChunkFeatures) -> JudgedWindow | None:
        """Add the next chunk; return the window that ends with it, if one does."""
        self._chunks.append(self._summarise(chunk))
        self.watch.push(chunk.stretch)
        self._count += 1
        if len(self._chunks) < self._parameters.chunks_per_window:
            return None
        return self._merge(start=(self._count - len(self._chunks)) * self._parameters.hop_frames)

    def skip(self, frames: int) -> None:
        """Pass over chunks: no window has anything of them."""
        self._chunks.clear()
        self._count += frames // self._parameters.hop_frames

    def _summarise(self, chunk: ChunkFeatures) -> ChunkSummary:
        previous = list(self._chunks)
        centre = previous[-1].motion.last_centre if previous else None
        return ChunkSummary(
            chunk_diversity(chunk.embeddings, [c.diversity for c in previous], self._parameters),
            chunk_motion(chunk.stretch.lips, centre, self._parameters),
            chunk_views(chunk.stretch.pose),
            chunk.stretch,
        )

    def _merge(self, start: int) -> JudgedWindow:
        stretch = Stretch.concatenate([c.stretch for c in self._chunks])
        seen = bool(stretch.observations.seen.all())
        motion = merge_motion([c.motion for c in self._chunks], self._parameters) if seen else None
        score = WindowScore(
            start=start,
            D=merge_diversity([c.diversity for c in self._chunks], self._parameters),
            motion=motion,
            views=None if motion is None else merge_views(c.views for c in self._chunks),
        )
        heard = heard_findings(stretch.timing, stretch.sound, start, self._gates)
        watched = seen_findings(stretch, motion, start, self._gates) if seen else []
        found = judged(score, [*heard, *watched], seen=seen)
        if not seen:
            return replace(found, sound=stretch.sound)
        return self.watch.compared(self.watch.synced(found, stretch), stretch)
