"""Coaching instructions: what each one compares, over how long, and when it has been followed.

Limits are those at which the gates warn (:class:`take5.scoring.gates.config.GateConfig`), or reject if they do not
warn. What the eligibility rules forbid has no gate limit, so its limit is set here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from take5.scoring.gates.av_offset import voice_without_mouth
from take5.scoring.gates.config import GateConfig
from take5.scoring.gates.findings import Code
from take5.scoring.gates.rules import RULES
from take5.scoring.gates.series import SERIES, WHOLES, doubled_share
from take5.scoring.gates.session import SessionReference
from take5.scoring.gates.sound import SPEECH, WindowSound, window_sound
from take5.scoring.parameters import FPS
from take5.scoring.stretch import Stretch

SOON, LATER, LONG = FPS, 2 * FPS, 5 * FPS
"""How many of the latest frames must be wrong, taken together: few for what spoils everything."""

NEAR = 0.5
"""A face wider than this, relative to the picture's shorter side, is near enough, however few its pixels."""

KNOWN = 0.5
"""With less than this share of the frames known, the value is unknown."""


@dataclass
class Memory:
    """The latest frames, at most :data:`LONG` of them, and what is kept of the whole session.

    ``since_loss`` counts the frames since data were lost on the way; negative for a loss that has not been reached.
    """

    stretch: Stretch
    reference: SessionReference
    since_loss: Sequence[int] = ()
    _sounds: dict[int, WindowSound] = field(default_factory=dict)

    def sound(self, last: int) -> WindowSound:
        """Sound measures of the latest frames."""
        if last not in self._sounds:
            self._sounds[last] = window_sound(self.stretch.sound[-last:])
        return self._sounds[last]


Value = Callable[[Memory, int], float]
"""Value of the latest n frames taken together; NaN if unknown."""


class Tip(NamedTuple):
    """One instruction.

    Attributes
    ----------
    code : Code
        What is wrong.
    value : Value
        What is compared.
    slack : float
        The value must be better than the limit by this to count as followed, so that it does not flicker at the limit.
    over : int
        Number of latest frames that must be wrong.
    limit : float or None
        The limit, if the gates have none.
    restarts : bool
        Whether following it changes how the person speaks, so that earlier windows do not predict later ones.
    """

    code: Code
    value: Value
    slack: float
    over: int = SOON
    limit: float | None = None
    restarts: bool = False

    def limit_in(self, config: GateConfig) -> float | None:
        """The limit in force; None if the gate is off."""
        if self.limit is not None:
            return self.limit
        limits = config.limits.get(self.code)
        if limits is None:
            return None
        return limits.reject if limits.warn is None else limits.warn

    def wrong(self, value: float, limit: float) -> bool:
        """Whether a value is beyond the limit; NaN is not."""
        return value < limit if self._at_least else value > limit

    def right(self, value: float, limit: float) -> bool:
        """Whether a value is within the limit by the slack; NaN is not."""
        return value >= limit + self.slack if self._at_least else value <= limit - self.slack

    @property
    def _at_least(self) -> bool:
        return self.limit is None and RULES[self.code].at_least


def known_share(wrong: NDArray[np.bool_], known: NDArray[np.bool_], least: float = KNOWN) -> float:
    """Share of the known frames that are wrong; NaN with too few known."""
    return float(wrong[known].mean()) if known.any() and known.mean() >= least else float("nan")


def _median(code: Code) -> Value:
    """Median of a gate on single frames."""

    def value(memory: Memory, last: int) -> float:
        values = SERIES[code](memory.stretch.measures)[-last:]
        known = values[np.isfinite(values)]
        return float(np.median(known)) if len(known) >= KNOWN * len(values) else float("nan")

    return value


def _whole(code: Code) -> Value:
    """Value of a gate on a whole window."""

    def value(memory: Memory, last: int) -> float:
        measures = memory.stretch.measures[-last:]
        return WHOLES[code](measures) if np.isfinite(measures.yaw).mean() >= KNOWN else float("nan")

    return value


def _no_face(memory: Memory, last: int) -> float:
    observations = memory.stretch.observations[-last:]
    return known_share(~observations.tracked, observations.seen)


def _several(memory: Memory, last: int) -> float:
    """Share of the counts that find more than one face; faces are counted in every fifth frame."""
    faces = memory.stretch.observations[-last:].faces
    return known_share(faces > 1, faces >= 0, least=0.1)


def _lost(memory: Memory, last: int) -> float:
    """Share of the frames without picture or sound, or damaged, if the network has lost them."""
    return _incomplete(memory, last) if _lossy(memory, last) else 0.0


def _dropped(memory: Memory, last: int) -> float:
    """The same, if nothing was lost on the way: the sender's machine has not sent them."""
    return 0.0 if _lossy(memory, last) else _incomplete(memory, last)


def _incomplete(memory: Memory, last: int) -> float:
    observations, timing = memory.stretch.observations[-last:], memory.stretch.timing[-last:]
    return float((timing.frames_missing | timing.sound_missing | observations.damaged).mean())


def _lossy(memory: Memory, last: int) -> bool:
    """Whether data were lost on the way among the latest frames, or right after them: a hole is known at its end."""
    damaged = bool(memory.stretch.observations[-last:].damaged.any())
    return damaged or any(-LONG <= since < last for since in memory.since_loss)


def _muted(memory: Memory, last: int) -> float:
    return float(memory.stretch.timing[-last:].silent.mean())


