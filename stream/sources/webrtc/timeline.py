"""Two RTP clocks onto one: from sender reports, the sound's samples being the master.

A report says that at the instant ``ntp`` the track's RTP clock showed ``rtp``. With o = ntp - rtp for each track, in
flicks, a picture stands at ``rtp_v + o_v - o_a`` on the sound's clock, which counts samples and so never tears. Each o
is the median of the latest reports, so that a slow drift of one clock against the other is followed and a report that
was late does no harm.
"""

from collections import deque
from statistics import median_low

from take5.stream.clock import TICKS

AUDIO_RATE, VIDEO_RATE = 48_000, 90_000
REPORTS = 9
"""How many of the latest reports count."""


class RtpClock:
    """One track's RTP times, unwrapped and in flicks, and where its reports put them on the sender's clock."""

    def __init__(self, rate: int) -> None:
        self._ticks = TICKS // rate
        self._last: int | None = None
        self._source: int | None = None
        self._early: deque[tuple[int, int, int]] = deque(maxlen=REPORTS)
        self._offsets: deque[int] = deque(maxlen=REPORTS)
        self._arrival: int | None = None
        self._by_arrival = False

    def unwrap(self, rtp: int, source: int, arrival: int) -> int:
        """Flicks of a raw RTP time, counted on over 2^32; it may run back, as it does with B-frames.

        ``source`` is the track's SSRC; ``arrival`` is when it came, in flicks of any steady clock: the frame that was
        least late counts.
        """
        if self._last is None:
            self._last, self._source = rtp, source
            for report in self._early:
                self.report(*report)
        self._last = self._near(rtp, self._last)
        ticks = self._last * self._ticks
        if not self._by_arrival:
            self._arrival = arrival - ticks if self._arrival is None else min(self._arrival, arrival - ticks)
        return ticks

    def report(self, ntp: int, rtp: int, source: int) -> None:
        """Add a sender report; those of other sources, such as retransmissions, have clocks of their own."""
        if self._last is None:
            self._early.append((ntp, rtp, source))
        elif source == self._source:
            self._offsets.append((ntp * TICKS >> 32) - self._near(rtp, self._last) * self._ticks)

    def trust_arrival(self) -> None:
        """From now on, place the track by the arrivals so far, whatever is reported."""
        self._by_arrival = True

    @property
    def offset(self) -> int | None:
        """Flicks from RTP time to the clock that both tracks are placed on; None before the first report."""
        if self._by_arrival:
            return self._arrival
        return median_low(self._offsets) if self._offsets else None

    @staticmethod
    def _near(rtp: int, last: int) -> int:
        """The count that shows ``rtp`` modulo 2^32 and is nearest to ``last``."""
        step = (rtp - last) & 0xFFFFFFFF
        return last + (step if step < 1 << 31 else step - (1 << 32))
