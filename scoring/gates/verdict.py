"""What is wrong with a window: its measures against the limits."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from take5.scoring.eligibility import Mask, runs
from take5.scoring.gates.config import GateConfig
from take5.scoring.gates.findings import Code, Finding, Severity
from take5.scoring.gates.measures import FrameMeasures
from take5.scoring.gates.rules import FRAME_RULES, RULES, WINDOW_RULES, Limits, Rule
from take5.scoring.gates.series import SERIES, WHOLES, Floats, doubled_share
from take5.scoring.gates.trainability import trainability_findings


def window_findings(
    measures: FrameMeasures, repeats: Sequence[Sequence[bool]], start: int, config: GateConfig
) -> list[Finding]:
    """Judge picture, face, timing and trainability of a window whose frames have all been analysed.

    Parameters
    ----------
    measures : FrameMeasures
        Of the window's frames.
    repeats : sequence of sequence of bool
        Which source frames of each grid frame repeat the previous one; as in
        :class:`take5.scoring.eligibility.Observations`.
    start : int
        The window's first grid frame.
    config : GateConfig
        The limits.

    Returns
    -------
    list of Finding
        In the order of the table of rules, then what the trainers lack. Frames without a face break no rule here; they
        are reported as ``no_face``.
    """
    findings: list[Finding] = []
    for rule in FRAME_RULES:
        findings += frame_findings(rule, SERIES[rule.code](measures), start, config.limits[rule.code])
    for rule in WINDOW_RULES:
        doubled = rule.code is Code.FRAMES_DOUBLED
        value = doubled_share(measures, repeats) if doubled else WHOLES[rule.code](measures)
        findings += whole_findings(rule, value, (start, start + len(measures)), config.limits[rule.code])
    return [*findings, *trainability_findings(config.trainers, measures, start)]


def frame_findings(rule: Rule, values: Floats, start: int, limits: Limits) -> list[Finding]:
    """Each stretch of frames that breaks a rule: a rejection, or else a warning."""
    for severity, limit in _acting(limits):
        bad = broken(rule, values, limit)
        spans = runs(confirmed(bad, rule.need, rule.of))
        if spans:
            return [
                Finding(rule.code, start + a, start + b, severity, _worst(rule, values[a:b]), rule.text(limit))
                for a, b in spans
            ]
    return []


def whole_findings(rule: Rule, value: float, span: tuple[int, int], limits: Limits) -> list[Finding]:
    """The finding, if the window as a whole breaks a rule."""
    for severity, limit in _acting(limits):
        if broken(rule, np.float64(value), limit):
            return [Finding(rule.code, *span, severity, value, rule.text(limit))]
    return []


def finding(code: Code, value: float, span: tuple[int, int], config: GateConfig) -> list[Finding]:
    """Findings for the frames of ``span``, from a value measured elsewhere."""
    return whole_findings(RULES[code], value, span, config.limits[code])


def _acting(limits: Limits) -> Iterator[tuple[Severity, float]]:
    """Severities and their limits, the worst first."""
    if limits.reject is not None:
        yield Severity.REJECT, limits.reject
    if limits.warn is not None:
        yield Severity.WARN, limits.warn


def broken(rule: Rule, values: Floats | np.float64, limit: float) -> NDArray[np.bool_]:
    """Where values are beyond the limit; NaN is not."""
    return np.asarray(values < limit if rule.at_least else values > limit)


def confirmed(bad: Mask, need: int, of: int) -> Mask:
    """From the first to the last bad frame of every ``of`` consecutive frames with ``need`` or more bad ones.

    So ``need`` - 1 noisy frames are not enough, and a flicker within a stretch does not cut it in two. In fewer than
    ``of`` frames nothing is confirmed.
    """
    held = np.zeros(len(bad), dtype=np.bool_)
    if len(bad) < of:
        return held
    counts = np.convolve(bad, np.ones(of, dtype=np.int64), mode="valid")
    for first in np.flatnonzero(counts >= need):
        where = first + np.flatnonzero(bad[first : first + of])
        held[where[0] : where[-1] + 1] = True
    return held


def _worst(rule: Rule, values: Floats) -> float:
    return float(np.nanmin(values) if rule.at_least else np.nanmax(values))
