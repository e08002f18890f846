"""Long holes: whole chunks without picture, or without sound, are passed over, however many they are.

Of a hole's chunks the first and the last stay, so that nothing that is heard or seen beside it changes; those between
them are not scored, and no window has them. Window numbers go on by the clock.
"""

from collections.abc import Iterable
from math import lcm

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


def without(starts: Iterable[int], length: int, passed: Iterable[Frames]) -> list[int]:
    """Those of the windows of ``length`` frames that have nothing of what is passed over."""
    spans = list(passed)
    return [start for start in starts if not any(start < stop and first < start + length for first, stop in spans)]
