"""Two RTP clocks onto one, the sound's samples being the master.

A reading says that at the instant ``ntp`` the track's RTP clock showed ``rtp``. With o = ntp - rtp for each track, in
flicks, a picture stands at ``rtp_v + o_v - o_a`` on the sound's clock, which counts samples and so never tears. Each o
is the median of the latest readings, so that a slow drift of one clock against the other is followed and a reading that
was late does no harm.

Readings are of two kinds. RTCP sender reports (RFC 3550, section 6.4.1) come from every sender; Chromium's wobble by a
millisecond, and its first of the sound comes after two seconds. Where it may, it also says when a packet's first
sample was captured (abs-capture-time, a header extension of WebRTC), on the same clock, steadily and from the first
packet on. These count where both tracks have them.
"""

from collections import deque
from dataclasses import dataclass
from statistics import median_low

from take5.stream.timeline.clock import FLICKS, seconds_to_flicks

AUDIO_RATE, VIDEO_RATE = 48_000, 90_000
REPORTS = 9
"""How many of the latest reports count."""

CAPTURED_FLICKS = seconds_to_flicks(9.0)
"""How much of the latest capture times counts: a sender may give them once a second, or with every packet."""

PLAUSIBLE_FLICKS = seconds_to_flicks(1.0)
"""Capture times that place the tracks further from their arrival are no capture times: some senders fill in 0."""


@dataclass(frozen=True)
class ClockReading:
    """The instant at which the clock of a track's source showed an RTP time.

    Attributes
    ----------
    ntp : int
        Seconds since 1900 times 2^32, on the sender's clock.
    rtp : int
        RTP time, modulo 2^32.
    source : int
        SSRC.
    captured : bool
        It is when what has this RTP time was captured; otherwise what a sender report says.
    """

    ntp: int
    rtp: int
    source: int
    captured: bool = False


class RtpClock:
    """One track's RTP times, unwrapped and in flicks, and where its readings put them on the sender's clock."""

    def __init__(self, rate: int) -> None:
        self._flicks = FLICKS // rate
        self._last: int | None = None
        self._source: int | None = None
        self._early: deque[ClockReading] = deque(maxlen=REPORTS)
        self._reported: deque[int] = deque(maxlen=REPORTS)
        self._captured: deque[tuple[int, int]] = deque()
        self.arrived: int | None = None
        """Flicks from RTP time to arrival, of the frame that was least late; None before the first."""

    def unwrap(self, rtp: int, source: int, arrival: int) -> int:
        """Flicks of a raw RTP time, counted on over 2^32; it may run back, as it does with B-frames.

        ``source`` is the track's SSRC; ``arrival`` is when it came, in flicks of any steady clock.
        """
        if self._last is None:
            self._last, self._source = rtp, source
            for reading in self._early:
                self.read(reading)
        self._last = self._near(rtp, self._last)
        ticks = self._last * self._flicks
        self.arrived = arrival - ticks if self.arrived is None else min(self.arrived, arrival - ticks)
        return ticks

    def read(self, reading: ClockReading) -> None:
        """Add a reading; those of other sources, such as retransmissions, are of clocks of their own."""
        if self._last is None:
            self._early.append(reading)
        elif reading.source == self._source:
            ticks = self._near(reading.rtp, self._last) * self._flicks
            offset = (reading.ntp * FLICKS >> 32) - ticks
            if not reading.captured:
                self._reported.append(offset)
                return
            self._captured.append((ticks, offset))
            while self._captured[0][0] < ticks - CAPTURED_FLICKS:
                self._captured.popleft()

    @property
    def reported(self) -> int | None:
        """Flicks from RTP time to the sender's clock by its reports; None before the first."""
        return median_low(self._reported) if self._reported else None

    @property
    def captured(self) -> int | None:
        """Flicks from RTP time to the sender's clock by its capture times; None before the first."""
        return median_low(offset for _, offset in self._captured) if self._captured else None

    @staticmethod
    def _near(rtp: int, last: int) -> int:
        """The count that shows ``rtp`` modulo 2^32 and is nearest to ``last``."""
        step = (rtp - last) & 0xFFFFFFFF
        return last + (step if step < 1 << 31 else step - (1 << 32))


class TrackClocks:
    """A picture's and a sound's clock, and how far the one is from the other."""

    def __init__(self) -> None:
        self.picture, self.sound = RtpClock(VIDEO_RATE), RtpClock(AUDIO_RATE)
        self._by_arrival: int | None = None

    def trust_arrival(self) -> None:
        """From now on, place the tracks by the arrivals so far, and ignore readings."""
        self._by_arrival = self._arrived

    @property
    def shift(self) -> int | None:
        """Flicks from the picture's RTP time to the sound's; None before both have been read."""
        if self._by_arrival is not None:
            return self._by_arrival
        captured = _difference(self.picture.captured, self.sound.captured)
        if captured is not None and abs(captured - (self._arrived or 0)) < PLAUSIBLE_FLICKS:
            return captured
        return _difference(self.picture.reported, self.sound.reported)

    @property
    def _arrived(self) -> int | None:
        return _difference(self.picture.arrived, self.sound.arrived)


def _difference(picture: int | None, sound: int | None) -> int | None:
    return None if picture is None or sound is None else picture - sound
