"""Analysis as slow as a test wants it, without a clock: the media's own time says how many frames there is time for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from live_media import seconds
from numpy.typing import NDArray

from take5.scoring.models.region import Region
from take5.stream.analysis.models import Face, Models, Tracker
from take5.stream.events import Event
from take5.stream.live.session import LiveSession
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.media import Received

FRAME_S = 0.04


class Frames:
    """Counts the frames that trackers are given, and does something at each."""

    def __init__(self, models: Models, each: Callable[[], None] = lambda: None) -> None:
        self.count = 0
        self._works, self._each = models, each
        self.models = replace(models, tracker=self._tracker)

    @contextmanager
    def _tracker(self, region: Region | None) -> Iterator[Tracker]:
        with self._works.tracker(region) as works:
            yield Counted(self, works)

    def tracked(self) -> None:
        """Note a frame."""
        self.count += 1
        self._each()


@dataclass
class Counted:
    """A tracker whose frames are counted."""

    frames: Frames
    works: Tracker

    def track(self, rgb: NDArray[np.uint8], frame: int) -> Face | None:
        """Return what the tracker sees."""
        self.frames.tracked()
        return self.works.track(rgb, frame)


@dataclass
class Slow:
    """A session whose analysis has ``speed`` frames' time for each frame that arrives, at a time in seconds."""

    live: LiveSession
    frames: Frames
    speed: Callable[[float], float]
    _time: float = 0.0
    _last: int | None = None

    def take(self, media: Received, at_s: float) -> list[Event]:
        """Let something arrive, and analyse what there is time for until the next."""
        events = self.live.push(media)
        last = media.pts if self._last is None else self._last
        self._time += max(0, media.pts - last) / FLICKS * self.speed(at_s)
        self._last = max(last, media.pts)
        while self._time >= FRAME_S and self.live.stop is None:
            before = self.frames.count
            step = self.live.work()
            if step is None:
                self._time = 0.0
                break
            events += step
            self._time -= FRAME_S * (self.frames.count - before)
        return events


def drive_slowly(slow: Slow, arrived: list[Received], until_s: float = 1e6) -> list[Event]:
    """Let media arrive until a time, or until a rule stops the recording."""
    events: list[Event] = []
    for media in arrived:
        at_s = seconds(media, arrived)
        if at_s >= until_s or slow.live.stop is not None:
            break
        events += slow.take(media, at_s)
    return events
