"""A threshold for an encoder, from recordings with every window scored (``docs/stopping.md``).

B_v is what Algorithm 1 achieves for talker v within H seconds: the median of I of its choice over all stretches of H
seconds of the recording, or over the whole recording if that is shorter. The threshold is a share s of the median
talker's::

    stop_at = s * median over v of B_v

So at least half of the talkers, stopped at it, keep at least s of what they would reach in H seconds. One more or
fewer talker, however unusual, moves a median by half a rank. I is that of the choice, which becomes the clip, and not
the largest of the recording.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from take5.scoring.errors import ParameterError
from take5.scoring.judging import JudgedWindow
from take5.scoring.parameters import FPS, Parameters
from take5.scoring.selector import Selector
from take5.stream.selection import Selection, versions
from take5.stream.timeline.clock import frame_seconds
from take5.stream.wire import Json

CALIBRATION_VERSION = 1
QUANTILES = (0.1, 0.5, 0.9)
CONFIDENCE = 0.9
"""Confidence of the interval around the median, if there are enough videos."""


@dataclass(frozen=True)
class Aim:
    """The aim of a threshold.

    Parameters
    ----------
    within_s : float
        H, the seconds given to a talker; no less than a window.
    share : float
        s, the share of the median talker's I in that time, in (0, 1].
    parameters : Parameters
        Of Algorithm 1.

    Raises
    ------
    ParameterError
        If a value breaks its rule.
    """

    within_s: float = 60.0
    share: float = 0.95
    parameters: Parameters = field(default_factory=Parameters)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.within_s) and self.within_s >= self.parameters.seconds):
            least = self.parameters.seconds
            raise ParameterError(
                f"within_s={self.within_s} must be a finite number of seconds, {least} (a window) or more"
            )
        if not 0 < self.share <= 1:
            raise ParameterError(f"share={self.share} must be above 0 and at most 1")

    @property
    def windows(self) -> int:
        """Windows in a stretch of H seconds."""
        return self.parameters.window_count(math.floor(self.within_s * FPS))


@dataclass(frozen=True)
class Trial:
    """Effect of a threshold on one recording; ``time_s``, ``I`` and ``kept`` are None if it is not reached.

    ``kept`` is I of the choice at the stop as a share of that of the whole recording. It can be above 1: a later
    window of higher D may push the best one out of Algorithm 1's pool.
    """

    stop_at: float
    time_s: float | None = None
    I: float | None = None  # noqa: E741 - the paper's name
    kept: float | None = None


@dataclass(frozen=True)
class Talker:
    """Statistics of one recording's windows.

    Attributes
    ----------
    windows, eligible : int
        Number of windows, and of eligible ones.
    quantiles : tuple of float
        Of I over the eligible windows, at 0.1, 0.5 and 0.9; empty without any.
    best : float or None
        I of Algorithm 1's choice of the whole recording.
    within : float or None
        B_v.
    short : bool
        Whether it is more than a hop shorter than H, so that B_v may be too low.
    """

    video: str
    duration_s: float
    windows: int
    eligible: int
    quantiles: tuple[float, ...]
    best: float | None
    within: float | None
    short: bool
    verdicts: tuple[JudgedWindow, ...] = field(repr=False)

    @classmethod
    def of(cls, selection: Selection, aim: Aim) -> "Talker":
        """Summarise a selection that judged every window."""
        verdicts = selection.verdicts
        values = [v.score.I for v in verdicts if v.eligible and v.score.I is not None]
        return cls(
            video=selection.video,
            duration_s=frame_seconds(selection.frames),
            windows=len(verdicts),
            eligible=len(values),
            quantiles=tuple(np.quantile(values, QUANTILES).tolist()) if values else (),
            best=_last(choices(verdicts, aim.parameters.pool)),
            within=best_within(verdicts, aim),
            short=len(verdicts) < aim.windows - 1,
            verdicts=verdicts,
        )

    def trial(self, stop_at: float, parameters: Parameters) -> Trial:
        """Stop the recording at a threshold."""
        for verdict, value in zip(self.verdicts, choices(self.verdicts, parameters.pool), strict=True):
            if value is not None and value >= stop_at and self.best is not None:
                time_s = frame_seconds(verdict.score.start + parameters.window_frames)
                return Trial(stop_at, time_s, value, value / self.best)
        return Trial(stop_at)


@dataclass(frozen=True)
class Interval:
    """Confidence interval of the threshold for very many talkers like these."""

    low: float
    high: float
    confidence: float


@dataclass(frozen=True)
class Calibration:
    """A threshold and its data; None if no recording has an eligible window.

    Attributes
    ----------
    interval : Interval or None
        Interval of ``stop_at``, with two talkers or more.
    expected_s : float or None
        Expected seconds until it is reached; None if it never is.
    held_out : tuple of float or None
        For each talker, the threshold from the other talkers.
    """

    aim: Aim
    encoder: str
    encoder_version: str
    talkers: tuple[Talker, ...]
    stop_at: float | None
    interval: Interval | None
    expected_s: float | None
    held_out: tuple[float | None, ...]

    def trials(self) -> Iterator[tuple[Talker, Trial | None, Trial | None]]:
        """Each talker, with the effect of the threshold and of the threshold from the other talkers."""
        for talker, others in zip(self.talkers, self.held_out, strict=True):
            yield talker, self._trial(talker, self.stop_at), self._trial(talker, others)

    def _trial(self, talker: Talker, stop_at: float | None) -> Trial | None:
        return None if stop_at is None or talker.best is None else talker.trial(stop_at, self.aim.parameters)

    def json(self) -> Json:
        """The object that ``take5 calibrate --json`` prints."""
        return {
            "version": CALIBRATION_VERSION,
            "encoder": self.encoder,
            "encoder_version": self.encoder_version,
            "within_s": self.aim.within_s,
            "share": self.aim.share,
            "stop_at": self.stop_at,
            "interval": self.interval and asdict(self.interval),
            "expected_s": self.expected_s,
            "videos": [_talker_json(*row) for row in self.trials()],
            "parameters": asdict(self.aim.parameters),
            "versions": versions(),
        }


def calibrate(selections: Sequence[Selection], aim: Aim) -> Calibration:
    """Compute a threshold from recordings, one per talker, with every window judged by one encoder.

    Parameters
    ----------
    selections : sequence of Selection
        At least one, all of the same encoder and of the aim's parameters.
    aim : Aim
        The aim of the threshold.
    """
    encoders = {(s.encoder, s.encoder_version) for s in selections}
    if len(encoders) != 1:
        raise ParameterError(f"{len(selections)} recordings of {len(encoders)} encoders; one encoder, one threshold")
    encoder, encoder_version = encoders.pop()
    talkers = tuple(Talker.of(selection, aim) for selection in selections)
    bests = [talker.within for talker in talkers]
    stop_at = threshold(bests, aim.share)
    return Calibration(
        aim=aim,
        encoder=encoder,
        encoder_version=encoder_version,
        talkers=talkers,
        stop_at=stop_at,
        interval=threshold_interval(bests, aim.share),
        expected_s=None if stop_at is None else expected_seconds(talkers, stop_at, aim.parameters),
        held_out=tuple(threshold([*bests[:i], *bests[i + 1 :]], aim.share) for i in range(len(bests))),
    )


def choices(verdicts: Iterable[JudgedWindow], pool: int) -> Iterator[float | None]:
    """I of Algorithm 1's choice after each window, in order of time; None before the first eligible one."""
    selector = Selector(pool)
    for verdict in verdicts:
        if verdict.eligible:
            selector.add(verdict.score)
        yield None if selector.best is None else selector.best.I


