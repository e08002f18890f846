"""What a recording's windows agree on about its sync, for the windows that do not show it themselves.

A mouth that hardly moves, or moves regularly, leaves the offset of a window unknown. A delay belongs to the recording,
though, so such a window is judged by those before it. Only what ends by its own end counts: a stream and a finished
file give the same verdict, and none is withdrawn later.
"""

from collections.abc import Callable
from dataclasses import replace

from take5.scoring.gates.av_offset import AvOffset, Correlation, correlate, offset
from take5.scoring.gates.config import GateConfig
from take5.scoring.gates.findings import Code, Severity
from take5.scoring.gates.verdict import finding
from take5.scoring.judging import JudgedWindow
from take5.scoring.stretch import Stretch

LEAST_WINDOWS = 3
"""With fewer windows the recording's offset is unknown."""

MOST_WINDOWS = 4
"""A verdict comes from at most this many windows, the latest ones."""

LOOK_BACK = 12
"""They are among this many windows, which bounds what `select` analyses for one."""

Slot = Callable[[int], Correlation | None]
"""The correlation of the window at a multiple of a window's length; None if it does not count, or is not known."""

OffsetBy = Callable[[int, int], AvOffset]
"""Offset of a recording at a grid frame, by its windows of a length; see :func:`recording_offset`."""


def slot_of(window: JudgedWindow, stretch: Stretch) -> Correlation | None:
    """The correlation of a window, all analysed; None if it does not count, because something else is wrong with it."""
    if any(reason.code is not Code.AV_OFFSET for reason in window.reasons):
        return None
    return correlate(stretch.lips, stretch.sound.bands)


def slots_before(stop: int, length: int) -> range:
    """First frames of the windows that count at grid frame ``stop``, the latest first: at multiples of ``length``."""
    last = stop // length - 1
    return range(last * length, max(-1, last - LOOK_BACK) * length, -length)


def recording_offset(stop: int, length: int, slot: Slot) -> AvOffset:
    """Offset of a recording by its windows of ``length`` frames that end by grid frame ``stop``."""
    found: list[Correlation] = []
    for start in slots_before(stop, length):
        if len(found) == MOST_WINDOWS:
            break
        if (correlation := slot(start)) is not None:
            found.append(correlation)
    return offset(Correlation.merge(found) if len(found) >= LEAST_WINDOWS else None)


class RecordingSync:
    """Judges windows whose own offset is unknown by that of their recording.

    Parameters
    ----------
    gates : GateConfig
        The limits.
    offset_by : callable
        Asked for the offset at a window's end, only if the window has no fault.

    Attributes
    ----------
    unsure : set of int
        First frames of the windows whose own offset is unknown.
    """

    def __init__(self, gates: GateConfig, offset_by: OffsetBy) -> None:
        self._gates, self._offset_by = gates, offset_by
        self.unsure: set[int] = set()

    def judged(self, window: JudgedWindow, stretch: Stretch) -> JudgedWindow:
        """Reject a window, all analysed, that has no fault of its own, if its recording has this one."""
        if window.reasons or self._gates.limits[Code.AV_OFFSET].reject is None:
            return window
        if offset(correlate(stretch.lips, stretch.sound.bands)).frames is not None:
            return window
        start, length = window.score.start, len(stretch.lips)
        self.unsure.add(start)
        late = self._offset_by(start + length, length).frames
        if late is None:
            return window
        found = finding(Code.AV_OFFSET, abs(late), (start, start + length), self._gates)
        return replace(window, reasons=tuple(one for one in found if one.severity is Severity.REJECT))
