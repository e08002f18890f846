"""A device's clock against the computer's, from arrival times that are only ever late. No clock is read here.

A device counts in a clock of its own; what it delivers at ``x`` of it arrives at ``a = x + c + d(x) + j`` of the
computer's clock: ``c`` is constant, ``d`` drifts by some 50 ppm, ``j >= 0`` jitters. Nothing arrives early, so the
smallest ``a - x`` seen is the best estimate of ``c + d``.
"""

RISE = 300e-6
"""Seconds a second that the smallest offset may rise: crystals drift by less than 100 ppm, a clock that NTP corrects by
up to 500 ppm for minutes."""

SLEW = 1e-3
"""Minimum rate, in seconds per second, at which an estimate that is off moves; too slow to be noticed."""

SLEW_TIME_S = 5.0
"""An estimate that is further off than ``SLEW * SLEW_TIME_S`` goes this much of the way: its error / 5 s."""

SETTLE_S = 1.0
"""How long a device is observed before its first estimate is used."""

SAME_CLOCK_S = 1.0
"""Maximum age of a stamp taken from the computer's own clock, as V4L2 and AVFoundation give them."""


class LowerEnvelope:
    """Follows the lower envelope of offsets, without a jump once it has settled.

    ``low`` is the running minimum, which rises by :data:`RISE`; ``value`` follows it no faster than by :data:`SLEW`,
    or by a fifth of their distance a second where that is more. Both are seconds.

    Parameters
    ----------
    at_s : float
        When the first offset was measured, in seconds of the computer's clock.
    offset_s : float
        The first offset, arrival less the device's time.
    """

    def __init__(self, at_s: float, offset_s: float) -> None:
        self.low = self.value = offset_s
        self._begun = self._at = at_s

    @property
    def settled(self) -> bool:
        """Whether it has been fed for long enough to be used."""
        return self._at - self._begun >= SETTLE_S

    def push(self, at_s: float, offset_s: float) -> None:
        """Add an offset that was measured at ``at_s``."""
        step = max(0.0, at_s - self._at)
        settled, self._at = self.settled, max(self._at, at_s)
        self.low = min(self.low + RISE * step, offset_s)
        error = self.low - self.value
        most = step * max(SLEW, abs(error) / SLEW_TIME_S) if settled else abs(error)
        self.value += max(-most, min(most, error))


class PictureClock:
    """Says when a camera's pictures were taken, on the computer's clock.

    Stamps of that same clock are taken as they are: they know of the camera what an arrival does not. Others are put
    where the earliest arrivals are.
    """

    def __init__(self) -> None:
        self._envelope: LowerEnvelope | None = None
        self._same = False

    @property
    def same(self) -> bool:
        """Whether the camera's stamps are times of the computer's clock."""
        return self._same

    def push(self, stamp_s: float, arrival_s: float) -> None:
        """Add a picture's stamp, on the camera's clock, and when it arrived, on the computer's."""
        offset = arrival_s - stamp_s
        if self._envelope is None:
            self._envelope = LowerEnvelope(arrival_s, offset)
        if not self._envelope.settled:  # some drivers stamp their first pictures with nonsense
            self._same = 0.0 <= offset < SAME_CLOCK_S
        self._envelope.push(arrival_s, offset)

    def at(self, stamp_s: float) -> float:
        """When a picture of this stamp was taken, in seconds of the computer's clock; it has been pushed."""
        return stamp_s if self._same or self._envelope is None else stamp_s + self._envelope.value
