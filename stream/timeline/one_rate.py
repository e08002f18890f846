"""A sound track whose sample rate changes on the way, at one rate: that of its first block."""

import numpy as np
from numpy.typing import NDArray

from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.grid import ROUNDING_FLICKS
from take5.stream.timeline.media import AudioBlock
from take5.stream.timeline.resampler import Resampler

Floats = NDArray[np.float32]


class OneRate:
    """Blocks in, blocks of one rate out; those of the first rate unchanged, others resampled, each run by itself."""

    def __init__(self) -> None:
        self._rate: int | None = None
        self._run: _Run | None = None

    def push(self, block: AudioBlock) -> list[AudioBlock]:
        """Add the next block; return what is complete."""
        rate = self._rate = self._rate or block.rate
        if self._run is not None and self._run.goes_on_with(block):
            return self._run.push(block)
        before = self.finish()
        if block.rate == rate or not len(block.samples):
            return [*before, AudioBlock(block.pts, block.samples, rate, block.channels, block.lost_before)]
        self._run = _Run(block, rate)
        return [*before, *self._run.push(block)]

    def finish(self) -> list[AudioBlock]:
        """Return the rest."""
        run, self._run = self._run, None
        return [] if run is None else run.finish()


class _Run:
    """Blocks of another rate without a hole between them."""

    def __init__(self, first: AudioBlock, rate: int) -> None:
        self._start, self._from, self._rate = first.pts, first.rate, rate
        self._channels = len(first.audible)
        self._lost_before = first.lost_before
        self._taken = self._made = 0
        self._resamplers = [Resampler(first.rate, to=rate) for _ in range(1 + self._channels)]

    def goes_on_with(self, block: AudioBlock) -> bool:
        end = self._start + self._taken * FLICKS // self._from
        alike = block.rate == self._from and len(block.audible) == self._channels and len(block.samples)
        return bool(alike) and abs(block.pts - end) <= ROUNDING_FLICKS and not block.lost_before

    def push(self, block: AudioBlock) -> list[AudioBlock]:
        self._taken += len(block.samples)
        sound = [block.samples, *block.audible]
        return self._block([each.push(samples) for each, samples in zip(self._resamplers, sound, strict=True)])

    def finish(self) -> list[AudioBlock]:
        return self._block([each.finish() for each in self._resamplers])

    def _block(self, made: list[Floats]) -> list[AudioBlock]:
        if not len(made[0]):
            return []
        pts = self._start + self._made * FLICKS // self._rate
        self._made += len(made[0])
        lost_before, self._lost_before = self._lost_before, False
        return [AudioBlock(pts, made[0], self._rate, np.stack(made[1:]), lost_before)]
