"""Two RTP clocks onto one, the sound's samples being the master.

A reading says that at the instant ``ntp`` the track's RTP clock showed ``rtp``. With o = ntp - rtp for each track, in
flicks, a picture stands at ``rtp_v + o_v - o_a`` on the sound's clock, which counts samples and so never tears. Each o
is the median of the latest readings, so that a slow drift of one clock against the other is followed and a reading that
was late does no harm.

No reading is trusted by itself, nor is RTP time: both are judged against arrival, and readings against each other.

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

PLAUSIBLE_FLICKS, REPORTED_FLICKS = seconds_to_flicks(1.0), seconds_to_flicks(3.0)
"""Capture times, and reports, that place the tracks further from their arrival do not count: senders fill in 0, or the
time of another clock."""

STATED_FLICKS = seconds_to_flicks(10.0)
"""Readings of RTP times further than this from the time at which they arrive do not count."""

ODD_FLICKS, AGREE_FLICKS = seconds_to_flicks(0.3), seconds_to_flicks(0.1)
"""A report further than the first from the others is left out, unless the next one is as near to it as the second."""

FEW = 3
"""With fewer reports, none of them is odd."""

JUMP_FLICKS, BACK_FLICKS = seconds_to_flicks(0.25), seconds_to_flicks(0.35)
"""Steps of RTP time that are jumps: forward, ahead of what could have been sent; back, further than B-frames go."""

FAR_FLICKS, LATE_FLICKS = seconds_to_flicks(5.0), seconds_to_flicks(2.0)
"""RTP time that gets so far ahead of arrival has jumped, in however many steps; so has one that stays so far behind it
for the second: no network holds packets that long and goes on."""


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
    arrival : int, optional
        When it came, in flicks of the clock of the frames' arrival.
    """

    ntp: int
    rtp: int
    source: int
    captured: bool = False
    arrival: int | None = None


