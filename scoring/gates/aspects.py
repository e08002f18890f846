"""The four things that training needs of a window, and which rules watch over each.

Whether sound and lips are in step, the face is seen, the picture is sharp and the person is speaking decides more about
a trained model than the score of one good window against another's (``docs/evidence.md``).
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from take5.scoring.gates.findings import Code, Finding


class Aspect(StrEnum):
    """What training needs of a window."""

    IN_STEP = "in_step"
    SEEN = "seen"
    SHARP = "sharp"
    SPEAKING = "speaking"


class State(StrEnum):
    """How it is: nothing found, a warning, or a reason why the window cannot win."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


_WATCHED: Mapping[Aspect, tuple[Code, ...]] = {
    Aspect.IN_STEP: (
        Code.AV_OFFSET,
        Code.FRAMES_MISSING,
        Code.SOUND_MISSING,
        Code.FRAMES_DOUBLED,
        Code.FRAMES_SKIPPED,
        Code.FROZEN_PICTURE,
    ),
    Aspect.SEEN: (
        Code.NO_FACE,
        Code.SEVERAL_FACES,
        Code.PICTURE_DAMAGED,
        Code.SIZE_CHANGED,
        Code.TOO_FAR,
        Code.TOO_CLOSE,
        Code.FACE_CUT,
        Code.OFF_CENTRE,
        Code.HEAD_TURNED,
        Code.HEAD_PITCHED,
        Code.HEAD_TILTED,
        Code.HEAD_MOVES,
        Code.EYES_CLOSED,
        Code.NO_BLINK,
        Code.LOOKING_AWAY,
        Code.BLINK_TOO_WEAK,
        Code.REFERENCE_FRAME_BAD,
    ),
    Aspect.SHARP: (
        Code.BLURRED,
        Code.GRAINY,
        Code.TOO_DARK,
        Code.TOO_BRIGHT,
        Code.OVEREXPOSED,
        Code.UNEVEN_LIGHT,
        Code.LIGHT_CHANGES,
        Code.LESS_SHARP,
        Code.LIGHT_UNLIKE_SESSION,
    ),
    Aspect.SPEAKING: (
        Code.NOT_SPEAKING,
        Code.DIGITAL_SILENCE,
        Code.STILL_MOUTH,
        Code.TOO_QUIET,
        Code.CLIPPING,
        Code.NOISY,
        Code.SECOND_VOICE_OR_MUSIC,
        Code.MOUTH_STAYS_CLOSED,
        Code.MOUTH_STAYS_OPEN,
        Code.MOUTH_TOO_SMALL,
        Code.MOUTH_NEVER_CLOSES,
        Code.MOUTH_OPENS_LATE,
    ),
}

ASPECT_OF: Mapping[Code, Aspect] = {code: aspect for aspect, codes in _WATCHED.items() for code in codes}
"""The aspect that each rule watches over."""


def aspects(
    reasons: Iterable[Finding], warnings: Iterable[Finding], *, seen: bool = True
) -> dict[Aspect, State | None]:
    """How each aspect of a window is; None where nothing was found, but the pictures were not analysed."""
    states: dict[Aspect, State | None] = dict.fromkeys(Aspect, State.GOOD if seen else None)
    for findings, state in ((warnings, State.WARNING), (reasons, State.BAD)):
        for finding in findings:
            states[ASPECT_OF[finding.code]] = state
    return states
