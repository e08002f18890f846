"""Compares a window with the rest of its session: sharpness, light and sync. Only sync throughout can reject it."""

from dataclasses import dataclass, field, replace

import numpy as np

from take5.scoring.gates.av_offset import AvOffset, Correlation, Floats, correlate, offset
from take5.scoring.gates.config import GateConfig
from take5.scoring.gates.findings import Code
from take5.scoring.gates.session import SessionReference
from take5.scoring.judging import JudgedWindow
from take5.scoring.parameters import FPS
from take5.scoring.recording_sync import LEAST_WINDOWS, RecordingSync, recording_offset, slot_of
from take5.scoring.stretch import Stretch


@dataclass
class SessionWatch:
    """Watches a session in order of time, all or part of which was analysed.

    Parameters
    ----------
    gates : GateConfig
        The limits.
    moved_ms : int
        How much earlier the sound has been moved already.
    """

    gates: GateConfig
    moved_ms: int = 0
    _reference: SessionReference = field(default_factory=SessionReference)
    _correlation: Correlation | None = None
    _correlated: int = 0
    _slots: dict[int, Correlation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sync = RecordingSync(self.gates, lambda stop, length: recording_offset(stop, length, self._slots.get))

    def push(self, chunk: Stretch) -> None:
        """Add the next analysed chunk. Where the picture changes its size, the comparison starts again."""
        resized = np.flatnonzero(chunk.observations.resized)
        if len(resized):
            self.start_again()
        self._reference.push(chunk.measures[int(resized[-1]) if len(resized) else 0 :])

    def start_again(self) -> None:
        """Forget sharpness and light of the session: pictures of another size follow."""
        self._reference = SessionReference()

    def synced(self, window: JudgedWindow, stretch: Stretch) -> JudgedWindow:
        """Judge the sync of a window, all analysed, by the windows pushed so far, if it does not show it itself."""
        start = window.score.start
        if start % len(stretch.lips) == 0 and (slot := slot_of(window, stretch)) is not None:
            self._slots[start] = slot
        return self.sync.judged(window, stretch)

    def compared(self, window: JudgedWindow, stretch: Stretch) -> JudgedWindow:
        """Add warnings to a window that ends with the latest chunk, for what sets it apart from the session."""
        start = window.score.start
        if start >= self._correlated and all(reason.code is Code.AV_OFFSET for reason in window.reasons):
            self._correlate(stretch.lips, stretch.sound.bands, start)
        apart = self._reference.findings(stretch.measures, start, self.gates)
        return replace(window, warnings=(*window.warnings, *apart))

    @property
    def offset(self) -> AvOffset:
        """Lag of the sound behind the picture, over all non-overlapping windows without other faults."""
        known = self._correlation is not None and self._correlation.windows >= LEAST_WINDOWS
        return offset(self._correlation if known else None)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about the session as a whole."""
        limit, frames = self.gates.limits[Code.AV_OFFSET].warn, self.offset.frames
        if limit is None or frames is None or abs(frames) <= limit or self._correlation is None:
            return ()
        side, ms = "after" if frames > 0 else "before", frames * 1000 / FPS
        text = (
            f"the sound comes {abs(ms):.0f} ms {side} the lips all along "
            f"({self._correlation.windows} windows agree): check camera and microphone for a delay, "
            f"or move the sound: --av-offset {self.moved_ms + round(ms)}"
        )
        return (text,)

    def warnings_with(self, best: int | None) -> tuple[str, ...]:
        """Warnings about the session and its best window, which begins at grid frame ``best``."""
        limit, frames = self.gates.limits[Code.AV_OFFSET].reject, self.offset.frames
        if limit is None or frames is None or abs(frames) <= limit or best not in self.sync.unsure:
            return self.warnings
        text = (
            "the best window is probably affected too: its own offset is unknown, and it came before the others agreed"
        )
        return (*self.warnings, text)

    def _correlate(self, lips: Floats, bands: Floats, start: int) -> None:
        found = correlate(lips, bands)
        if found is not None:
            self._correlation = found if self._correlation is None else Correlation.merge([self._correlation, found])
            self._correlated = start + len(lips)
