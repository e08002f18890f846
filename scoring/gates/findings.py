"""What can be wrong with a window: the closed list of reason codes, and one finding."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """A window with a ``REJECT`` cannot win; a ``WARN`` is reported and has no effect."""

    WARN = "warn"
    REJECT = "reject"


class Code(StrEnum):
    """All reason codes: rules with a letter are in ``docs/mathematics.md``, the others in ``docs/gates.md``."""

    NO_FACE = "no_face"  # (a)
    SEVERAL_FACES = "several_faces"  # (b)
    FRAMES_MISSING = "frames_missing"  # (c)
    SOUND_MISSING = "sound_missing"  # (c)
    PICTURE_DAMAGED = "picture_damaged"  # (d)
    FROZEN_PICTURE = "frozen_picture"  # (e)
    STILL_MOUTH = "still_mouth"  # (e)
    SIZE_CHANGED = "size_changed"  # (g)
    DIGITAL_SILENCE = "digital_silence"  # (f)

    TOO_FAR = "too_far"
    TOO_CLOSE = "too_close"
    FACE_CUT = "face_cut"
    OFF_CENTRE = "off_centre"
    HEAD_TURNED = "head_turned"
    HEAD_PITCHED = "head_pitched"
    HEAD_TILTED = "head_tilted"
    HEAD_MOVES = "head_moves"
    BLURRED = "blurred"
    GRAINY = "grainy"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    OVEREXPOSED = "overexposed"
    UNEVEN_LIGHT = "uneven_light"
    LIGHT_CHANGES = "light_changes"
    EYES_CLOSED = "eyes_closed"
    NO_BLINK = "no_blink"
    MOUTH_STAYS_CLOSED = "mouth_stays_closed"
    MOUTH_STAYS_OPEN = "mouth_stays_open"
    LOOKING_AWAY = "looking_away"
    FRAMES_DOUBLED = "frames_doubled"
    FRAMES_SKIPPED = "frames_skipped"

    LESS_SHARP = "less_sharp"
    LIGHT_UNLIKE_SESSION = "light_unlike_session"

    TOO_QUIET = "too_quiet"
    CLIPPING = "clipping"
    NOISY = "noisy"
    NOT_SPEAKING = "not_speaking"
    SECOND_VOICE_OR_MUSIC = "second_voice_or_music"
    AV_OFFSET = "av_offset"

    BLINK_TOO_WEAK = "blink_too_weak"
    MOUTH_TOO_SMALL = "mouth_too_small"
    MOUTH_NEVER_CLOSES = "mouth_never_closes"
    MOUTH_OPENS_LATE = "mouth_opens_late"
    REFERENCE_FRAME_BAD = "reference_frame_bad"


@dataclass(frozen=True)
class Finding:
    """One broken rule.

    Attributes
    ----------
    code : Code
        Which one.
    start, stop : int
        The grid frames that break it, half-open.
    severity : Severity
        Whether the window may still win.
    value : float or None
        The worst value measured there, in the rule's unit.
    rule : str
        The requirement in words; empty if the code says it all.
    """

    code: Code
    start: int
    stop: int
    severity: Severity = Severity.REJECT
    value: float | None = None
    rule: str = ""
