"""What talkers can be expected to reach, from recordings with every window scored (``docs/stopping.md``).

The result is ``--stop-reach``: a recording stops once the best window has a share of that many times the talker's own
typical window. :mod:`take5.stream.offline.reaches` has the mathematics.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from take5.scoring.errors import ParameterError
from take5.scoring.judging import JudgedWindow
from take5.scoring.models.trackers import MEDIAPIPE
from take5.scoring.own_range import LEAST_WINDOWS, WITHIN_S
from take5.scoring.parameters import FPS, Parameters
from take5.scoring.selector import Selector
from take5.scoring.stopping import SHARE, Stopper, StopRules
from take5.stream.offline.reaches import Interval, choice, eligible, mean_reach, reach_interval, talker_reach
from take5.stream.selection import Selection, versions
from take5.stream.timeline.clock import frame_seconds
from take5.stream.wire import Json

CALIBRATION_VERSION = 2
QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Aim:
    """What is asked of a calibration.

    Parameters
    ----------
    within_s : float
        H, the seconds given to a talker; no less than :data:`LEAST_WINDOWS` windows last.
    share : float
        The share of what a talker is expected to reach at which a recording stops, in (0, 1].
    parameters : Parameters
        Of Algorithm 1.

    Raises
    ------
    ParameterError
        If a value breaks its rule.
    """

    within_s: float = WITHIN_S
    share: float = SHARE
    parameters: Parameters = field(default_factory=Parameters)

    def __post_init__(self) -> None:
        least = self.parameters.seconds + (LEAST_WINDOWS - 1) * self.parameters.hop
        if not (math.isfinite(self.within_s) and self.within_s >= least):
            raise ParameterError(
                f"within_s={self.within_s} must be a finite number of seconds, {least:g} ({LEAST_WINDOWS} windows) "
                "or more"
            )
        if not 0 < self.share <= 1:
            raise ParameterError(f"share={self.share} must be above 0 and at most 1")

    @property
    def windows(self) -> int:
        """N, windows in H seconds."""
        return self.parameters.window_count(math.floor(self.within_s * FPS))


@dataclass(frozen=True)
class Trial:
    """What the rule does with one recording; ``time_s``, ``I`` and ``kept`` are None if it does not stop it.

    ``kept`` is I of the choice at the stop as a share of that of the whole recording. It can be above 1: a later
    window of higher D may push the best one out of Algorithm 1's pool.
    """

    reach: float
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
    typical : float or None
        The geometric mean of I over them.
    best : float or None
        I of Algorithm 1's choice of the whole recording.
    reach : float or None
        What the talker reaches in H seconds, as a multiple of the typical window; None with too few windows.
    short : bool
        Whether it has fewer eligible windows than H seconds, so that shorter stretches speak for those.
    """

    video: str
    duration_s: float
    windows: int
    eligible: int
    quantiles: tuple[float, ...]
    typical: float | None
    best: float | None
    reach: float | None
    short: bool
    verdicts: tuple[JudgedWindow, ...] = field(repr=False)

    @classmethod
    def of(cls, selection: Selection, aim: Aim) -> "Talker":
        """Summarise a selection that judged every window."""
        verdicts = selection.verdicts
        values = [v.score.I for v in eligible(verdicts) if v.score.I is not None]
        return cls(
            video=selection.video,
            duration_s=frame_seconds(selection.frames),
            windows=len(verdicts),
            eligible=len(values),
            quantiles=tuple(np.quantile(values, QUANTILES).tolist()) if values else (),
            typical=math.exp(float(np.mean(np.log(values)))) if values else None,
            best=choice(verdicts, aim.parameters.pool),
            reach=talker_reach(verdicts, aim.windows, aim.parameters.pool),
            short=bool(values) and len(values) < aim.windows,
            verdicts=verdicts,
        )

    def trial(self, reach: float, aim: Aim) -> Trial:
        """Stop the recording at a share of what is expected."""
        rules = StopRules(gain=None, cap_s=1e9, share=aim.share, reach=reach)
        stopper, selector = Stopper(rules, aim.parameters), Selector(aim.parameters.pool)
        for verdict in self.verdicts:
            if verdict.eligible:
                selector.add(verdict.score)
            stop = stopper.push(verdict, selector.best)
            if stop is not None and stop.value is not None and self.best is not None:
                time_s = frame_seconds(verdict.score.start + aim.parameters.window_frames)
                return Trial(reach, time_s, stop.value, stop.value / self.best)
        return Trial(reach)


