"""The table of gates: what each compares, and its limits at three levels of strictness."""

from typing import Literal, NamedTuple

from take5.scoring.gates.findings import Code

Strictness = Literal["loose", "normal", "strict"]
STRICTNESSES: tuple[Strictness, ...] = ("loose", "normal", "strict")


class Limits(NamedTuple):
    """Limits at which a gate warns and rejects; None if it does not."""

    warn: float | None = None
    reject: float | None = None


OFF = Limits()


class Rule(NamedTuple):
    """One gate.

    Attributes
    ----------
    code : Code
        What it is called.
    what, unit : str
        What it compares and in which unit, for the text of a finding.
    at_least : bool
        Whether the limit is a minimum rather than a maximum.
    loose, normal, strict : Limits
        At each strictness.
    need, of : int
        A gate on single frames is broken when ``need`` of ``of`` consecutive frames break it, not by one noisy frame.
    may_reject : bool
        False for a gate that compares with the whole session: it may only warn.
    """

    code: Code
    what: str
    unit: str
    at_least: bool
    loose: Limits
    normal: Limits
    strict: Limits
    need: int = 3
    of: int = 5
    may_reject: bool = True

    def limits(self, strictness: Strictness) -> Limits:
        """Limits at a strictness."""
        return {"loose": self.loose, "normal": self.normal, "strict": self.strict}[strictness]

    def text(self, limit: float) -> str:
        """The rule in words."""
        return f"{self.what} {'at least' if self.at_least else 'at most'} {limit:g}{self.unit and ' '}{self.unit}"


AT_LEAST, AT_MOST = True, False

LONG_NEED, LONG_OF = 13, 15
"""For what every talker does briefly: half a second within 0.6 s."""

FRAME_RULES = (
    Rule(Code.TOO_FAR, "distance between the eyes", "px", AT_LEAST, Limits(30, 16), Limits(60, 30), Limits(90, 60)),
    Rule(
        Code.TOO_CLOSE,
        "face, of the picture's shorter side,",
        "",
        AT_MOST,
        Limits(0.8, 1),
        Limits(0.65, 0.9),
        Limits(0.6, 0.75),
    ),
    Rule(
        Code.FACE_CUT,
        "margin around the face",
        "face widths",
        AT_LEAST,
        Limits(0, -0.1),
        Limits(0.05, -0.02),
        Limits(0.15, 0),
    ),
    Rule(
        Code.OFF_CENTRE,
        "distance from the middle",
        "of the picture",
        AT_MOST,
        Limits(0.4),
        Limits(0.3),
        Limits(0.2, 0.35),
    ),
    Rule(Code.HEAD_TURNED, "turn to the side", "degrees", AT_MOST, Limits(35, 50), Limits(25, 40), Limits(18, 30)),
    Rule(Code.HEAD_PITCHED, "turn up or down", "degrees", AT_MOST, Limits(35, 50), Limits(28, 40), Limits(20, 30)),
    Rule(Code.HEAD_TILTED, "tilt", "degrees", AT_MOST, Limits(30, 45), Limits(20, 35), Limits(15, 25)),
    Rule(Code.BLURRED, "blur effect", "", AT_MOST, Limits(0.75, 0.85), Limits(0.65, 0.75), Limits(0.6, 0.68)),
    Rule(Code.GRAINY, "noise in the picture", "8-bit steps", AT_MOST, Limits(10), Limits(5, 16), Limits(3, 8)),
    Rule(Code.TOO_DARK, "luma of the cheeks", "", AT_LEAST, Limits(0.1, 0.05), Limits(0.16, 0.1), Limits(0.22, 0.14)),
    Rule(Code.TOO_BRIGHT, "luma of the cheeks", "", AT_MOST, Limits(0.95, 0.98), Limits(0.88, 0.95), Limits(0.82, 0.9)),
    Rule(
        Code.OVEREXPOSED,
        "white share of the face",
        "",
        AT_MOST,
        Limits(0.1, 0.4),
        Limits(0.03, 0.2),
        Limits(0.015, 0.08),
    ),
    Rule(
        Code.UNEVEN_LIGHT,
        "darker cheek, of the lighter one,",
        "",
        AT_LEAST,
        Limits(0.3),
        Limits(0.55, 0.25),
        Limits(0.7, 0.45),
    ),
    Rule(
        Code.EYES_CLOSED,
        "closing of the eyes for half a second",
        "",
        AT_MOST,
        Limits(0.7),
        Limits(None, 0.7),
        Limits(None, 0.7),
        need=LONG_NEED,
        of=LONG_OF,
    ),
    Rule(
        Code.LOOKING_AWAY,
        "sideways gaze for half a second",
        "",
        AT_MOST,
        OFF,
        Limits(0.6),
        Limits(0.45, 0.8),
        need=LONG_NEED,
        of=LONG_OF,
    ),
)
"""Gates on each frame."""

