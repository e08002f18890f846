"""When the pictures of a file are shown, and where decoding can begin."""

from bisect import bisect_right
from dataclasses import dataclass


@dataclass(frozen=True)
class Keyframe:
    """Where decoding can begin: presentation time in flicks, and what to seek to, in the stream's time base."""

    pts: int
    seek: int


@dataclass(frozen=True)
class FileIndex:
    """When the pictures of a file are shown, from its packets.

    Attributes
    ----------
    pts : list of int
        Of every source frame, in order, in flicks.
    keyframes : list of Keyframe
        In order.
    video_end : int
        Where the last picture's time ends, in flicks.
    resized : tuple of int
        Keyframes from which on pictures have another size, in flicks.
    """

    pts: list[int]
    keyframes: list[Keyframe]
    video_end: int
    resized: tuple[int, ...] = ()

    def keyframes_before(self, pts: int) -> list[Keyframe]:
        """Return the last two keyframes at or before ``pts``, the later one first; or the first of all."""
        after = max(1, bisect_right(self.keyframes, pts, key=lambda keyframe: keyframe.pts))
        return self.keyframes[max(0, after - 2) : after][::-1]
