"""What talkers reach within some time, as a multiple of their typical window.

A talker's lift over n windows is what Algorithm 1 makes of n consecutive eligible windows, on the mean over all such
stretches, above the talker's typical window::

    lift_v(n) = mean over stretches of n windows of log I(choice) - mean of log I

It grows with log n by much the same for everybody (:data:`SLOPE`), so each length that a recording holds says what the
talker reaches in N windows; their mean is the talker's, and the mean over talkers the result::

    log reach_v = mean over n of lift_v(n) + SLOPE * log(N / n)        reach = exp(mean over v of log reach_v)
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from take5.scoring.judging import JudgedWindow
from take5.scoring.selector import Selector

LENGTHS = (8, 12, 16, 24, 32, 48)
"""Numbers of windows over which lifts are taken."""

SLOPE = 0.047
"""Growth of the lift with log n, over 26 people (``bench/stopping``)."""

CONFIDENCE = 0.95
"""Confidence of the interval over talkers."""


@dataclass(frozen=True)
class Interval:
    """Confidence interval of the reach of very many talkers like these."""

    low: float
    high: float
    confidence: float


def eligible(verdicts: Iterable[JudgedWindow]) -> list[JudgedWindow]:
    """The windows that may win."""
    return [verdict for verdict in verdicts if verdict.eligible and verdict.score.I is not None]


def choices(verdicts: Iterable[JudgedWindow], pool: int) -> Iterator[float | None]:
    """I of Algorithm 1's choice after each window, in order of time; None before the first eligible one."""
    selector = Selector(pool)
    for verdict in verdicts:
        if verdict.eligible:
            selector.add(verdict.score)
        yield None if selector.best is None else selector.best.I


def choice(verdicts: Iterable[JudgedWindow], pool: int) -> float | None:
    """I of Algorithm 1's choice among all of them; None without an eligible one."""
    selector = Selector(pool)
    for verdict in verdicts:
        if verdict.eligible:
            selector.add(verdict.score)
    return None if selector.best is None else selector.best.I


def lift(verdicts: Sequence[JudgedWindow], windows: int, pool: int) -> float:
    """The mean of log I of the choice over all stretches of that many eligible windows, above that of all of them."""
    able = eligible(verdicts)
    ends = [choice(able[at : at + windows], pool) for at in range(len(able) - windows + 1)]
    scores = [verdict.score.I for verdict in able]
    return float(np.mean(np.log(np.array(ends, float))) - np.mean(np.log(np.array(scores, float))))


def talker_reach(verdicts: Sequence[JudgedWindow], windows: int, pool: int) -> float | None:
    """What a talker reaches in N windows, as a multiple of the typical one; None with too few eligible ones to say."""
    able = eligible(verdicts)
    if len(able) < LENGTHS[0]:
        return None
    held = [n for n in (*LENGTHS, windows) if n <= min(len(able), windows)]
    lifts = [lift(able, n, pool) + SLOPE * math.log(windows / n) for n in held]
    return max(1.0, math.exp(float(np.mean(lifts))))


def mean_reach(reaches: Iterable[float | None]) -> float | None:
    """The geometric mean of what talkers reach; None without any."""
    known = [reach for reach in reaches if reach is not None]
    return math.exp(float(np.mean(np.log(known)))) if known else None


def reach_interval(reaches: Iterable[float | None]) -> Interval | None:
    """Student's interval of the mean of log reach over talkers; None with fewer than two."""
    known = np.log([reach for reach in reaches if reach is not None])
    if len(known) < 2:
        return None
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(known) - 1) * known.std(ddof=1) / math.sqrt(len(known)))
    middle = float(known.mean())
    return Interval(max(1.0, math.exp(middle - half)), math.exp(middle + half), CONFIDENCE)
