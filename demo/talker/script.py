"""What the talking head does, stretch by stretch, and the resulting ground truth, known before any scoring.

A script is data: a tuple of stretches, played one after the other, each a whole number of seconds long. A window is
five seconds that begin at a whole second. Two rules give the truth:

- The winner is the one window in which every second is rich in speech, its lips calm and its head still, without a
  fault. Rich speech puts it among the windows with the highest D; calm motion gives it the lowest MC among them.
- A window is ineligible for each fault that reaches into it far enough to count (:data:`ENOUGH_S`).
"""

from dataclasses import dataclass, replace
from enum import StrEnum

WINDOW_S = 5
CALM_BELOW_HZ = 6.25  # 0.25 cycles per frame at 25 frames per second


class TalkerError(Exception):
    """The talking head cannot be drawn as requested."""


class Reason(StrEnum):
    """Why a window cannot be used."""

    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    FROZEN_PICTURE = "frozen_picture"
    DIGITAL_SILENCE = "digital_silence"
    FRAMES_MISSING = "frames_missing"
    SOUND_MISSING = "sound_missing"


ENOUGH_S = {Reason.FROZEN_PICTURE: 0.4, Reason.DIGITAL_SILENCE: 1.0, Reason.SEVERAL_FACES: 0.2}
"""Seconds of a fault that a window must contain before it counts; of other faults any part is enough."""


class Head(StrEnum):
    """How the head moves."""

    STILL = "still"
    SWAY = "sway"  # slowly, by a few pixels
    SHAKE = "shake"  # nine times a second


@dataclass(frozen=True)
class Wave:
    """One oscillation of the mouth's opening: ``amplitude * sin(2 pi hz t + phase)``, t from the stretch's beginning.

    Parameters
    ----------
    hz : float
        Frequency; whole cycles in five seconds (multiples of 0.2 Hz) do not leak into other bins of a window's DFT.
    amplitude : float
        As a share of the widest opening.
    phase : float
        In radians.
    """

    hz: float
    amplitude: float
    phase: float = 0.0


@dataclass(frozen=True)
class Speech:
    """What is said, and how; repeated until the stretch is full.

    Parameters
    ----------
    text : str
        For espeak-ng.
    rich : bool
        Whether the text is meant to hold many different sounds. Used only for the ground truth.
    voice : str
        Voice of espeak-ng.
    words_per_minute, pitch : int
        Its speed, and its pitch from 0 to 99.
    """

    text: str
    rich: bool = False
    voice: str = "en-us+f5"
    words_per_minute: int = 165
    pitch: int = 50


@dataclass(frozen=True)
class Stretch:
    """Some seconds of the script.

    Parameters
    ----------
    name : str
        Unique in its script.
    duration_s : int
        Length.
    speech : Speech
        What is said.
    lips : tuple of Wave
        Motion of the mouth.
    head : Head
        Motion of the head.
    faces : int
        0, 1 or 2 people in the picture.
    frozen : bool
        The picture stands still: every frame is the first one.
    silent : bool
        The sound is all zeros.
    picture_hole_ms, sound_hole_ms : int
        Length of a hole in the picture and in the sound, under 700 ms; both begin 0.2 s into the middle second.
    """

    name: str
    duration_s: int
    speech: Speech
    lips: tuple[Wave, ...]
    head: Head = Head.STILL
    faces: int = 1
    frozen: bool = False
    silent: bool = False
    picture_hole_ms: int = 0
    sound_hole_ms: int = 0

    def __post_init__(self) -> None:
        if self.duration_s < 1:
            raise TalkerError(f"stretch {self.name}: duration_s={self.duration_s} must be a whole number of at least 1")
        if self.faces not in (0, 1, 2):
            raise TalkerError(f"stretch {self.name}: faces={self.faces} must be 0, 1 or 2")
        if not (0 <= self.picture_hole_ms < 700 and 0 <= self.sound_hole_ms < 700):
            raise TalkerError(f"stretch {self.name}: a hole must be shorter than 700 ms")

    @property
    def hole_start_ms(self) -> int:
        """Where its holes begin, from its own beginning."""
        return self.duration_s // 2 * 1000 + 200

    @property
    def best(self) -> bool:
        """Whether a window entirely within it is meant to win."""
        calm = self.head is Head.STILL and all(wave.hz < CALM_BELOW_HZ for wave in self.lips)
        return self.speech.rich and calm and not self.faults()

    def faults(self) -> tuple[tuple[int, int, Reason], ...]:
        """Begin and end, in ms from its own beginning, and reason of each of its faults."""
        whole = (0, self.duration_s * 1000)
        hole = self.hole_start_ms
        every = (
            (self.faces == 0, (*whole, Reason.NO_FACE)),
            (self.faces == 2, (*whole, Reason.SEVERAL_FACES)),
            (self.frozen, (*whole, Reason.FROZEN_PICTURE)),
            (self.silent, (*whole, Reason.DIGITAL_SILENCE)),
            (self.picture_hole_ms > 100, (hole, hole + self.picture_hole_ms, Reason.FRAMES_MISSING)),
            (self.sound_hole_ms > 20, (hole, hole + self.sound_hole_ms, Reason.SOUND_MISSING)),
        )
        return tuple(fault for present, fault in every if present)


