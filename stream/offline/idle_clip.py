"""The idle clip of a finished file: finds silent stretches, then analyses only their pictures."""

from take5.scoring.gates.config import GateConfig
from take5.scoring.idle import Idle, IdleFinder, candidates
from take5.stream.analysis.frames import stretch_of
from take5.stream.recording.from_file import FileRecording

LONGEST_FRAMES = 750
"""Largest number of frames to analyse: 30 s of silence."""


def find_idle(recording: FileRecording, gates: GateConfig) -> Idle | None:
    """Find the best stretch of a file in which the person sits still and silent, with closed lips; or None."""
    sound = recording.heard.measures
    spans = [(start, min(stop, start + LONGEST_FRAMES)) for start, stop in candidates(sound)]
    recording.scan.scan(spans)
    found: list[Idle] = []
    for start, stop in spans:
        finder = IdleFinder(gates, first=start)
        observed = recording.observations(start, stop)
        finder.push(stretch_of(observed, recording.timing_of(start, stop), sound[start:stop]))
        found += [finder.best] if finder.best is not None else []
    return min(found, key=lambda idle: idle.cost, default=None)
