"""Bundles that show the idle clip: they come last, in the whole picture, and say how to get one where there is none."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from video_readers import watch

import take5
from take5.scoring.errors import NoIdle, OutputExists
from take5.scoring.idle import Idle
from take5.stream.analysis.models import Models
from take5.stream.bundles.check import check
from take5.stream.bundles.trainers.registry import TRAINERS
from take5.stream.bundles.write import bundle_selection, wanted_for
from take5.stream.deliverables import Deliverables
from take5.stream.offline.select import Selected, select
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile

pytestmark = pytest.mark.long

WANTED = wanted_for(["livetalking", "er-nerf"], size=256)


@pytest.fixture(scope="module")
def scored(short: Path, models: Models) -> Selected:
    return select(MediaFile(short), models, Settings(), on_progress=lambda *_: None)


def test_the_idle_clip_is_the_bundle(scored: Selected, models: Models, tmp_path: Path) -> None:
    selection = replace(scored.selection, idle=Idle(100, 190, 0.2, blinks=True))
    made = list(bundle_selection(selection, scored.recording, models, WANTED, tmp_path, "ann"))
    assert [bundle.trainer for bundle in made] == ["er-nerf", "livetalking"]
    idle = made[1]
    assert (idle.frames, idle.train_frames) == (90, 90)
    found = watch("livetalking", idle.folder)
    assert (len(found.frames), found.size) == (90, (450, 360))
    assert list(check(idle.folder, TRAINERS["livetalking"])) == []
    talking, manifest = (json.loads(bundle.manifest.read_text()) for bundle in made)
    assert (manifest["window"], manifest["source"]["start_frame"]) == (None, 100)
    frames = 100 - talking["source"]["start_frame"]
    later = manifest["source"]["container_start_s"] - talking["source"]["container_start_s"]
    assert later == pytest.approx(frames / 25)
    assert "idle clip" in manifest["note"]
    assert any("face is" in warning for warning in idle.warnings)


def test_without_one_the_others_are_made_and_the_error_says_how(
    scored: Selected, models: Models, tmp_path: Path
) -> None:
    making = bundle_selection(replace(scored.selection, idle=None), scored.recording, models, WANTED, tmp_path, "ann")
    assert next(making).trainer == "er-nerf"
    with pytest.raises(NoIdle, match=r"LiveTalking wants the idle clip, .*--ask-idle 20"):
        next(making)
    assert [path.name for path in tmp_path.iterdir()] == ["er-nerf"]


def test_it_is_looked_for_where_a_bundle_shows_it() -> None:
    assert Deliverables(WANTED).finds_idle
    assert Deliverables(idle=True).finds_idle
    assert not Deliverables(wanted_for(["synctalk"])).finds_idle
    assert not Deliverables().finds_idle


@pytest.mark.long
def test_its_absence_costs_no_bundle_of_another_length(
    seven: Path, models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("take5.client.api.result.find_idle", lambda *_: None)
    found = take5.select(seven, seconds=(3, 4), models=models)
    with pytest.raises(NoIdle):
        found.bundle(tmp_path, "livetalking", "er-nerf", name="ann", size=256)
    assert sorted(path.name for path in (tmp_path / "er-nerf").iterdir()) == ["ann", "ann-4s"]
    with pytest.raises(OutputExists):
        found.bundle(tmp_path, "synctalk", "er-nerf", name="ann", size=256)
    assert not (tmp_path / "synctalk").exists()
