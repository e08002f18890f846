"""Recordings as reports are made of them, invented: any length, any findings."""

import numpy as np

from take5.scoring.gates.findings import Code, Finding, Severity
from take5.scoring.judging import JudgedWindow
from take5.scoring.motion import Motion
from take5.scoring.parameters import Parameters
from take5.scoring.score import WindowScore, best, rank
from take5.stream.events import ChunkNote
from take5.stream.report.data import ReportData
from take5.stream.report.thumbnails import Thumbnail
from take5.stream.selection import Selection
from take5.stream.settings import Settings
from take5.stream.timeline.grid import FrameCounts

TWO_FACES = Finding(Code.SEVERAL_FACES, 310, 420)
PITCHED = Finding(Code.HEAD_PITCHED, 250, 300, Severity.WARN, 29.5, "turn up or down at most 28 degrees")


def invented(seconds: int = 60, video: str = "talk.mp4", *, usable: bool = True, seed: int = 5) -> ReportData:
    """Return a recording of so many seconds; two faces from 0:12 to 0:17, a turned head at 0:10."""
    rng, parameters = np.random.default_rng(seed), Parameters()
    frames = seconds * 25
    starts = [parameters.window_span(j)[0] for j in range(parameters.window_count(frames))]
    verdicts = [_verdict(WindowScore(start, 120 + 10 * rng.random()), rng, usable=usable) for start in starts]
    pool = tuple(rank(verdict.score for verdict in verdicts if verdict.eligible)[: parameters.pool])
    entered = {window.start for window in pool}
    verdicts = [v if v.score.start in entered or not v.eligible else _unseen(v) for v in verdicts]
    selection = Selection(
        video,
        "speech-embedding",
        "1",
        25.0,
        0,
        frames,
        250,
        FrameCounts(),
        best(pool),
        pool,
        tuple(verdicts),
        Settings(),
    )
    notes = tuple(ChunkNote(face=1.0, faces=1, level_dbfs=-30 + 5 * rng.random()) for _ in range(seconds))
    lips = None if selection.best is None else rng.normal(100, 3, (parameters.window_frames, 20, 2))
    return ReportData(selection, notes, lips)


def _verdict(window: WindowScore, rng: np.random.Generator, *, usable: bool) -> JudgedWindow:
    stop = window.start + Parameters().window_frames
    motion = Motion(0.1 + 0.05 * rng.random(), 0.09, 0.3, mouth_moves=True)
    scored = WindowScore(window.start, window.D, motion, int(rng.integers(1, 9)))
    warnings = tuple(_cut(finding, window.start, stop) for finding in (PITCHED,) if _meets(finding, window.start, stop))
    two_faces = TWO_FACES if usable else Finding(Code.SEVERAL_FACES, window.start, stop)
    reasons = (_cut(two_faces, window.start, stop),) if _meets(two_faces, window.start, stop) else ()
    return JudgedWindow(scored, reasons, warnings=warnings)


def _unseen(verdict: JudgedWindow) -> JudgedWindow:
    return JudgedWindow(WindowScore(verdict.score.start, verdict.score.D), seen=False)


def _meets(finding: Finding, start: int, stop: int) -> bool:
    return finding.start < stop and finding.stop > start


def _cut(finding: Finding, start: int, stop: int) -> Finding:
    return Finding(
        finding.code, max(start, finding.start), min(stop, finding.stop), finding.severity, finding.value, finding.rule
    )


def picture(frame: int, jpeg: bytes = b"\xff\xd8\xff\xd9") -> Thumbnail:
    return Thumbnail(frame, jpeg, 400, 226)