def _frozen(memory: Memory, last: int) -> float:
    observations = memory.stretch.observations[-last:]
    same = np.array([bool(cell) and all(cell) for cell in observations.repeats], dtype=np.bool_)
    return known_share(same, observations.seen)


def _doubled(memory: Memory, last: int) -> float:
    stretch = memory.stretch[-last:]
    return (
        doubled_share(stretch.measures, stretch.observations.repeats)
        if stretch.observations.seen.all()
        else float("nan")
    )


def _eyes_apart(memory: Memory, last: int) -> float:
    """Distance between the eyes; unknown if the picture is small rather than the face."""
    fills = _median(Code.TOO_CLOSE)(memory, last) > NEAR
    return float("nan") if fills else _median(Code.TOO_FAR)(memory, last)


def _keeps_moving(memory: Memory, last: int) -> float:
    """Least spread of the head's angles over 2 s: a head that turns once and comes to rest does not count."""
    measures = memory.stretch.measures[-last:]
    pieces = [measures[first : first + LATER] for first in range(0, max(1, len(measures) - LATER + 1), FPS)]
    known = all(np.isfinite(piece.yaw).mean() >= KNOWN for piece in pieces)
    return min(WHOLES[Code.HEAD_MOVES](piece) for piece in pieces) if known else float("nan")


def _softer(memory: Memory, last: int) -> float:
    return _median(Code.BLURRED)(memory, last) - memory.reference.blur


def _speech(memory: Memory, last: int) -> float:
    speech = memory.stretch.sound.speech[-last:]
    return known_share(speech >= SPEECH, ~np.isnan(speech))


def _heard(name: str) -> Value:
    """A value of :class:`WindowSound`; NaN if unknown."""

    def value(memory: Memory, last: int) -> float:
        found = getattr(memory.sound(last), name)
        return float("nan") if found is None else float(found)

    return value


def _another_voice(memory: Memory, last: int) -> float:
    stretch = memory.stretch[-last:]
    found = voice_without_mouth(stretch.lips, stretch.sound.speech)
    return float("nan") if found is None else found


def _unseen_words(code: Code) -> Value:
    """Mouth opening during speech."""

    def value(memory: Memory, last: int) -> float:
        speaks = _speech(memory, last) >= SPEECH
        return _whole(code)(memory, last) if speaks else float("nan")

    return value


TIPS = (
    Tip(Code.NO_FACE, _no_face, 0.4, limit=0.5),
    Tip(Code.DIGITAL_SILENCE, _muted, 0.4, LATER, limit=0.9),
    Tip(Code.FROZEN_PICTURE, _frozen, 0.4, limit=0.9),
    Tip(Code.FRAMES_MISSING, _lost, 0.08, LATER, limit=0.1),
    Tip(Code.FRAMES_SKIPPED, _dropped, 0.08, LATER, limit=0.1),
    Tip(Code.SEVERAL_FACES, _several, 0.3, limit=0.3),
    Tip(Code.FACE_CUT, _median(Code.FACE_CUT), 0.03),
    Tip(Code.TOO_CLOSE, _median(Code.TOO_CLOSE), 0.04),
    Tip(Code.TOO_FAR, _eyes_apart, 3),
    Tip(Code.NOT_SPEAKING, _speech, 0.1, LONG, restarts=True),
    Tip(Code.TOO_QUIET, _heard("speech_dbfs"), 3, LONG, restarts=True),
    Tip(Code.CLIPPING, _heard("clipped"), 0.001, LONG, restarts=True),
    Tip(Code.TOO_DARK, _median(Code.TOO_DARK), 0.02),
    Tip(Code.OVEREXPOSED, _median(Code.OVEREXPOSED), 0.01, LATER),
    Tip(Code.TOO_BRIGHT, _median(Code.TOO_BRIGHT), 0.03, LATER),
    Tip(Code.HEAD_TURNED, _median(Code.HEAD_TURNED), 4, LATER),
    Tip(Code.HEAD_PITCHED, _median(Code.HEAD_PITCHED), 4, LATER),
    Tip(Code.HEAD_TILTED, _median(Code.HEAD_TILTED), 4, LATER),
    Tip(Code.NOISY, _heard("snr_db"), 2, LONG),
    Tip(Code.SECOND_VOICE_OR_MUSIC, _another_voice, 0.05, LONG),
    Tip(Code.BLURRED, _median(Code.BLURRED), 0.02, LATER),
    Tip(Code.UNEVEN_LIGHT, _median(Code.UNEVEN_LIGHT), 0.05, LATER),
    Tip(Code.EYES_CLOSED, _median(Code.EYES_CLOSED), 0.2, LATER),
    Tip(Code.LOOKING_AWAY, _median(Code.LOOKING_AWAY), 0.1, LATER),
    Tip(Code.HEAD_MOVES, _keeps_moving, 3, LONG, restarts=True),
    Tip(Code.OFF_CENTRE, _median(Code.OFF_CENTRE), 0.03, LATER),
    Tip(Code.LESS_SHARP, _softer, 0.02, LONG),
    Tip(Code.GRAINY, _median(Code.GRAINY), 0.5, LONG),
    Tip(Code.FRAMES_DOUBLED, _doubled, 0.03, LONG),
    Tip(Code.MOUTH_STAYS_CLOSED, _unseen_words(Code.MOUTH_STAYS_CLOSED), 0.01, LONG, restarts=True),
    Tip(Code.MOUTH_STAYS_OPEN, _unseen_words(Code.MOUTH_STAYS_OPEN), 0.01, LONG, restarts=True),
)
"""All instructions, the most urgent first."""
