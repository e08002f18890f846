"""Two tracks onto one session clock: grid frames and 16 kHz sound, from the instant at which both have begun."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from take5.stream.timeline.clock import seconds_to_flicks
from take5.stream.timeline.grid import FrameCounts, GridFrame, PictureGrid
from take5.stream.timeline.media import AnyFrame, AudioBlock, Timed
from take5.stream.timeline.soundtrack import SoundTrack

HOLD_FLICKS = seconds_to_flicks(2.0)
"""Until both tracks have begun, this much of the one that has is held back."""


@dataclass
class Aligned:
    """What came onto the session clock."""

    frames: list[GridFrame[AnyFrame]] = field(default_factory=list)
    samples: list[NDArray[np.float32]] = field(default_factory=list)


class Aligner:
    """Frames and blocks in, grid frames and sound out.

    Parameters
    ----------
    origin : int, optional
        Instant of grid frame 0 on the source's clock, in flicks, where it is known beforehand; else it is the later of
        the first frame's and the first block's time.
    """

    def __init__(self, origin: int | None = None) -> None:
        self._first: dict[type[Timed], int] = {}
        self._held: list[Timed] = []
        self._tracks = None if origin is None else (PictureGrid[AnyFrame](origin), SoundTrack(origin))
        self.origin = origin

    def push(self, media: Timed) -> Aligned:
        """Add a frame or a block; each track's in order of time."""
        out = Aligned()
        if self._tracks is not None:
            self._place(media, out)
            return out
        self._held.append(media)
        self._first.setdefault(type(media), media.pts)
        if len(self._first) == 2:
            self._begin(max(self._first.values()), out)
        else:
            self._held = [m for m in self._held if m.pts >= media.pts - HOLD_FLICKS]
        return out

    def finish(self, video_end: int) -> tuple[Aligned, int]:
        """Return what the end of both tracks completes, and N, the number of grid frames with picture and sound."""
        out = Aligned()
        if self._tracks is None:
            return out, 0
        grid, sound = self._tracks
        out.frames += grid.finish(video_end)
        out.samples.append(sound.finish())
        return out, min(grid.frames, sound.frames())

    def sound_missing(self, start: int, stop: int) -> NDArray[np.bool_]:
        """Which of the grid frames [start, stop) a hole in the sound touches; earlier ones are forgotten."""
        if self._tracks is None:
            return np.zeros(stop - start, dtype=np.bool_)
        flags = self._tracks[1].missing(start, stop)
        self._tracks[1].forget(stop)
        return flags

    @property
    def counts(self) -> FrameCounts:
        """Doubled, dropped and late source frames so far."""
        return FrameCounts() if self._tracks is None else self._tracks[0].counts

    def _begin(self, origin: int, out: Aligned) -> None:
        self.origin = origin
        self._tracks = (PictureGrid[AnyFrame](origin), SoundTrack(origin))
        held, self._held = self._held, []
        for media in held:
            self._place(media, out)

    def _place(self, media: Timed, out: Aligned) -> None:
        assert self._tracks is not None  # noqa: S101 - callers have begun
        grid, sound = self._tracks
        if isinstance(media, AudioBlock):
            out.samples.append(sound.push(media))
        else:
            out.frames += grid.push(media.pts, media)