def best_within(verdicts: Sequence[JudgedWindow], aim: Aim) -> float | None:
    """B_v: median over all stretches of H seconds of I of Algorithm 1's choice in it; None if none has one."""
    starts = range(max(1, len(verdicts) - aim.windows + 1))
    ends = [_last(choices(verdicts[start : start + aim.windows], aim.parameters.pool)) for start in starts]
    found = [end for end in ends if end is not None]
    return float(np.median(found)) if found else None


def threshold(bests: Iterable[float | None], share: float) -> float | None:
    """``share`` times the median of the talkers' values; None without any."""
    known = [best for best in bests if best is not None]
    return share * float(np.median(known)) if known else None


def threshold_interval(bests: Iterable[float | None], share: float) -> Interval | None:
    """Distribution-free interval of the threshold: between the r-th lowest and the r-th highest talker.

    It holds the true median with confidence ``1 - 2 sum over i < r of C(n, i) / 2^n``; r is the largest with at least
    0.9, or 1 with too few talkers for that.
    """
    known = sorted(best for best in bests if best is not None)
    n = len(known)
    if n < 2:
        return None
    confidences = {r: 1 - 2 * sum(math.comb(n, i) for i in range(r)) / 2**n for r in range(1, n // 2 + 1)}
    r = max((r for r, confidence in confidences.items() if confidence >= CONFIDENCE), default=1)
    return Interval(share * known[r - 1], share * known[n - r], confidences[r])


def expected_seconds(talkers: Iterable[Talker], stop_at: float, parameters: Parameters) -> float | None:
    """Expected seconds until the threshold is reached, from a random start; None if no talker reaches it.

    Each recording is started at each block of one window and followed until it reaches the threshold (R times) or ends.
    Each of the N windows in all is assumed to reach it with probability p = R / N, so that on average 1 / p are
    needed::

        seconds + hop * (N / R - 1)

    Recordings that end first count for the windows followed, so short ones do no harm.
    """
    watched = reached = 0
    for talker in talkers:
        for start in range(0, talker.windows, parameters.chunks_per_window):
            for value in choices(talker.verdicts[start:], parameters.pool):
                watched += 1
                if value is not None and value >= stop_at:
                    reached += 1
                    break
    return parameters.seconds + parameters.hop * (watched / reached - 1) if reached else None


def _last(values: Iterator[float | None]) -> float | None:
    *_, last = None, *values
    return last


def _talker_json(talker: Talker, own: Trial | None, held_out: Trial | None) -> Json:
    quantiles = {f"q{round(100 * q)}": value for q, value in zip(QUANTILES, talker.quantiles, strict=False)}
    return {
        "video": talker.video,
        "duration_s": talker.duration_s,
        "windows": talker.windows,
        "eligible": talker.eligible,
        "short": talker.short,
        "I": {"best": talker.best, "within": talker.within, **(quantiles or {"q10": None, "q50": None, "q90": None})},
        "reached": own and asdict(own),
        "held_out": held_out and asdict(held_out),
    }
