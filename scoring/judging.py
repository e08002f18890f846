"""May a window win? The rules (a) to (g), the gates and what the chosen trainers need, in one place for every path."""

from dataclasses import dataclass

from take5.scoring.eligibility import Looks, Timing, look_reasons, timing_reasons
from take5.scoring.gates.config import GateConfig
from take5.scoring.gates.findings import Finding, Severity
from take5.scoring.gates.measures import FrameMeasures
from take5.scoring.gates.sound import SoundMeasures
from take5.scoring.gates.verdict import window_findings
from take5.scoring.motion import Motion
from take5.scoring.score import WindowScore


@dataclass(frozen=True)
class JudgedWindow:
    """A window's score and why it is not eligible, if it is not.

    ``reasons`` are the findings that reject it, ``warnings`` those that do not. ``seen`` is false where nobody looked
    at its pictures: then both are those of sound and timestamps alone.
    """

    score: WindowScore
    reasons: tuple[Finding, ...]
    seen: bool = True
    warnings: tuple[Finding, ...] = ()

    @property
    def eligible(self) -> bool | None:
        """Whether the window may win; None where that depends on pictures that nobody looked at."""
        if self.reasons:
            return False
        return True if self.seen else None


def heard_findings(timing: Timing, sound: SoundMeasures, start: int, gates: GateConfig) -> list[Finding]:
    """What is wrong with a window's timestamps and sound: the cheap looks."""
    return [*timing_reasons(timing, start), *sound_findings(sound, start, gates)]


def seen_findings(
    looks: Looks, measures: FrameMeasures, motion: Motion | None, start: int, gates: GateConfig
) -> list[Finding]:
    """What is wrong with a window's pictures, each of which somebody looked at."""
    return [*look_reasons(looks, motion, start), *window_findings(measures, looks.repeats, start, gates)]


def judged(score: WindowScore, findings: list[Finding], *, seen: bool = True) -> JudgedWindow:
    """Put a window's findings where they belong."""
    reasons = tuple(finding for finding in findings if finding.severity is Severity.REJECT)
    warnings = tuple(finding for finding in findings if finding.severity is Severity.WARN)
    return JudgedWindow(score, reasons, seen, warnings)


def sound_findings(sound: SoundMeasures, start: int, gates: GateConfig) -> list[Finding]:
    """Placeholder."""
    return []
