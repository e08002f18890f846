"""With the tracker ``litert`` every way of scoring gives the same MC, wherever the tracker begins."""

import json
from pathlib import Path

import numpy as np
import pytest
from remembering import Memories, remembering
from talker_choice import SHORT, known, score

from take5.client.api.models import load_models
from take5.client.cli import run
from take5.scoring.algorithm1 import motion_complexity
from take5.scoring.parameters import LEAD_IN_FRAMES, Parameters
from take5.stream.analysis.models import Models
from take5.stream.events import Finished
from take5.stream.live.replay import Replay
from take5.stream.offline.select import Selected
from take5.stream.selection import Selection
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile

pytestmark = pytest.mark.long

WINDOW = Parameters().window_frames
AGREEMENT = 1e-6
"""MC of a run that begins a second before a window against MC of a run over everything."""

pytest.importorskip("ai_edge_litert", reason="the extra litert is not installed")
pytest.importorskip("cv2", reason="the extra litert is not installed")


@pytest.fixture(scope="module")
def litert(in_real_time: bool, memories: Memories) -> Models:
    loaded = load_models("speech-embedding", device="cpu", tracker="litert")
    return loaded if in_real_time else remembering(loaded, memories)


@pytest.fixture(scope="module")
def exhaustive(short: Path, litert: Models) -> Selected:
    return score(short, litert, exhaustive=True)


def MC_of(selection: Selection) -> dict[int, float]:
    return {v.score.start: v.score.motion.MC for v in selection.verdicts if v.score.motion is not None}


def test_select_agrees_with_exhaustive(
    short: Path, exhaustive: Selected, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["select", str(short), "--tracker", "litert", "-o", str(tmp_path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["tracker"], exhaustive.selection.tracker) == ("litert", "litert")
    assert report["best"]["start_s"] == known(SHORT)["winner_start_s"]
    assert [window["start_s"] * 25 for window in report["pool"]] == [
        window.start for window in exhaustive.selection.pool
    ]
    expected = MC_of(exhaustive.selection)
    for window in report["pool"]:
        assert window["MC"] == pytest.approx(expected[round(window["start_s"] * 25)], rel=AGREEMENT)


def test_a_run_that_begins_a_second_before_a_window_agrees(litert: Models, exhaustive: Selected) -> None:
    expected = MC_of(exhaustive.selection)
    for start in (150, 275):
        span = start - LEAD_IN_FRAMES, start + WINDOW
        with litert.tracker(None) as tracker:
            seen = [tracker.track(each.rgb(), i) for i, each in enumerate(exhaustive.recording.pictures(*span))]
        lips = np.array([face.lips for face in seen[LEAD_IN_FRAMES:] if face is not None])
        assert pytest.approx(expected[start], rel=AGREEMENT) == motion_complexity(lips, Parameters().hfr_threshold).MC


def test_the_stream_agrees_with_the_file(short: Path, litert: Models, exhaustive: Selected) -> None:
    *_, last = Replay(MediaFile(short), litert, Settings()).events()
    assert isinstance(last, Finished)
    assert last.selection.tracker == "litert"
    assert MC_of(last.selection) == pytest.approx(MC_of(exhaustive.selection), rel=AGREEMENT)
    verdicts = [(v.score.start, v.eligible, v.reasons) for v in exhaustive.selection.verdicts]
    assert [(v.score.start, v.eligible, v.reasons) for v in last.selection.verdicts] == verdicts
