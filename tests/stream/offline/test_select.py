"""``take5 select`` and ``take5 replay`` on a drawn talker: what is printed, and what is on disk."""

import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from talker_choice import SHORT, known, score

from take5.client.cli import run
from take5.scoring import algorithm1
from take5.stream.analysis.models import Models
from take5.stream.offline.select import Selected

Json = dict[str, Any]


@pytest.fixture(scope="module")
def chosen(short: Path, models: Models) -> Selected:
    return score(short, models)


def test_features_are_what_was_scored(short: Path, chosen: Selected, tmp_path: Path) -> None:
    target = tmp_path / "f.npz"
    assert run(["select", str(short), "-o", str(tmp_path / "out"), "--features", str(target), "--json"]) == 0
    features = np.load(target)
    frames = chosen.selection.frames
    shapes = {"audio": (frames, 96), "lips": (frames, 20, 2), "pose": (frames, 3), "faces": (frames,)}
    shapes |= {"frame": (frames,), "fps": ()}
    assert {name: features[name].shape for name in features} == shapes
    assert {features[name].dtype for name in features} == {np.dtype(np.float64)}
    assert (features["frame"] == np.arange(frames)).all()
    unseen = features["faces"] == -1
    assert np.isnan(features["lips"][unseen]).all()
    eligible = {v.score.start for v in chosen.selection.verdicts if v.eligible}
    rejected = {v.score.start for v in chosen.selection.verdicts if v.eligible is False}
    best, pool = algorithm1.choose(
        features["audio"],
        features["lips"],
        features["pose"],
        lambda start: start not in rejected and (start in eligible or len(eligible) < 5),
        chosen.selection.settings.parameters,
    )
    same = chosen.selection.pool
    assert [(w.start, w.D, w.I, w.views) for w in pool] == [(w.start, w.D, w.I, w.views) for w in same]
    assert best == chosen.selection.best


def test_the_output_folder(short: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Equal stems get -2; what is printed is what the report holds; the clip is 125 frames and 5 s."""
    twin = tmp_path / "elsewhere" / short.name
    twin.parent.mkdir()
    twin.symlink_to(short)
    out = tmp_path / "out"
    assert run(["select", str(short), str(twin), "-o", str(out), "--jobs", "1", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(path.name for path in out.iterdir()) == ["short", "short-2"]
    assert sorted(path.name for path in (out / "short-2").iterdir()) == ["clip.mp4", "clip.wav", "report.json"]
    reports = [json.loads((out / name / "report.json").read_text()) for name in ("short", "short-2")]
    assert sorted(lines, key=lambda line: line["video"]) == sorted(reports, key=lambda report: report["video"])
    assert {line["video"] for line in lines} == {str(short), str(twin)}
    check_json(lines[0])
    with av.open(str(out / "short" / "clip.mp4")) as clip:
        assert [(f.pts or 0) * (f.time_base or 0) * 25 for f in clip.decode(video=0)] == list(range(125))


def check_json(report: Json) -> None:
    assert report["encoder"] == "speech-embedding"
    assert (report["fps"], report["source_fps"]) == (25, 25.0)
    numbers = {"start_s", "end_s", "container_start_s", "D", "MC", "MC_mouth", "MC_head", "views", "I"}
    assert set(report["best"]) == numbers
    assert report["best"]["end_s"] == report["best"]["start_s"] + 5
    assert report["best"] in report["pool"]
    assert len(report["pool"]) == 5
    assert all(set(window) == {"start_s", "D", "eligible", "reasons", "warnings"} for window in report["windows"])
    assert {window["eligible"] for window in report["windows"]} <= {True, False, None}
    lengths = {"seconds": 5.0, "hop": 1.0, "pool": 5, "hfr_threshold": 0.25}
    gates = {"strictness": "normal", "overrides": [], "trainers": []}
    assert report["parameters"] == {**lengths, "strategy": "full", "diversity": "euclidean", "seed": 0, "gates": gates}
    assert {"take5", "python", "mediapipe", "torch"} <= set(report["versions"])
    assert set(report["frames"]) == {"tracked", "doubled", "dropped", "late"}


def test_replay_prints_events_and_last_the_selection(
    short: Path, chosen: Selected, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["replay", str(short), "--json", "-o", str(tmp_path)]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {event["type"] for event in events} == {"progress", "best", "coach", "result"}
    assert {event["v"] for event in events} == {1}
    result = events[-1]["result"]
    assert events[-1]["type"] == "result"
    assert set(result) == set(chosen.selection.json())
    assert result["best"]["start_s"] == known(SHORT)["winner_start_s"]
    assert json.loads((tmp_path / "short" / "report.json").read_text()) == result


@pytest.mark.long
@pytest.mark.parametrize("strategy", ["random", "audio", "lip"])
def test_strategies_choose_an_eligible_window(
    seven: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], strategy: str
) -> None:
    code = run(["select", str(seven), "-o", str(tmp_path), "--json", "--strategy", strategy])
    report = json.loads(capsys.readouterr().out)
    eligible = [window["start_s"] for window in report["windows"] if window["eligible"]]
    assert code == (0 if eligible else 2)
    assert (report["best"] and report["best"]["start_s"]) in (eligible or [None])


def test_ave_is_named_where_it_listens(seven: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from ave_checkpoint import make_state
    from torch import save

    weights = tmp_path / "ave.pth"
    save(make_state(), weights)
    command = ["select", str(seven), "-o", str(tmp_path / "out"), "--json", "--strategy", "audio"]
    assert run([*command, "--ave-weights", str(weights), "--device", "cpu"]) == 0
    assert json.loads(capsys.readouterr().out)["encoder"] == "ave"
