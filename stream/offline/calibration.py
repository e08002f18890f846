"""What threshold suits an encoder: from recordings of which every window was scored (``docs/stopping.md``).

B_v is what Algorithm 1 gives of talker v within H seconds: the median of I of its choice over all stretches of H
seconds of the recording, or of the whole recording where that is shorter. The threshold is a share s of what the
middle talker gives::

    stop_at = s * median over v of B_v

So at least half of the talkers, stopped at it, keep at least s of what they would give in H seconds. One talker more
or less, however unusual, moves a median by half a rank. I is that of the choice, which is the clip that one gets, and
not the largest that there is.
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
"""Of the interval around the median, where there are videos enough for it."""


@dataclass(frozen=True)
class Aim:
    """What a threshold is made for.

    Parameters
    ----------
    within_s : float
        H, the seconds that a talker is given; no shorter than a window.
    share : float
        s, the share of what the middle talker gives in that time, in (0, 1].
    parameters : Parameters
        Of Algorithm 1.

    Raises
    ------
    ParameterError
        If one of them breaks its rule.
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
    """What a threshold does to one recording; ``time_s``, ``I`` and ``kept`` are None where it is not reached.

    ``kept`` is I of the choice at the stop as a share of that of the whole recording. It can be above 1: a window of
    higher D that comes later may push the best one out of Algorithm 1's pool.
    """

    stop_at: float
    time_s: float | None = None
    I: float | None = None  # noqa: E741 - the paper's name
    kept: float | None = None


@dataclass(frozen=True)
class Talker:
    """One recording: what its windows are worth.

    Attributes
    ----------
    windows, eligible : int
        Windows in it, and those of them that may win.
    quantiles : tuple of float
        Of I over the eligible windows, at 0.1, 0.5 and 0.9; empty without any.
    best : float or None
        I of Algorithm 1's choice of the whole recording.
    within : float or None
        B_v.
    short : bool
        Whether it lasts more than a hop less than H, so that B_v may be lower than it would be.
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
        """Sum up a selection that judged every window."""
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
        for index, value in enumerate(choices(self.verdicts, parameters.pool)):
            if value is not None and value >= stop_at and self.best is not None:
                time_s = frame_seconds(parameters.window_span(index)[1])
                return Trial(stop_at, time_s, value, value / self.best)
        return Trial(stop_at)


@dataclass(frozen=True)
class Interval:
    """Where the threshold would lie with very many talkers like these, with what confidence."""

    low: float
    high: float
    confidence: float


@dataclass(frozen=True)
class Calibration:
    """A threshold and what it is made of; None where no recording has an eligible window.

    Attributes
    ----------
    interval : Interval or None
        Of ``stop_at``; from two talkers on.
    expected_s : float or None
        Expected seconds until it is reached; None where it never is.
    held_out : tuple of float or None
        For each talker the threshold that the other talkers give.
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
        """Each talker, what the threshold does to it, and what the threshold made of the other talkers does."""
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
    """Make a threshold from recordings of talkers, one of each, of which every window was judged by one encoder.

    Parameters
    ----------
    selections : sequence of Selection
        At least one, all of the same encoder and of the aim's parameters.
    aim : Aim
        What the threshold is made for.
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
    """B_v: median over all stretches of H seconds of I of Algorithm 1's choice in it; None where none has one."""
    starts = range(max(1, len(verdicts) - aim.windows + 1))
    ends = [_last(choices(verdicts[start : start + aim.windows], aim.parameters.pool)) for start in starts]
    found = [end for end in ends if end is not None]
    return float(np.median(found)) if found else None


def threshold(bests: Iterable[float | None], share: float) -> float | None:
    """``share`` times the median of what the talkers give; None where none gives anything."""
    known = [best for best in bests if best is not None]
    return share * float(np.median(known)) if known else None


def threshold_interval(bests: Iterable[float | None], share: float) -> Interval | None:
    """Interval of the threshold that assumes no law: between the r-th lowest and the r-th highest talker.

    It holds the true median with confidence ``1 - 2 sum over i < r of C(n, i) / 2^n``; r is the largest with at least
    0.9, or 1 where there are too few talkers for that.
    """
    known = sorted(best for best in bests if best is not None)
    n = len(known)
    if n < 2:
        return None
    confidences = {r: 1 - 2 * sum(math.comb(n, i) for i in range(r)) / 2**n for r in range(1, n // 2 + 1)}
    r = max((r for r, confidence in confidences.items() if confidence >= CONFIDENCE), default=1)
    return Interval(share * known[r - 1], share * known[n - r], confidences[r])


def expected_seconds(talkers: Iterable[Talker], stop_at: float, parameters: Parameters) -> float | None:
    """Expected seconds until the threshold is reached, whenever one begins; None where nobody reaches it.

    The recordings are begun anew at each block of one window and watched until they reach it (R times) or end. Of N
    windows watched in all, each is taken to reach it with chance p = R / N, so that on average 1 / p are needed::

        seconds + hop * (N / R - 1)

    Recordings that end first count for what was watched of them, so short ones do no harm.
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