class RtpClock:
    """One track's RTP times, unwrapped and in flicks, and where its readings put them on the sender's clock.

    Its flicks go on by arrival where RTP time jumps, or begins again with another source. ``jumps`` counts that.
    """

    def __init__(self, rate: int) -> None:
        self._flicks = FLICKS // rate
        self._last: int | None = None
        self._origin = 0
        self._source: int | None = None
        self._early: deque[ClockReading] = deque(maxlen=REPORTS)
        self._reported: deque[int] = deque(maxlen=REPORTS)
        self._odd: int | None = None
        self._captured: deque[tuple[int, int]] = deque()
        self._before: tuple[int | None, int | None] = None, None
        self._begun = 0
        self._late_since: int | None = None
        self._latest: deque[tuple[int, int]] = deque(maxlen=2)
        self.jumps = 0
        self.arrived: int | None = None
        """Flicks from RTP time to arrival, of the frame that was least late; None before the first."""

    def unwrap(self, rtp: int, source: int, arrival: int) -> int:
        """Flicks of a raw RTP time, counted on over 2^32; it may run back, as it does with B-frames.

        ``source`` is the track's SSRC; ``arrival`` is when it came, in flicks of any steady clock.
        """
        if self._last is None or self.arrived is None:
            self._begin(rtp, source, arrival)
        elif source != self._source:
            self._jump(rtp, source, arrival - self.arrived)
        else:
            before, self._last = self._ticks(self._last), self._near(rtp, self._last)
            ticks = self._ticks(self._last)
            if arrival - ticks < self._begun - FAR_FLICKS:
                self._jump(rtp, source, arrival - self._begun)
            elif self._jumped(ticks - before, arrival - ticks - self.arrived, arrival):
                self._jump(rtp, source, arrival - self.arrived)
        assert self._last is not None  # noqa: S101 - each branch has set it
        ticks = self._ticks(self._last)
        self.arrived = arrival - ticks if self.arrived is None else min(self.arrived, arrival - ticks)
        begun, least = self._latest[-1] if self._latest else (arrival - LATE_FLICKS, 0)
        if arrival - begun < LATE_FLICKS:
            self._latest[-1] = begun, min(least, arrival - ticks)
        else:
            self._latest.append((arrival, arrival - ticks))
        return ticks

    @property
    def arrives(self) -> int | None:
        """As ``arrived``, of the latest frames alone: two to four seconds of them; None before the first."""
        return min((late for _, late in self._latest), default=None)

    def read(self, reading: ClockReading) -> None:
        """Add a reading; those of other sources, such as retransmissions, are of clocks of their own."""
        if self._last is None:
            self._early.append(reading)
            return
        ticks = self._ticks(self._near(reading.rtp, self._last))
        if reading.source != self._source or self._far(ticks, reading.arrival):
            return
        offset = (reading.ntp * FLICKS >> 32) - ticks
        if not reading.captured:
            self._report(offset)
            return
        self._captured.append((ticks, offset))
        while self._captured[0][0] < ticks - CAPTURED_FLICKS:
            self._captured.popleft()

    @property
    def reports(self) -> list[int]:
        """Flicks from RTP time to the sender's clock by each of its latest reports."""
        before = self._before[0]
        return list(self._reported) or ([] if before is None else [before])

    @property
    def reported(self) -> int | None:
        """The same by all of them; None before the first."""
        return median_low(self.reports) if self.reports else None

    @property
    def captured(self) -> int | None:
        """Flicks from RTP time to the sender's clock by its capture times; None before the first."""
        return median_low(offset for _, offset in self._captured) if self._captured else self._before[1]

    def _begin(self, rtp: int, source: int, arrival: int) -> None:
        self._last, self._source = rtp, source
        self.arrived = self._begun = arrival - self._ticks(rtp)
        for reading in self._early:
            self.read(reading)

    def _jumped(self, step: int, late: int, arrival: int) -> bool:
        """Whether a step to a time that is later than usual by ``late`` is none of the time that has passed."""
        if late < FAR_FLICKS:
            self._late_since = None
        elif self._late_since is None:
            self._late_since = arrival
        stays_late = self._late_since is not None and arrival - self._late_since > LATE_FLICKS
        return step < -BACK_FLICKS or (step > JUMP_FLICKS and late < -JUMP_FLICKS) or stays_late

    def _jump(self, rtp: int, source: int, ticks: int) -> None:
        """Let RTP time go on with ``rtp`` at ``ticks``; older readings count until there are new ones."""
        self._before = self.reported, self.captured
        self._reported.clear()
        self._captured.clear()
        self._latest.clear()
        self._odd = self._late_since = None
        self._last, self._source, self._origin = rtp, source, ticks - rtp * self._flicks
        self.jumps += 1

    def _report(self, offset: int) -> None:
        """Add what a report says, unless it is odd; if two agree in being odd, it is the others that are."""
        usual = self.reported
        if usual is None or len(self._reported) < FEW or abs(offset - usual) <= ODD_FLICKS:
            self._odd = None
        elif self._odd is None or abs(offset - self._odd) > AGREE_FLICKS:
            self._odd = offset
            return
        else:
            self._reported.clear()
            self._reported.append(self._odd)
            self._odd = None
        self._reported.append(offset)

    def _far(self, ticks: int, arrival: int | None) -> bool:
        """Whether a reading is of a time that the track is nowhere near."""
        known = arrival is not None and self.arrived is not None
        return known and abs(ticks + (self.arrived or 0) - (arrival or 0)) > STATED_FLICKS

    def _ticks(self, count: int) -> int:
        return count * self._flicks + self._origin

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
        self._trusted: int | None = None

    def trust_arrival(self) -> None:
        """From now on, place the tracks by the arrivals so far, and ignore readings."""
        self._by_arrival = self._arrived

    @property
    def shift(self) -> int | None:
        """Flicks from the picture's RTP time to the sound's; None before both have been read.

        Where no readings are to be trusted, it is what the last of those that were have said.
        """
        if self._by_arrival is not None:
            return self._by_arrival
        arrived = self._arrived or 0
        arrivals = [arrived] if self._arrives is None else [arrived, self._arrives]
        captured, reported = self._by_capture(arrivals), self._by_reports(arrivals)
        if captured is not None and reported is not None and abs(captured - reported) > ODD_FLICKS:
            self._trusted = min(captured, reported, key=lambda shift: abs(shift - arrived))
        elif captured is not None or reported is not None:
            self._trusted = reported if captured is None else captured
        return self._trusted

    def _by_capture(self, arrivals: list[int]) -> int | None:
        captured = _difference(self.picture.captured, self.sound.captured)
        return captured if captured is not None and _near_any(captured, arrivals, PLAUSIBLE_FLICKS) else None

    def _by_reports(self, arrivals: list[int]) -> int | None:
        """What those reports say that place the tracks near their arrival, together with one of the other track."""
        near = [
            (picture, sound)
            for picture in self.picture.reports
            for sound in self.sound.reports
            if _near_any(picture - sound, arrivals, REPORTED_FLICKS)
        ]
        if not near:
            return None
        pictures, sounds = {picture for picture, _ in near}, {sound for _, sound in near}
        return median_low(filter(pictures.__contains__, self.picture.reports)) - median_low(
            filter(sounds.__contains__, self.sound.reports)
        )

    @property
    def _arrived(self) -> int | None:
        return _difference(self.picture.arrived, self.sound.arrived)

    @property
    def _arrives(self) -> int | None:
        """The same by the latest arrivals: RTP time that stood still in a pause is late from then on."""
        return _difference(self.picture.arrives, self.sound.arrives)


def _difference(picture: int | None, sound: int | None) -> int | None:
    return None if picture is None or sound is None else picture - sound


def _near_any(time: int, others: list[int], limit: int) -> bool:
    return any(abs(time - other) < limit for other in others)
