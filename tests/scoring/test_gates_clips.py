"""The gates on video: the generated talker and real talkers pass, spoilt ones do not."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from take5.scoring.gates.config import GateConfig
from take5.scoring.gates.findings import Code, Finding, Severity
from take5.scoring.gates.measures import FrameMeasures, measure_frame
from take5.scoring.gates.verdict import window_findings
from take5.scoring.models.face import FaceObservation
from take5.scoring.parameters import LEAD_IN_FRAMES
from take5.stream.analysis.faces import Faces
from take5.stream.analysis.models import Models
from take5.stream.sources.file import MediaFile
from take5.stream.timeline.clock import to_seconds

WINDOW = 125
NEW = ((False,),) * WINDOW
Change = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]


def watched(path: Path, start: int, stop: int, models: Models, change: Change = lambda rgb: rgb) -> FrameMeasures:
    """Measures of grid frames [start, stop), the tracker begun with the first of them."""
    return FrameMeasures.concatenate(list(measured(path, start, stop, models, change)))


def measured(path: Path, start: int, stop: int, models: Models, change: Change) -> Iterator[FrameMeasures]:
    file = MediaFile(path)
    frames = list(file.grid_frames(file.scan(lambda _: None), start, stop))
    times = [frame.shown.pts for frame in frames]
    steps = [float("nan"), *(1000 * to_seconds(after - before) for before, after in pairwise(times))]
    with Faces(models) as faces:
        for frame, step in zip(frames, steps, strict=True):
            rgb = change(frame.shown.picture.rgb())
            face = faces.track(rgb, frame.index)
            assert face is None or isinstance(face, FaceObservation)
            yield measure_frame(rgb, face, step)


def window(path: Path, start: int, models: Models, change: Change = lambda rgb: rgb) -> FrameMeasures:
    begin = max(0, start - LEAD_IN_FRAMES)
    return watched(path, begin, start + WINDOW, models, change)[start - begin :]


def rejected(measures: FrameMeasures, strictness: str = "normal") -> list[Finding]:
    findings = window_findings(measures, NEW, 0, GateConfig.of(strictness))
    return [finding for finding in findings if finding.severity is Severity.REJECT]


BEST = 300
"""First frame of the talker's best window."""


def test_the_generated_talker_passes_but_for_its_mouth_that_never_closes(talker: Path, models: Models) -> None:
    measures = window(talker, BEST, models)
    assert rejected(measures) == []
    assert {finding.code for finding in rejected(measures, "strict")} == {Code.TOO_FAR, Code.MOUTH_STAYS_OPEN}


@pytest.mark.long
def test_a_run_over_all_and_one_over_the_window_come_to_the_same_verdict(talker: Path, models: Models) -> None:
    whole, alone = watched(talker, 0, BEST + WINDOW, models)[BEST:], window(talker, BEST, models)
    angles, others = ("yaw", "pitch", "roll"), ("eye_open", "mouth_open", "blur", "brightness", "evenness")
    for name, near in [*((name, 0.1) for name in angles), *((name, 0.05) for name in others)]:
        assert getattr(whole, name) == pytest.approx(getattr(alone, name), abs=near), name
    for strictness in ("loose", "normal", "strict"):
        config = GateConfig.of(strictness)
        one, other = (window_findings(measures, NEW, BEST, config) for measures in (whole, alone))
        assert [(f.code, f.severity) for f in one] == [(f.code, f.severity) for f in other]


@pytest.mark.long
def test_a_talker_out_of_focus_is_rejected(talker: Path, models: Models) -> None:
    def unfocused(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.asarray(gaussian_filter(rgb, (3, 3, 0)))

    assert {finding.code for finding in rejected(window(talker, BEST, models, unfocused))} == {Code.BLURRED}


@pytest.mark.clips
def test_real_talkers_are_not_rejected(clips: list[Path], models: Models) -> None:
    for clip in clips:
        assert rejected(window(clip, LEAD_IN_FRAMES, models)) == [], clip.name


@pytest.mark.clips
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda rgb: (rgb * 0.1).astype(np.uint8), Code.TOO_DARK),
        (lambda rgb: np.ascontiguousarray(rgb[:, rgb.shape[1] * 45 // 100 :]), Code.FACE_CUT),
    ],
)
def test_real_talkers_spoilt_are_rejected(clips: list[Path], models: Models, change: Change, code: Code) -> None:
    measures = window(clips[0], LEAD_IN_FRAMES, models, change)
    assert code in {finding.code for finding in rejected(measures)}
