"""The session clock of a microphone: it counts samples, so sound is never torn, and pictures are put on its count.

The sound card's clock is the master: sample n stands at ``anchor + n / rate``, whatever its true rate. Where the
computer's clock runs away from it, by 50 ppm and 180 ms an hour, that is taken out of the pictures' times, slowly.
No clock is read here: arrival times come in.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from take5.stream.sources.webcam.camera_clock import LowerEnvelope
from take5.stream.timeline.clock import FLICKS, seconds_to_flicks
from take5.stream.timeline.media import AudioBlock

DOUBT_S = 0.06
"""Delay of a block beyond which it was held up, or sound before it was lost; the next blocks show which."""

ON_TIME_S = 0.04
"""A block no later than this came on time. A sound server's least delay itself steps by one of its blocks, 10 or 20 ms,
each time that it was held up; a driver that loses sound loses all that it held, 100 ms."""

PATIENCE_S = 1.0
"""How long every block must be late before sound counts as lost."""


@dataclass(frozen=True)
class Heard:
    """Sound as a driver delivers it.

    Attributes
    ----------
    channels : ndarray float32 [C, n]
        In [-1, 1].
    arrival_s : float
        When the end of it arrived, in seconds of the computer's clock.
    torn : bool
        Sound before it is lost.
    """

    channels: NDArray[np.float32]
    arrival_s: float
    torn: bool = False

    @property
    def count(self) -> int:
        """Number of samples."""
        return int(self.channels.shape[1])


class SampleClock:
    """Sound in, blocks with their times out, and the computer's times put on the same clock.

    For the first second everything is held. A block that is late, or before which sound is lost, is held until one
    comes on time: then nothing was lost. When none does for a second, the least by which they are late is the hole.

    Parameters
    ----------
    rate : int
        Samples per second.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.holes = 0
        self._held: list[Heard] = []
        self._envelope: LowerEnvelope | None = None
        self._origin_s: float | None = None
        self._count = 0

    @property
    def settled(self) -> bool:
        """Whether times can be put on the clock."""
        return self._origin_s is not None

    def push(self, heard: Heard) -> list[AudioBlock]:
        """Add what arrived; return the blocks whose time is known by now, in order."""
        if self._origin_s is None:
            return self._settle(heard)
        self._held.append(heard)
        late = self._lateness(self._held)[-1]
        doubted = len(self._held) > 1 or heard.torn
        if late <= (ON_TIME_S if doubted else DOUBT_S):
            self._low.push(heard.arrival_s, self._low.low + late)
        elif not doubted or heard.arrival_s - self._held[0].arrival_s < PATIENCE_S:
            return []
        else:
            return self._release(*self._hole())
        return self._release()

    def finish(self) -> list[AudioBlock]:
        """Return what is still held."""
        return [] if self._origin_s is None else self._release()

    def session(self, time_s: float) -> int:
        """Session time in flicks of a time of the computer's clock; the clock has settled."""
        return seconds_to_flicks(time_s - (self._low.value - (self._origin_s or 0.0)))

    @property
    def _low(self) -> LowerEnvelope:
        assert self._envelope is not None  # noqa: S101 - something has been heard
        return self._envelope

    def _settle(self, heard: Heard) -> list[AudioBlock]:
        if heard.torn:
            self._held, self._envelope = [], None
        self._held.append(heard)
        offset = heard.arrival_s - sum(block.count for block in self._held) / self.rate
        self._envelope = self._envelope or LowerEnvelope(heard.arrival_s, offset)
        self._envelope.push(heard.arrival_s, offset)
        if not self._envelope.settled:
            return []
        self._origin_s = self._envelope.low
        return self._release()

    def _lateness(self, held: list[Heard]) -> list[float]:
        """By how much each of the held blocks is later than the earliest would be, in seconds."""
        ends = self._count + np.cumsum([heard.count for heard in held])
        return [heard.arrival_s - float(end) / self.rate - self._low.low for heard, end in zip(held, ends, strict=True)]

    def _hole(self) -> tuple[int, int]:
        """Before which of the held blocks sound is lost, and how many samples."""
        torn = [place for place, heard in enumerate(self._held) if heard.torn] or [0]
        self.holes += 1
        return torn[0], round(min(self._lateness(self._held)[torn[-1] :]) * self.rate)

    def _release(self, place: int = 0, lost: int = 0) -> list[AudioBlock]:
        held, self._held = self._held, []
        blocks = []
        for number, heard in enumerate(held):
            self._count += lost if number == place else 0
            pts = seconds_to_flicks(self._origin_s or 0.0) + self._count * FLICKS // self.rate
            blocks.append(_block(heard, pts, self.rate))
            self._count += heard.count
        return blocks


def _block(heard: Heard, pts: int, rate: int) -> AudioBlock:
    if len(heard.channels) == 1:
        return AudioBlock(pts, heard.channels[0], rate)
    return AudioBlock(pts, heard.channels.mean(axis=0, dtype=np.float32), rate, heard.channels)
