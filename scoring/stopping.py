"""When to stop recording: search with recall, since the best window so far is kept.

Three rules, checked in this order after every window:

1. threshold: the best window, the clip so far, has a share of what this talker can be expected to reach
   (:mod:`take5.scoring.own_range`), or, where the user gives one, an I of ``stop_at``;
2. gain: another ``gain_horizon_s`` are expected to add no more than eps to log I (:func:`leave_out_gain`);
3. cap: the time limit is reached.

The gain rule cuts the session into non-overlapping blocks of one window. ``docs/stopping.md`` explains each default and
shows the rules on real and simulated talkers.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from take5.scoring.errors import ParameterError
from take5.scoring.judging import JudgedWindow
from take5.scoring.own_range import OwnRange, Standing, reach_of
from take5.scoring.parameters import FPS, Parameters
from take5.scoring.score import WindowScore

SHARE = 0.95
"""Share of what a talker is expected to reach within a minute at which a recording stops (``docs/stopping.md``)."""


@dataclass(frozen=True)
class StopRules:
    """When a recording stops by itself.

    Parameters
    ----------
    stop_at : float, optional
        I of the best window at which to stop at once, > 0; I does not compare between people. 0 for no threshold, nor
        ``share``; None to leave it to ``share``.
    floor_s : float
        Seconds of session time before which ``stop_at`` and ``share`` do not apply, >= 0.
    gain : float, optional
        eps in log I, > 0: stop when another ``gain_horizon_s`` are expected to add no more; None or 0 disables the
        rule. 0.01 is one per cent of I.
    gain_after_s : float
        Seconds from the start or the last restart before which ``gain`` does not apply, >= 0.
    gain_horizon_s : float
        How far the gain rule looks ahead in seconds, > 0.
    cap_s : float
        Seconds of session time after which to stop in any case, > 0.
    idle_s : float
        If no idle stretch has been found by the time a rule applies, the longest time in seconds for which the person
        is asked to be still and silent before it stops, >= 0; 0 to not ask.
    share : float, optional
        Share of the I that this talker is expected to reach within a minute at which to stop, > 0, from their 12th
        eligible window on; after a minute, less. 0 disables the rule. None is 0.95, or 0 where ``stop_at`` is not None.
    reach : float, optional
        That I as a multiple of the talker's typical window, >= 1; by default as measured on 26 people
        (:func:`~take5.scoring.own_range.reach_of`).

    Raises
    ------
    ParameterError
        If a value breaks its rule.
    """

    stop_at: float | None = None
    floor_s: float = 0.0
    gain: float | None = 0.01
    gain_after_s: float = 60.0
    gain_horizon_s: float = 30.0
    cap_s: float = 600.0
    idle_s: float = 0.0
    share: float | None = None
    reach: float | None = None

    def __post_init__(self) -> None:
        for name in ("stop_at", "gain"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise ParameterError(f"{name}={value} must be a finite number above 0, or 0 or None to leave it out")
        if self.share is not None and not (math.isfinite(self.share) and self.share >= 0):
            raise ParameterError(f"share={self.share} must be a finite number above 0, or 0 to leave it out")
        if self.reach is not None and not (math.isfinite(self.reach) and self.reach >= 1):
            raise ParameterError(f"reach={self.reach} must be a finite number, 1 or more")
        for name in ("floor_s", "gain_after_s", "idle_s"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ParameterError(f"{name}={value} must be a finite number of seconds, 0 or more")
        for name in ("gain_horizon_s", "cap_s"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ParameterError(f"{name}={value} must be a finite number of seconds above 0")

    @property
    def own_share(self) -> float:
        """The share of what this talker is expected to reach at which to stop; 0 if that does not stop it."""
        if self.share is None:
            return SHARE if self.stop_at is None else 0.0
        return self.share


class StopRule(StrEnum):
    """Why a recording stopped: one of the three rules, or another end."""

    THRESHOLD = "threshold"
    GAIN = "gain"
    CAP = "cap"
    ENDED = "ended"
    LOST = "lost"
    SHUTDOWN = "shutdown"
    FAULT = "fault"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Stop:
    """Which rule stopped a recording, and the numbers that it compared: ``value`` against ``limit``.

    Both are I for the threshold, log I for the gain and seconds for the cap; any other end compares nothing.
    ``expected`` is the I that this talker can be expected to reach, if the limit is a share of it.
    """

    rule: StopRule
    value: float | None = None
    limit: float | None = None
    expected: float | None = None


@dataclass
class Stopper:
    """Checks each window in order of time and says when to stop.

    ``standing`` is where the best window stands among the talker's own.
    """

    rules: StopRules
    parameters: Parameters
    standing: Standing | None = None
    _blocks: dict[int, float] = field(default_factory=dict)
    _origin: int = 0
    _end: int = 0

    def __post_init__(self) -> None:
        reach = self.rules.reach
        self._own = OwnRange(reach_of(self.parameters) if reach is None else reach)

    def push(self, judged: JudgedWindow, best: WindowScore | None) -> Stop | None:
        """Add the next window; ``best`` is Algorithm 1's choice so far, that window included."""
        self._end = judged.score.start + self.parameters.window_frames
        return self.amend(judged, best)

    def amend(self, judged: JudgedWindow, best: WindowScore | None) -> Stop | None:
        """Add a window that was analysed late; it may be given repeatedly, and counts once."""
        since = judged.score.start - self._origin
        x = _log_informativeness(judged)
        if since >= 0:
            self._count(judged, x)
        if x is not None and since >= 0 and since % self.parameters.window_frames == 0:
            self._blocks[judged.score.start] = x
        value = None if best is None else best.I
        elapsed_s = (self._end - self._origin) / FPS
        self.standing = None if value is None else self._own.standing(value, self.rules.own_share, elapsed_s)
        return self._threshold(value) or self._gain() or self._cap()

    def _count(self, judged: JudgedWindow, x: float | None) -> None:
        """Count a window among the talker's own."""
        if x is None and judged.eligible is not None:
            self._own.rule_out(judged.score.start)
        else:
            self._own.add(judged.score.start, x)

    def restart(self) -> None:
        """Count windows only from the end of the last one: a prompt has changed how the speaker speaks.

        The best window and the session's time stay, so ``stop_at`` and the cap do not change.
        """
        self._blocks, self._origin, self.standing = {}, self._end, None
        self._own.forget()

    @property
    def gain(self) -> float | None:
        """G, the expected gain in log I over another horizon, >= 0; None with too few scored blocks."""
        horizon = max(1, round(self.rules.gain_horizon_s / self.parameters.seconds))
        return leave_out_gain(sorted(self._blocks.values()), horizon)

    def _threshold(self, value: float | None) -> Stop | None:
        """The best window's I is as high as the user wants it, or as can be expected of this talker."""
        if value is None or not math.isfinite(value) or self._end / FPS < self.rules.floor_s:
            return None
        if self.rules.stop_at and value >= self.rules.stop_at:
            return Stop(StopRule.THRESHOLD, value, self.rules.stop_at)
        standing = self.standing
        if standing is None or standing.needed is None or value < standing.needed:
            return None
        return Stop(StopRule.THRESHOLD, value, standing.needed, standing.expected)

    def _gain(self) -> Stop | None:
        limit, value = self.rules.gain, self.gain
        if not limit or value is None or (self._end - self._origin) / FPS < self.rules.gain_after_s:
            return None
        return Stop(StopRule.GAIN, value, limit) if value <= limit else None

    def _cap(self) -> Stop | None:
        time_s, limit = self._end / FPS, self.rules.cap_s
        return Stop(StopRule.CAP, time_s, limit) if time_s >= limit else None


