"""The idle clip: the best still, silent stretch with closed lips, eyes on the camera and a blink.

A stretch is as long as a window, or a fifth or two shorter: 125, 100 or 75 frames. Each of its frames must be *calm*
(:func:`calm_frames`), and together they must be still, even in sound, and with open eyes (:func:`idle_cost`). The
stretch of least cost wins; of equals the earlier one. :class:`IdleFinder` finds it in a stream and keeps as much as the
longest of them; :func:`best_idle` is its batch form.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from take5.scoring.eligibility import observation_reasons, runs
from take5.scoring.gates.config import GateConfig
from take5.scoring.gates.findings import Code
from take5.scoring.gates.measures import FrameMeasures
from take5.scoring.gates.rules import FRAME_RULES
from take5.scoring.gates.series import SERIES, closure, middle_spread, pose_spread, quantile
from take5.scoring.gates.sound import SPEECH, SoundMeasures
from take5.scoring.gates.verdict import broken
from take5.scoring.parameters import FPS
from take5.scoring.stretch import Stretch

Mask = NDArray[np.bool_]

LENGTHS = (5 * FPS, 4 * FPS, 3 * FPS)
"""Idle clip lengths in frames beside a window of five seconds, preferred first."""

LONGEST, SHORTEST = LENGTHS[0], LENGTHS[-1]

STEP = 5
"""Stretches end at frames divisible by this, near a frame in which faces were counted."""

CLOSED_LIPS = 0.03
"""Largest opening of closed lips, in inter-eye distances."""

MOST_SPEECH = 0.05
"""Speech must be less than this share of an idle clip."""

UNEVEN_DB = 20.0
"""Largest difference in dB between the loudest and quietest twentieth of the frames: no bumps, coughs or words."""

LEAST_POWER = 1e-6
"""-60 dBFS: anything below counts as silence."""

MOST_TURN_DEGREES, MOST_SHIFT = 8.0, 0.15
"""Largest spread of the head's angles, and of the face's middle in face widths, in a still stretch."""

BLINK = 0.4
"""How far the eyes close in a blink; as for :data:`take5.scoring.gates.findings.Code.NO_BLINK`."""

MOST = 8
"""Silent stretches of a finished recording whose pictures are analysed."""

SHUT, MOST_SHUT = 0.5, 0.2
"""Eyes closed further than this count as shut; the largest share of a stretch with shut eyes."""

NO_BLINK_COST = 0.5
SHORT_COST = 1.0
"""Cost of a missing blink and of the shortest length; a moving head costs at most 2."""

FACING = (Code.HEAD_TURNED, Code.HEAD_PITCHED, Code.HEAD_TILTED, Code.LOOKING_AWAY)
"""Gates whose warning limits decide whether the person faces the camera."""


@dataclass(frozen=True)
class Idle:
    """An idle stretch: grid frames [start, stop), its cost (lower is better), and whether there is a blink in it."""

    start: int
    stop: int
    cost: float
    blinks: bool


def calm_frames(stretch: Stretch, config: GateConfig) -> Mask:
    """Which frames may be part of an idle clip: one whole face looking at the camera, lips closed, nothing lost.

    Each frame is judged on its own, except that the eyes may blink.
    """
    measures, observations, timing = stretch.measures, stretch.observations, stretch.timing
    fine = (
        observations.seen
        & observations.tracked
        & ~observations.damaged
        & ~observations.resized
        & (observations.faces < 2)
    )
    fine &= ~timing.frames_missing & ~timing.sound_missing
    fine &= measures.mouth_open <= CLOSED_LIPS
    for rule in FRAME_RULES:
        limits = config.limits[rule.code]
        limit = limits.warn if rule.code in FACING else limits.reject
        if limit is not None and rule.code != Code.EYES_CLOSED:
            fine &= ~broken(rule, SERIES[rule.code](measures), limit)
    return fine


def idle_lengths(window_frames: int) -> tuple[int, ...]:
    """Idle clip lengths in frames beside a window of this length, preferred first: all of it, 4/5 and 3/5 of it."""
    return tuple(max(1, round(window_frames * part / 5)) for part in (5, 4, 3))


def idle_cost(stretch: Stretch, lengths: Sequence[int] = LENGTHS) -> tuple[float, bool] | None:
    """Cost of a stretch of calm frames and whether it has a blink; None if it is not an idle clip.

    turn / 8 + shift / 0.15 (the spreads of the head's angles in degrees and of the face's middle in face widths), 0.5
    without a blink, and 1 for the shortest of the ``lengths`` where the longest is wanted.
    """
    measures = stretch.measures
    turn, shift = pose_spread(measures), centre_spread(measures)
    still = turn <= MOST_TURN_DEGREES and shift <= MOST_SHIFT
    if not (still and is_silent(stretch.sound) and _moves(stretch)):
        return None
    closed = closure(measures)
    if float((closed > SHUT).mean()) > MOST_SHUT:
        return None
    blinks = float(closed.max()) >= BLINK
    short = (lengths[0] - len(stretch)) / max(1, lengths[0] - lengths[-1])
    cost = turn / MOST_TURN_DEGREES + shift / MOST_SHIFT + NO_BLINK_COST * (not blinks) + SHORT_COST * short
    return cost, blinks


def centre_spread(measures: FrameMeasures) -> float:
    """Largest spread of the face's middle, across or down, in widths of the face (a little less in a wide picture)."""
    width = quantile(measures.closeness, 0.5)
    return max(middle_spread(measures.centre_x), middle_spread(measures.centre_y)) / max(width, 1e-6)


