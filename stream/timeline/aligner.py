"""Two tracks onto one session clock: grid frames and 16 kHz sound."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from take5.stream.timeline.grid import FrameCounts, GridFrame, PictureGrid
from take5.stream.timeline.holes import Frames
from take5.stream.timeline.media import AnyFrame, AudioBlock, Timed
from take5.stream.timeline.soundtrack import SoundTrack


@dataclass
class Aligned:
    """What came onto the session clock."""

    frames: list[GridFrame[AnyFrame]] = field(default_factory=list)
    samples: list[NDArray[np.float32]] = field(default_factory=list)


class Aligner:
    """Frames and blocks in, grid frames and sound out.

    Parameters
    ----------
    origin : int
        Instant of grid frame 0 on the source's clock, in flicks.
    hop : int, optional
        Frames of a chunk: whole chunks inside a hole are then left out (:mod:`take5.stream.timeline.holes`). Grid
        frames go on after them with their number, and samples without a break.
    """

    def __init__(self, origin: int, hop: int | None = None) -> None:
        self._grid, self._sound = PictureGrid[AnyFrame](origin, hop=hop), SoundTrack(origin, hop)

    def push(self, media: Timed) -> Aligned:
        """Add a frame or a block; each track's in order of time."""
        if isinstance(media, AudioBlock):
            return Aligned(samples=[self._sound.push(media)])
        return Aligned(frames=list(self._grid.push(media.pts, media)))

    def finish(self, video_end: int) -> tuple[Aligned, int]:
        """Return what the end of both tracks completes, and N, the number of grid frames with picture and sound."""
        last = Aligned(list(self._grid.finish(video_end)), [self._sound.finish()])
        return last, min(self._grid.frames, self._sound.frames())

    def sound_missing(self, start: int, stop: int) -> NDArray[np.bool_]:
        """Which of the grid frames [start, stop) a hole in the sound touches; earlier ones are forgotten."""
        flags = self._sound.missing(start, stop)
        self._sound.forget(stop)
        return flags

    @property
    def sound_left_out(self) -> list[Frames]:
        """Grid frames whose samples were left out so far."""
        return self._sound.left_out

    @property
    def counts(self) -> FrameCounts:
        """Doubled, dropped and late source frames so far."""
        return self._grid.counts