Script = tuple[Stretch, ...]


@dataclass(frozen=True)
class Span:
    """A part of the video that no window may contain, half-open."""

    start_s: float
    end_s: float
    reason: Reason


@dataclass(frozen=True)
class Truth:
    """What a script implies.

    Parameters
    ----------
    duration_s : int
        Length of the video.
    winner_start_s : int or None
        Where the best window begins; None if no window, or more than one, is meant to be the best.
    spans : tuple of Span
        The faults, in order.
    """

    duration_s: int
    winner_start_s: int | None
    spans: tuple[Span, ...]

    def reasons(self, start_s: int) -> tuple[Reason, ...]:
        """Why the window that begins at ``start_s`` is ineligible; empty if it is eligible."""
        found = {span.reason for span in self.spans if _reaches_into(span, start_s)}
        return tuple(reason for reason in Reason if reason in found)

    def ineligible(self) -> dict[int, tuple[Reason, ...]]:
        """The windows that are ineligible, by their start in seconds."""
        every = {start_s: self.reasons(start_s) for start_s in range(self.duration_s - WINDOW_S + 1)}
        return {start_s: reasons for start_s, reasons in every.items() if reasons}


def _reaches_into(span: Span, start_s: int) -> bool:
    shared = min(span.end_s, start_s + WINDOW_S) - max(span.start_s, start_s)
    return shared > 0 and shared >= ENOUGH_S.get(span.reason, 0) - 1e-9


def starts_s(script: Script) -> tuple[int, ...]:
    """Where each stretch begins, and where the last one ends."""
    starts = [0]
    for stretch in script:
        starts.append(starts[-1] + stretch.duration_s)
    return tuple(starts)


def truth(script: Script) -> Truth:
    """What the script implies, from the script alone."""
    starts = starts_s(script)
    spans = tuple(
        Span(start + begin / 1000, start + end / 1000, reason)
        for start, stretch in zip(starts, script, strict=False)
        for begin, end, reason in stretch.faults()
    )
    best = [stretch.best for stretch in script for _ in range(stretch.duration_s)]
    winners = [s for s in range(len(best) - WINDOW_S + 1) if all(best[s : s + WINDOW_S])]
    return Truth(starts[-1], winners[0] if len(winners) == 1 else None, spans)


def swapped(script: Script, first: str, second: str) -> Script:
    """The script with two stretches, given by their names, in each other's place."""
    names = [stretch.name for stretch in script]
    for name in (first, second):
        if name not in names:
            raise TalkerError(f"no stretch is called {name!r}; there are {', '.join(names)}")
    result = list(script)
    i, k = names.index(first), names.index(second)
    result[i], result[k] = result[k], result[i]
    return tuple(result)


def fitted(script: Script, duration_s: int, filler: Script) -> Script:
    """The script cut after ``duration_s``, or followed by the filler, again and again, until then."""
    if duration_s < 1:
        raise TalkerError(f"duration_s={duration_s} must be at least 1")
    result: list[Stretch] = []
    left, round_ = duration_s, 0
    while left > 0:
        for stretch in script if round_ == 0 else filler:
            name = stretch.name if round_ == 0 else f"{stretch.name} {round_}"
            if left > 0:
                result.append(replace(stretch, name=name, duration_s=min(stretch.duration_s, left)))
                left -= result[-1].duration_s
        round_ += 1
    return tuple(result)
