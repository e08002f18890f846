"""Long holes: whole chunks without picture, or without sound, are passed over, however many they are.

Of a hole's chunks the first and the last stay, so that nothing that is heard or seen beside it changes; those between
them are not scored, and no window has them. Window numbers go on by the clock.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from math import lcm

import numpy as np
from numpy.typing import NDArray

SOUND_FRAMES = 100
"""Sound is passed over in multiples of so many frames as its measures and embeddings are grouped by."""

Frames = tuple[int, int]
"""Half-open, in grid frames."""


def passed_over(hole: Frames, hop: int, unit: int = 1) -> Frames:
    """Grid frames of a hole that are passed over: whole chunks, a multiple of ``unit`` frames; (0, 0) for none."""
    first, stop = -(-hole[0] // hop) * hop + hop, hole[1] // hop * hop - hop
    step = lcm(hop, unit)
    count = (stop - first) // step * step
    return (first, first + count) if count > 0 else (0, 0)


class Rows:
    """Which grid frames of a recording have a row in its arrays: all but those passed over.

    Parameters
    ----------
    frames : int
        N, the grid frames of the recording.
    passed : iterable of (int, int)
        What is passed over; it may overlap, and reach beyond N.

    Attributes
    ----------
    stretches : list of (int, int)
        Grid frames with rows, in order.
    count : int
        Number of rows.
    """

    def __init__(self, frames: int, passed: Iterable[Frames] = ()) -> None:
        self.frames = frames
        self.stretches = list(_between(frames, sorted(passed)))
        self._starts = [start for start, _ in self.stretches]
        self._rows = [0, *accumulate(stop - start for start, stop in self.stretches)]
        self.count = self._rows[-1]

    def row(self, frame: int) -> int:
        """The row of a grid frame, or the one after it of a frame without a row."""
        place = bisect_right(self._starts, frame) - 1
        if place < 0:
            return 0
        return min(self._rows[place] + frame - self._starts[place], self._rows[place + 1])

    def span(self, start: int, stop: int) -> slice:
        """Rows of grid frames [start, stop)."""
        return slice(self.row(start), self.row(stop))

    def frame(self, row: int) -> int:
        """The grid frame of a row."""
        place = bisect_right(self._rows, row) - 1
        return self._starts[place] + row - self._rows[place]

    def numbers(self) -> NDArray[np.int64]:
        """The grid frame of every row."""
        return np.concatenate([np.arange(*stretch, dtype=np.int64) for stretch in [(0, 0), *self.stretches]])

    def has(self, start: int, stop: int) -> bool:
        """Whether all of grid frames [start, stop) have rows."""
        return start >= 0 and stop <= self.frames and self.row(stop) - self.row(start) == stop - start

    def within(self, start: int, stop: int) -> Iterator[Frames]:
        """Yield the stretches of grid frames [start, stop) that have rows."""
        for first, last in self.stretches[max(0, bisect_right(self._starts, start) - 1) :]:
            if first >= stop:
                return
            if max(first, start) < min(last, stop):
                yield max(first, start), min(last, stop)

    def starts(self, length: int, hop: int, start: int = 0, stop: int | None = None) -> Iterator[int]:
        """Yield multiples of ``hop`` at which ``length`` frames of [start, stop) begin that all have rows."""
        for first, last in self.within(start, self.frames if stop is None else stop):
            yield from range(-(-first // hop) * hop, last - length + 1, hop)


def _between(frames: int, passed: list[Frames]) -> Iterator[Frames]:
    begin = 0
    for start, stop in passed:
        if begin < min(start, frames):
            yield begin, min(start, frames)
        begin = max(begin, stop)
    if begin < frames:
        yield begin, frames
