"""May a window win? The rules (a) to (g), the gates and what the chosen trainers need, decided in one place."""

from dataclasses import dataclass, field

from take5.scoring.eligibility import Timing, observation_reasons, timing_reasons
from take5.scoring.gates.aspects import Aspect, State, aspects
from take5.scoring.gates.av_offset import Floats, correlate, offset, voice_without_mouth
from take5.scoring.gates.config import GateConfig
from take5.scoring.gates.findings import Code, Finding, Severity
from take5.scoring.gates.sound import SoundMeasures, window_sound
from take5.scoring.gates.still import still_findings
from take5.scoring.gates.verdict import finding, window_findings
from take5.scoring.motion import Motion
from take5.scoring.score import WindowScore
from take5.scoring.stretch import Stretch


@dataclass(frozen=True)
class JudgedWindow:
    """A window's score and why it is not eligible, if it is not.

    ``reasons`` are the findings that reject it, ``warnings`` those that do not. ``seen`` is false if its
    pictures were not analysed: then both come from sound and timestamps alone, and ``sound`` is what was heard, for a
    later analysis of the pictures.
    """

    score: WindowScore
    reasons: tuple[Finding, ...] = ()
    seen: bool = True
    warnings: tuple[Finding, ...] = ()
    sound: SoundMeasures | None = field(default=None, repr=False, compare=False)

    @property
    def eligible(self) -> bool | None:
        """Whether the window may win; None if that depends on pictures that were not analysed."""
        if self.reasons:
            return False
        return True if self.seen else None

    @property
    def aspects(self) -> dict[Aspect, State | None]:
        """How the four things that training needs are (:mod:`take5.scoring.gates.aspects`)."""
        return aspects(self.reasons, self.warnings, seen=self.seen)


def heard_findings(timing: Timing, sound: SoundMeasures, start: int, gates: GateConfig) -> list[Finding]:
    """What is wrong with a window's timestamps and sound: the cheap checks."""
    timed = timing_reasons(timing, start)
    silent = any(found.code is Code.DIGITAL_SILENCE for found in timed)
    return [*timed, *(f for f in sound_findings(sound, start, gates) if not (silent and f.code is Code.NOT_SPEAKING))]


def seen_findings(stretch: Stretch, motion: Motion | None, start: int, gates: GateConfig) -> list[Finding]:
    """What is wrong with a window's pictures, all analysed, and with its sound compared with them."""
    observations = stretch.observations
    certain = observation_reasons(observations, motion, start)
    still = still_findings(stretch.measures, stretch.lips, stretch.sound, start)
    return [
        *certain,
        *(found for found in still if all(found.code is not known.code for known in certain)),
        *window_findings(stretch.measures, observations.repeats, start, gates),
        *mouth_findings(stretch.lips, stretch.sound, start, gates),
    ]


def judged(score: WindowScore, findings: list[Finding], *, seen: bool = True) -> JudgedWindow:
    """Split a window's findings into reasons and warnings."""
    reasons = tuple(found for found in findings if found.severity is Severity.REJECT)
    warnings = tuple(found for found in findings if found.severity is Severity.WARN)
    return JudgedWindow(score, reasons, seen, warnings)


def sound_findings(sound: SoundMeasures, start: int, gates: GateConfig) -> list[Finding]:
    """What is wrong with a window's sound; what is unknown breaks no gate."""
    heard = window_sound(sound)
    values = {
        Code.TOO_QUIET: heard.speech_dbfs,
        Code.CLIPPING: heard.clipped,
        Code.NOISY: heard.snr_db,
        Code.NOT_SPEAKING: heard.speech,
    }
    return _findings(values, (start, start + len(sound)), gates)


def mouth_findings(lips: Floats, sound: SoundMeasures, start: int, gates: GateConfig) -> list[Finding]:
    """What is wrong with a window's sound beside its mouth [n, 20, 2]."""
    late = offset(correlate(lips, sound.bands)).frames
    values = {
        Code.SECOND_VOICE_OR_MUSIC: voice_without_mouth(lips, sound.speech),
        Code.AV_OFFSET: None if late is None else abs(late),
    }
    return _findings(values, (start, start + len(sound)), gates)


def _findings(values: dict[Code, float | None], span: tuple[int, int], gates: GateConfig) -> list[Finding]:
    return [f for code, value in values.items() if value is not None for f in finding(code, value, span, gates)]
