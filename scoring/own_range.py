"""Where the best window stands among the talker's own, and what this talker can be expected to reach.

I does not compare between people: their typical windows differ by more than what a good minute adds
(``docs/evidence.md``). But windows of one talker spread about their typical one much as anybody's do, so the best of a
minute is a multiple of the typical window that hardly depends on who talks. ``docs/stopping.md`` has the measurement.
"""

import math
from bisect import bisect_left, insort
from dataclasses import dataclass

from take5.scoring.parameters import Parameters

LEAST_WINDOWS = 12
"""Windows of a talker, none of them ruled out, that must have passed before their typical one is known."""

LEAST_SCORED = 5
"""How many of them must have been analysed: where scoring has fallen behind, few are. Those have the highest D, so that
the typical window seems a little better than it is, and recording stops a little later."""

WITHIN_S = 60.0
"""The time in which a talker is expected to reach what is said of them, in seconds."""

PATIENCE_S = 180.0
"""Time after which a talker's typical window is enough, in seconds; from :data:`WITHIN_S` on, less and less is asked.

The pool of a talker whose best window is still below what a minute was expected to give is full of windows of high D
that newer ones hardly replace: going on rarely helps."""

REACH = 1.25
"""I of Algorithm 1's choice of a minute as a multiple of the talker's typical window, for windows of 5 s.

From the windows of 26 people; 95 % interval over people 1.23 to 1.27 (``bench/stopping``).
"""


def reach_of(parameters: Parameters) -> float:
    """The multiple of the typical window that a talker is expected to reach within a minute, > 1.

    Shorter windows spread more about the typical one and longer ones less: log I of windows of s seconds by about
    ``1 / sqrt(s)``.
    """
    return float(REACH ** math.sqrt(Parameters().seconds / parameters.seconds))


@dataclass(frozen=True)
class Standing:
    """The best window among the talker's own.

    Attributes
    ----------
    windows : int
        The talker's eligible windows so far, or since the last restart.
    passed : int
        The same, and those that were not analysed and that nothing rules out.
    better_than : int
        How many of them have a lower I than the best window.
    typical : float
        Their typical I, > 0: the geometric mean.
    expected : float or None
        I that Algorithm 1's choice of a minute is expected to have; None before :data:`LEAST_WINDOWS` have passed, and
        with fewer than :data:`LEAST_SCORED` analysed.
    needed : float or None
        I at which recording stops: a share of ``expected``, and after a minute less; None as above, and without that
        rule.
    reached : float or None
        How far the best window has come on the way from the typical one to the one needed, on the scale of log I, in
        [0, 1]; None where ``needed`` is.
    """

    windows: int
    passed: int
    better_than: int
    typical: float
    expected: float | None = None
    needed: float | None = None
    reached: float | None = None


class OwnRange:
    """The eligible windows of one talker.

    Parameters
    ----------
    reach : float
        What the best window of a minute is expected to have, as a multiple of the typical window; >= 1.
    """

    def __init__(self, reach: float) -> None:
        self._reach = reach
        self._scored: set[int] = set()
        self._passed: set[int] = set()
        self._ordered: list[float] = []

    def add(self, start: int, log_I: float | None) -> None:
        """Add a window by its first grid frame and log I, None if it was not analysed; it counts once."""
        self._passed.add(start)
        if log_I is not None and start not in self._scored:
            self._scored.add(start)
            insort(self._ordered, log_I)

    def rule_out(self, start: int) -> None:
        """Leave a window out that turns out not to be eligible."""
        self._passed.discard(start)

    def forget(self) -> None:
        """Begin again: from now on the person speaks in another way."""
        self._scored.clear()
        self._passed.clear()
        self._ordered.clear()

    def standing(self, best_I: float, share: float, elapsed_s: float) -> Standing | None:
        """Where a best window of this I stands, and what is needed after this time; None before the first window.

        It is ``share`` of what is expected for :data:`WITHIN_S`, and then falls, on the scale of log I, to the typical
        window at :data:`PATIENCE_S`.
        """
        windows = len(self._ordered)
        if not windows or not (math.isfinite(best_I) and best_I > 0):
            return None
        better_than = bisect_left(self._ordered, math.log(best_I))
        typical = math.exp(math.fsum(self._ordered) / windows)
        passed = len(self._passed)
        if passed < LEAST_WINDOWS or windows < LEAST_SCORED:
            return Standing(windows, passed, better_than, typical)
        expected = typical * self._reach
        if not share:
            return Standing(windows, passed, better_than, typical, expected)
        needed = typical * (share * self._reach) ** _asked(elapsed_s)
        return Standing(windows, passed, better_than, typical, expected, needed, _way(typical, best_I, needed))


def _asked(elapsed_s: float) -> float:
    """How much of the way from the typical window to the share of what is expected is asked for, in [0, 1]."""
    return min(1.0, max(0.0, (PATIENCE_S - elapsed_s) / (PATIENCE_S - WITHIN_S)))


def _way(typical: float, best: float, needed: float) -> float:
    """How far it is from one to the other, in [0, 1]."""
    if best >= needed or needed <= typical:
        return float(best >= needed)
    return max(0.0, math.log(best / typical) / math.log(needed / typical))
