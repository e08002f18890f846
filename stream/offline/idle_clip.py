"""The idle clip of a finished file: finds silent stretches, then analyses only their pictures."""

from collections.abc import Sequence

from take5.scoring.gates.config import GateConfig
from take5.scoring.idle import LENGTHS, MOST, Idle, IdleFinder, candidates
from take5.stream.analysis.frames import stretch_of
from take5.stream.recording.from_file import FileRecording

LONGEST_FRAMES = 750
"""Largest number of frames to analyse, unless an idle clip is longer: 30 s of silence."""


def find_idle(recording: FileRecording, gates: GateConfig, lengths: Sequence[int] = LENGTHS) -> Idle | None:
    """Find the best stretch of a file in which the person sits still and silent, with closed lips; or None.

    ``lengths`` are those of an idle clip in frames, preferred first.
    """
    longest = max(LONGEST_FRAMES, *lengths)
    spans = [(start, min(stop, start + longest)) for start, stop in _silent(recording, lengths)]
    recording.scan.scan(spans)
    found: list[Idle] = []
    for start, stop in spans:
        finder = IdleFinder(gates, first=start, lengths=lengths)
        finder.push(stretch_of(recording.observations(start, stop), *recording.heard_in(start, stop)))
        found += [finder.best] if finder.best is not None else []
    return min(found, key=lambda idle: idle.cost, default=None)


def _silent(recording: FileRecording, lengths: Sequence[int]) -> list[tuple[int, int]]:
    """Silent stretches, the longest ones; none has anything that is passed over."""
    found: list[tuple[int, int]] = []
    for first, last in recording.rows.stretches:
        _, sound = recording.heard_in(first, last)
        found += [(first + start, first + stop) for start, stop in candidates(sound, lengths=lengths)]
    longest = sorted(found, key=lambda span: span[0] - span[1])[:MOST]
    return sorted(longest)
