"""Scores and findings as JSON (``docs/output.md``, ``docs/events.md``)."""

from collections.abc import Iterable
from typing import Any

from take5.scoring.gates.findings import Finding
from take5.scoring.score import WindowScore
from take5.stream.timeline.clock import frame_seconds

Json = dict[str, Any]


def score_json(window: WindowScore) -> Json:
    """The numbers of a window; null where its pictures were not analysed."""
    motion = window.motion
    return {
        "D": window.D,
        "MC": motion and motion.MC,
        "MC_mouth": motion and motion.MC_mouth,
        "MC_head": motion and motion.MC_head,
        "views": window.views,
        "I": window.I,
    }


def findings_json(findings: Iterable[Finding]) -> list[Json]:
    """Each broken rule with the stretch that breaks it, in session time, and what was measured."""
    return [
        {
            "code": str(finding.code),
            "start_s": frame_seconds(finding.start),
            "end_s": frame_seconds(finding.stop),
            "value": finding.value,
            "rule": finding.rule,
        }
        for finding in findings
    ]