def is_silent(sound: SoundMeasures) -> bool:
    """Whether there is no speech and no sound stands out; False if speech was not measured."""
    if np.isnan(sound.speech).any() or float((sound.speech >= SPEECH).mean()) >= MOST_SPEECH:
        return False
    quiet, loud = np.maximum(np.quantile(sound.power, (0.05, 0.95)), LEAST_POWER).tolist()
    return bool(10 * np.log10(loud / quiet) <= UNEVEN_DB)


def _moves(stretch: Stretch) -> bool:
    """Whether the picture is alive: a frozen one would be the stillest of all."""
    return not observation_reasons(stretch.observations, None, 0)


def best_idle(stretch: Stretch, config: GateConfig, first: int = 0, lengths: Sequence[int] = LENGTHS) -> Idle | None:
    """Return the best idle stretch of a whole recording that begins at grid frame ``first``; the batch form."""
    calm, best = calm_frames(stretch, config), None
    for stop in range(-(-first // STEP) * STEP, first + len(stretch) + 1, STEP):
        for length in lengths:
            start = stop - length
            if start >= first and calm[start - first : stop - first].all():
                best = _better(best, _idle(stretch[start - first : stop - first], start, lengths))
    return best


def _idle(stretch: Stretch, start: int, lengths: Sequence[int]) -> Idle | None:
    found = idle_cost(stretch, lengths)
    return None if found is None else Idle(start, start + len(stretch), *found)


def _better(best: Idle | None, found: Idle | None) -> Idle | None:
    return found if found is not None and (best is None or found.cost < best.cost) else best


@dataclass
class IdleFinder:
    """Finds the best idle stretch while a recording comes; it keeps the latest frames, as many as the longest length.

    Parameters
    ----------
    config : GateConfig
        Limits of the gates.
    first : int
        Grid frame of the first frame that will be pushed.
    lengths : sequence of int
        Lengths of an idle clip in frames, preferred first.
    """

    config: GateConfig = field(default_factory=GateConfig)
    first: int = 0
    best: Idle | None = None
    calm: int = 0
    """Number of consecutive calm frames up to the latest."""
    _recent: Stretch | None = None
    lengths: Sequence[int] = LENGTHS

    def __post_init__(self) -> None:
        self._frame = self.first

    @property
    def frame(self) -> int:
        """Session time up to which frames have been examined."""
        return self._frame

    def push(self, stretch: Stretch) -> bool:
        """Add the next frames; return whether the best stretch has changed."""
        before = self.best
        while len(stretch):
            count = STEP - self._frame % STEP
            self._add(stretch[:count])
            stretch = stretch[count:]
        return self.best != before

    def skip(self, frames: int) -> None:
        """Pass over frames of which nothing is known: no stretch goes across them."""
        self._recent, self.calm = None, 0
        self._frame += frames

    def _add(self, piece: Stretch) -> None:
        restless = np.flatnonzero(~calm_frames(piece, self.config))
        self.calm = len(piece) - 1 - int(restless[-1]) if len(restless) else self.calm + len(piece)
        parts = [piece] if self._recent is None else [self._recent, piece]
        self._recent = Stretch.concatenate(parts)[-self.lengths[0] :]
        self._frame += len(piece)
        if self._frame % STEP == 0:
            for length in self.lengths:
                if self.calm >= length:
                    found = _idle(self._recent[-length:], self._frame - length, self.lengths)
                    self.best = _better(self.best, found)


class IdleState(StrEnum):
    """Progress of the second stage; the values are coaching codes."""

    WAITING = "idle"
    FOUND = "idle_done"
    MISSED = "idle_missed"


@dataclass
class IdleStage:
    """The second stage, "now look at the camera and stay silent": when it is over, and its result.

    It is over with a stretch of the longest length; with a shorter one when the person moves again; and after ``cap``
    frames with whatever was found. Only frames from its beginning on count.

    Parameters
    ----------
    begin : int
        Grid frame at which the person is asked.
    config : GateConfig
        Limits of the gates.
    cap : int
        Frames after which it gives up.
    lengths : sequence of int
        Lengths of an idle clip in frames, preferred first.
    """

    begin: int
    config: GateConfig = field(default_factory=GateConfig)
    cap: int = 20 * FPS
    state: IdleState = IdleState.WAITING
    lengths: Sequence[int] = LENGTHS

    def __post_init__(self) -> None:
        self._finder = IdleFinder(self.config, self.begin, lengths=self.lengths)

    @property
    def best(self) -> Idle | None:
        """The best stretch so far."""
        return self._finder.best

    def push(self, stretch: Stretch) -> IdleState:
        """Add the next frames from ``begin`` on; return the progress. Once it is over, further frames are ignored."""
        while len(stretch) and self.state is IdleState.WAITING:
            count = STEP - self._finder.frame % STEP
            self._finder.push(stretch[:count])
            stretch = stretch[count:]
            self._judge()
        return self.state

    def skip(self, frames: int) -> None:
        """Pass over frames of which nothing is known."""
        if self.state is IdleState.WAITING:
            self._finder.skip(frames)

    def _judge(self) -> None:
        best, finder = self.best, self._finder
        over = finder.frame - self.begin >= self.cap
        if best is not None and (over or best.stop - best.start == self.lengths[0] or finder.calm < self.lengths[-1]):
            self.state = IdleState.FOUND
        elif over:
            self.state = IdleState.MISSED


def candidates(sound: SoundMeasures, most: int = MOST, lengths: Sequence[int] = LENGTHS) -> list[tuple[int, int]]:
    """Silent stretches [start, stop) of a finished recording, by sound alone: only their pictures need analysing.

    Parameters
    ----------
    sound : SoundMeasures
        Of all its grid frames, including speech.
    most : int
        Largest number of stretches; the longest are kept.
    lengths : sequence of int
        Lengths of an idle clip in frames.

    Returns
    -------
    list of (int, int)
        In order of time, each of the shortest length or more. Every idle clip lies within one, unless ``most`` cut
        some off.
    """
    if np.isnan(sound.speech).any():
        return []
    found = sorted(_silent_stretches(sound.speech < SPEECH, lengths), key=lambda span: span[0] - span[1])
    return sorted(found[:most])


def _silent_stretches(silent: Mask, lengths: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Join the stretches, each of an idle clip's length, with little enough speech."""
    quiet = np.zeros(len(silent), dtype=np.bool_)
    for length in (length for length in lengths if length <= len(silent)):
        speech = np.convolve(~silent, np.ones(length, dtype=np.int64), mode="valid")
        for first in np.flatnonzero(speech < MOST_SPEECH * length):
            quiet[first : first + length] = True
    yield from runs(quiet)