def leave_out_gain(ordered: Sequence[float], k: int) -> float | None:
    r"""G: what k more blocks are expected to add to the largest score.

    With n scores x_(1) <= ... <= x_(n) and m = n - k,

    ``G = x_(n) - sum over i = m..n of x_(i) C(i-1, m-1) / C(n, m)``,

    the mean, over all ways to leave k of the n blocks out, of the loss. For exchangeable blocks it
    is an unbiased estimate of E[M_n] - E[M_(n-k)], M_n the largest of n, and since E[M_n] is concave in n, k more
    blocks are expected to add no more. No law of the scores is fitted.

    That holds for an n fixed in advance. At the first n with G <= eps, G is partly low by chance, and k more blocks
    add more than eps: 1.5 times as much for normal scores (``docs/stopping.md``). A steady rise is not an exchangeable
    sequence, and G mistakes it for luck.

    Parameters
    ----------
    ordered : sequence of float [n]
        Finite block scores in ascending order; log I in take5.
    k : int
        Blocks left out, >= 1.

    Returns
    -------
    float or None
        G >= 0, in the unit of the scores; None where n <= k.

    Notes
    -----
    The weight of x_(n) is m / n, that of x_(i-1) the weight of x_(i) times (i - m) / (i - 1): no binomial is computed,
    and since the weights sum to 1, no large numbers are subtracted.
    """
    n, m = len(ordered), len(ordered) - k
    if m < 1:
        return None
    gain, weight = 0.0, m / n
    for i in range(n, m - 1, -1):
        gain += weight * (ordered[-1] - ordered[i - 1])
        weight *= (i - m) / max(1, i - 1)
    return gain


def _log_informativeness(judged: JudgedWindow) -> float | None:
    """Log I of an eligible window; None for any other, or if it is not finite."""
    value = judged.score.I
    if not judged.eligible or value is None or not math.isfinite(value) or value <= 0:
        return None
    return math.log(value)
