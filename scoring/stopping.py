"""When a recording is enough: search with recall, since the best window so far is kept.

Rule 1, threshold: I of the best window reaches ``stop_at``. Rule 3, cap: the longest time is over. Rule 2, gain: cut
the session into n blocks of one window that do not overlap, with scores x = log I, x_(1) <= ... <= x_(n). The next k
blocks are expected to add no more than what the last k did, whichever they were::

    G = x_(n) - sum over i = m..n of x_(i) C(i-1, m-1) / C(n, m),    m = n - k

the mean, over all ways to leave k of the n blocks out, of what leaving them out costs: an unbiased estimate of
E[M_n] - E[M_(n-k)] for exchangeable blocks, and E[M_n] is concave in n. It stops when G <= eps.
"""

import math
from bisect import insort
from dataclasses import dataclass, field
from enum import StrEnum

from take5.scoring.errors import ParameterError
from take5.scoring.parameters import FPS, Parameters
from take5.scoring.score import WindowScore
from take5.scoring.window import JudgedWindow

STOP_AT: dict[str, float] = {"speech-embedding": 1150.0}
"""Thresholds by encoder that ``take5 calibrate`` gave on real talkers (``docs/stopping.md``); none for ave yet."""


@dataclass(frozen=True)
class StopRules:
    """When a recording stops by itself.

    Parameters
    ----------
    stop_at : float, optional
        I of the best window at which it stops at once; None to leave the rule out.
    floor_s : float
        Not before so many seconds by ``stop_at``.
    gain : float, optional
        eps in log I: it stops when another ``gain_horizon_s`` are expected to add no more; None to leave the rule out.
    gain_after_s : float
        Not before so many seconds by ``gain``.
    gain_horizon_s : float
        How far the gain rule looks ahead, in seconds.
    cap_s : float
        It stops after so many seconds in any case.
    """

    stop_at: float | None = None
    floor_s: float = 0.0
    gain: float | None = 0.01
    gain_after_s: float = 60.0
    gain_horizon_s: float = 30.0
    cap_s: float = 600.0

    def __post_init__(self) -> None:
        for name in ("stop_at", "gain", "floor_s", "gain_after_s", "gain_horizon_s", "cap_s"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise ParameterError(f"{name}={value} must be a finite number, 0 or more")
        if not self.cap_s > 0:
            raise ParameterError(f"cap_s={self.cap_s} must be more than 0")


class StopRule(StrEnum):
    """Why a recording stopped: one of the three rules, or an end that is none."""

    THRESHOLD = "threshold"
    GAIN = "gain"
    CAP = "cap"
    ENDED = "ended"
    LOST = "lost"
    SHUTDOWN = "shutdown"


@dataclass(frozen=True)
class Stop:
    """Which rule stopped a recording, and the numbers that it compared: ``value`` against ``limit``."""

    rule: StopRule
    value: float | None = None
    limit: float | None = None


@dataclass
class Stopper:
    """Looks at each window in order of time and says when it is enough."""

    rules: StopRules
    parameters: Parameters
    _scores: list[float] = field(default_factory=list)
    _origin: int = 0
    _time: int = 0

    def push(self, judged: JudgedWindow, best: WindowScore | None) -> Stop | None:
        """Add the next window; ``best`` is the choice so far."""
        self._time = judged.score.start + self.parameters.window_frames
        return self.amend(judged, best)

    def amend(self, judged: JudgedWindow, best: WindowScore | None) -> Stop | None:
        """Add a window that was looked at after it had passed."""
        length = self.parameters.window_frames
        I = judged.score.I  # noqa: E741 - the paper's name
        since = judged.score.start - self._origin
        if judged.eligible and I and since >= 0 and since % length == 0:
            insort(self._scores, math.log(I))
        return self._decide(best)

    def restart(self) -> None:
        """Count blocks from the next window's end on: the speaker has changed."""
        self._scores, self._origin = [], self._time

    @property
    def gain(self) -> float | None:
        """G, what another horizon is expected to add to log I; None with too few blocks."""
        k = max(1, round(self.rules.gain_horizon_s / self.parameters.seconds))
        return leave_out_gain(self._scores, k)

    def _decide(self, best: WindowScore | None) -> Stop | None:
        rules, time_s = self.rules, self._time / FPS
        I = None if best is None else best.I  # noqa: E741
        if rules.stop_at is not None and I is not None and rules.stop_at <= I and time_s >= rules.floor_s:
            return Stop(StopRule.THRESHOLD, I, rules.stop_at)
        gain = self.gain
        if rules.gain is not None and gain is not None and gain <= rules.gain and time_s >= rules.gain_after_s:
            return Stop(StopRule.GAIN, gain, rules.gain)
        return Stop(StopRule.CAP, time_s, rules.cap_s) if time_s >= rules.cap_s else None


def leave_out_gain(ordered: list[float], k: int) -> float | None:
    """G of the module's formula for scores in ascending order; None for k or fewer of them."""
    n, m = len(ordered), len(ordered) - k
    if m < 1:
        return None
    whole = math.comb(n, m)
    kept = sum(x * (math.comb(i - 1, m - 1) / whole) for i, x in enumerate(ordered, start=1) if i >= m)
    return ordered[-1] - kept