@dataclass(frozen=True)
class Calibration:
    """What talkers reach, and its data; None if no recording has enough eligible windows.

    Attributes
    ----------
    interval : Interval or None
        Interval of ``reach``, with two talkers or more.
    held_out : tuple of float or None
        For each talker, the reach of the other talkers.
    tracker : str
        The face tracker that MC was measured with.
    """

    aim: Aim
    encoder: str
    encoder_version: str
    talkers: tuple[Talker, ...]
    reach: float | None
    interval: Interval | None
    held_out: tuple[float | None, ...]
    tracker: str = MEDIAPIPE

    def trials(self) -> Iterator[tuple[Talker, Trial | None, Trial | None]]:
        """Each talker, with what the rule does at the reach found, and at that of the other talkers."""
        for talker, others in zip(self.talkers, self.held_out, strict=True):
            yield talker, self._trial(talker, self.reach), self._trial(talker, others)

    def _trial(self, talker: Talker, reach: float | None) -> Trial | None:
        return None if reach is None or talker.best is None else talker.trial(reach, self.aim)

    def json(self) -> Json:
        """The object that ``take5 calibrate --json`` prints."""
        return {
            "version": CALIBRATION_VERSION,
            "encoder": self.encoder,
            "encoder_version": self.encoder_version,
            "tracker": self.tracker,
            "within_s": self.aim.within_s,
            "share": self.aim.share,
            "reach": self.reach,
            "interval": self.interval and asdict(self.interval),
            "videos": [_talker_json(*row) for row in self.trials()],
            "parameters": asdict(self.aim.parameters),
            "versions": versions(),
        }


def calibrate(selections: Sequence[Selection], aim: Aim) -> Calibration:
    """Compute what talkers reach from recordings, one per talker, with every window judged by the same models.

    Parameters
    ----------
    selections : sequence of Selection
        At least one, all of the same encoder and tracker and of the aim's parameters.
    aim : Aim
        The time given to them, and the share of what they reach at which to stop.

    Raises
    ------
    ParameterError
        If they are of several encoders or trackers.
    """
    encoders = {(s.encoder, s.encoder_version) for s in selections}
    if len(encoders) != 1:
        raise ParameterError(f"{len(selections)} recordings of {len(encoders)} encoders; give those of one encoder")
    trackers = {s.tracker for s in selections}
    if len(trackers) != 1:
        raise ParameterError(f"{len(selections)} recordings of {len(trackers)} trackers; give those of one tracker")
    encoder, encoder_version = encoders.pop()
    talkers = tuple(Talker.of(selection, aim) for selection in selections)
    reaches = [talker.reach for talker in talkers]
    return Calibration(
        aim=aim,
        encoder=encoder,
        encoder_version=encoder_version,
        talkers=talkers,
        reach=mean_reach(reaches),
        interval=reach_interval(reaches),
        held_out=tuple(mean_reach([*reaches[:i], *reaches[i + 1 :]]) for i in range(len(reaches))),
        tracker=trackers.pop(),
    )


def _talker_json(talker: Talker, own: Trial | None, held_out: Trial | None) -> Json:
    quantiles = {f"q{round(100 * q)}": value for q, value in zip(QUANTILES, talker.quantiles, strict=False)}
    return {
        "video": talker.video,
        "duration_s": talker.duration_s,
        "windows": talker.windows,
        "eligible": talker.eligible,
        "short": talker.short,
        "I": {
            "typical": talker.typical,
            "best": talker.best,
            **(quantiles or {"q10": None, "q50": None, "q90": None}),
        },
        "reach": talker.reach,
        "stopped": own and asdict(own),
        "held_out": held_out and asdict(held_out),
    }