WINDOW_RULES = (
    Rule(Code.HEAD_MOVES, "spread of the head's angles", "degrees", AT_MOST, Limits(30), Limits(15), Limits(12, 25)),
    Rule(
        Code.LIGHT_CHANGES,
        "change of the cheeks' luma, of its median,",
        "",
        AT_MOST,
        Limits(0.5),
        Limits(0.2, 0.6),
        Limits(0.12, 0.3),
    ),
    Rule(Code.NO_BLINK, "deepest closing of the eyes", "", AT_LEAST, OFF, Limits(0.4), Limits(None, 0.4)),
    Rule(
        Code.MOUTH_STAYS_CLOSED,
        "wide opening of the mouth",
        "eye distances",
        AT_LEAST,
        Limits(0.06, 0.02),
        Limits(0.06, 0.03),
        Limits(0.08, 0.06),
    ),
    Rule(
        Code.MOUTH_STAYS_OPEN,
        "narrow opening of the mouth",
        "eye distances",
        AT_MOST,
        OFF,
        Limits(0.04),
        Limits(None, 0.04),
    ),
    Rule(
        Code.FRAMES_DOUBLED,
        "share of frames without a new picture",
        "",
        AT_MOST,
        Limits(0.3, 0.6),
        Limits(0.1, 0.45),
        Limits(0.04, 0.1),
    ),
    Rule(Code.FRAMES_SKIPPED, "share of steps over 60 ms", "", AT_MOST, Limits(0.5), Limits(0.25), Limits(0.1, 0.25)),
)
"""Gates on the window as a whole."""

SESSION_RULES = (
    Rule(
        Code.LESS_SHARP,
        "blur effect above that of the session's best second",
        "",
        AT_MOST,
        Limits(0.1),
        Limits(0.06),
        Limits(0.04),
        may_reject=False,
    ),
    Rule(
        Code.LIGHT_UNLIKE_SESSION,
        "change of the cheeks' luma since the session's beginning",
        "",
        AT_MOST,
        Limits(0.5),
        Limits(0.25),
        Limits(0.15),
        may_reject=False,
    ),
)
"""Gates against the rest of the session: they only warn."""

SOUND_RULES = (
    Rule(Code.TOO_QUIET, "level of the speech", "dBFS", AT_LEAST, Limits(-50), Limits(-40, -55), Limits(-32, -45)),
    Rule(
        Code.CLIPPING,
        "share of the samples at the ceiling",
        "",
        AT_MOST,
        Limits(0.03),
        Limits(0.01, 0.03),
        Limits(0.006, 0.01),
    ),
    Rule(Code.NOISY, "speech above the noise", "dB", AT_LEAST, Limits(10, 5), Limits(20, 10), Limits(25, 20)),
    Rule(Code.NOT_SPEAKING, "share of speech", "", AT_LEAST, Limits(0.2, 0.1), Limits(0.4, 0.2), Limits(0.6, 0.4)),
)
"""Gates on the window's sound."""

MOUTH_RULES = (
    Rule(
        Code.SECOND_VOICE_OR_MUSIC,
        "share of speech behind still lips",
        "",
        AT_MOST,
        Limits(0.3),
        Limits(0.15),
        Limits(0.15, 0.3),
    ),
    Rule(
        Code.AV_OFFSET,
        "distance of sound and picture",
        "frames",
        AT_MOST,
        Limits(3.5, 5.5),
        Limits(2.5, 3.5),
        Limits(1.5, 2.5),
    ),
)
"""Gates on the window's sound compared with its mouth."""

RULES = {rule.code: rule for rule in (*FRAME_RULES, *WINDOW_RULES, *SOUND_RULES, *MOUTH_RULES, *SESSION_RULES)}
"""All configurable gates."""
