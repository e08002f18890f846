"""Findings of overlapping windows, joined into stretches of the recording."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from take5.scoring.gates.findings import Code, Finding, Severity
from take5.stream.report.data import ReportData


@dataclass(frozen=True)
class Problem:
    """Grid frames [start, stop) that break one rule, and how many windows that affects.

    ``value`` is what the first of them measured there, ``rule`` what it should have been.
    """

    code: Code
    severity: Severity
    start: int
    stop: int
    windows: int
    value: float | None = None
    rule: str = ""


def problems(data: ReportData) -> list[Problem]:
    """All findings of all windows, in order of time."""
    grouped: dict[tuple[Code, Severity], list[Finding]] = defaultdict(list)
    for verdict in data.selection.verdicts:
        for finding in (*verdict.reasons, *verdict.warnings):
            grouped[finding.code, finding.severity].append(finding)
    joined = [problem for findings in grouped.values() for problem in _joined(findings)]
    return sorted(joined, key=lambda problem: (problem.start, problem.code, problem.severity))


def _joined(findings: Iterable[Finding]) -> Iterator[Problem]:
    """Join what overlaps or touches."""
    run: list[Finding] = []
    stop = 0
    for finding in sorted(findings, key=lambda each: (each.start, each.stop)):
        if run and finding.start > stop:
            yield _problem(run, stop)
            run = []
        stop = max(stop, finding.stop) if run else finding.stop
        run.append(finding)
    if run:
        yield _problem(run, stop)


def _problem(run: list[Finding], stop: int) -> Problem:
    first = run[0]
    return Problem(first.code, first.severity, first.start, stop, len(run), first.value, first.rule)
