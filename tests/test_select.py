"""``take5 select`` and ``take5 replay`` on the talker: the choice follows from how it was made."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from demo.talker import DEFAULT, Script, swapped, truth
from demo.talker.__main__ import as_json
from demo.verdict import differences
from take5.client.cli import run
from take5.scoring import algorithm1
from take5.scoring.parameters import LEAD_IN_FRAMES
from take5.stream.events import BestChanged, Finished, Progress
from take5.stream.replay import Replay
from take5.stream.scanner import Models
from take5.stream.select import Scored, select
from take5.stream.selection import Selection, Settings
from take5.stream.sources.file import MediaFile

Json = dict[str, Any]
AGREEMENT = 1e-2
"""MC of a run over a window against MC of a run over everything; docs/mathematics.md."""


def score(video: Path, models: Models, *, exhaustive: bool = False) -> Scored:
    return select(MediaFile(video), models, Settings(), exhaustive=exhaustive, report=lambda *_: None)


def known(script: Script) -> Json:
    parsed: Json = json.loads(as_json(script, truth(script)))
    return parsed


@pytest.fixture(scope="module")
def chosen(talker: Path, models: Models) -> Scored:
    return score(talker, models)


@pytest.fixture(scope="module")
def exhaustive(talker: Path, models: Models) -> Scored:
    return score(talker, models, exhaustive=True)


@pytest.fixture(scope="module")
def replayed(talker: Path, models: Models) -> tuple[Replay, list[Any]]:
    run_ = Replay(MediaFile(talker), models, Settings())
    return run_, list(run_.events())


def test_the_choice_and_every_verdict_follow_from_the_construction(exhaustive: Scored) -> None:
    report = exhaustive.selection.json()
    assert all(window["eligible"] is not None for window in report["windows"])
    assert differences(known(DEFAULT), report) == []


@pytest.mark.parametrize("other", ["frozen", "away"])
def test_swapping_two_stretches_moves_the_winner(
    rendered: Callable[[str, Script], Path], models: Models, other: str
) -> None:
    script = swapped(DEFAULT, "best", other)
    expected = known(script)
    assert expected["winner_start_s"] not in {None, known(DEFAULT)["winner_start_s"]}
    assert differences(expected, score(rendered(f"best-{other}", script), models).selection.json()) == []


def test_only_windows_that_algorithm_1_visits_are_looked_at(chosen: Scored, exhaustive: Scored) -> None:
    assert differences(known(DEFAULT), chosen.selection.json()) == []
    looked_at = [v.score.start for v in chosen.selection.verdicts if v.eligible is not None]
    ranked = [w.start for w in algorithm1.rank([v.score for v in exhaustive.selection.verdicts])]
    assert set(ranked[: len(looked_at)]) == set(looked_at)
    assert chosen.selection.tracked <= len(looked_at) * (125 + LEAD_IN_FRAMES)
    assert chosen.selection.tracked < exhaustive.selection.tracked / 2


def same_choice(one: Selection, other: Selection, agreement: float) -> None:
    assert one.best is not None
    assert other.best is not None
    assert one.best.start == other.best.start
    assert [w.start for w in one.pool] == [w.start for w in other.pool]
    for a, b in zip(one.pool, other.pool, strict=True):
        assert pytest.approx(b.D, rel=1e-5) == a.D
        assert a.motion is not None
        assert b.motion is not None
        assert pytest.approx(b.motion.MC, rel=agreement) == a.motion.MC
        assert a.views == b.views


def test_select_agrees_with_exhaustive(chosen: Scored, exhaustive: Scored) -> None:
    same_choice(chosen.selection, exhaustive.selection, AGREEMENT)


def test_the_stream_agrees_with_the_finished_file(exhaustive: Scored, replayed: tuple[Replay, list[Any]]) -> None:
    """The same run of the tracker, so the same numbers, and the same verdict on every window."""
    last = replayed[1][-1]
    assert isinstance(last, Finished)
    same_choice(last.selection, exhaustive.selection, 1e-9)
    verdicts = [(v.score.start, v.eligible, v.reasons) for v in exhaustive.selection.verdicts]
    assert [(v.score.start, v.eligible, v.reasons) for v in last.selection.verdicts] == verdicts


def test_at_every_second_the_stream_has_algorithm_1s_answer_so_far(
    exhaustive: Scored, replayed: tuple[Replay, list[Any]]
) -> None:
    verdicts = {v.score.start: v for v in exhaustive.selection.verdicts}
    progress = [event for event in replayed[1] if isinstance(event, Progress) and event.window is not None]
    assert [event.window.score.start for event in progress] == sorted(verdicts)
    for event in progress:
        so_far = [v.score for v in verdicts.values() if v.eligible and v.score.start + 125 <= event.frame]
        expected = algorithm1.best(algorithm1.rank(so_far)[:5])
        assert (event.best and event.best.start) == (expected and expected.start)
    changes = [event.best.start for event in replayed[1] if isinstance(event, BestChanged)]
    assert changes[-1] == known(DEFAULT)["winner_start_s"] * 25
    assert all(a != b for a, b in pairwise(changes))


def test_the_clip_from_the_ring_is_the_clip_from_the_file(
    exhaustive: Scored, replayed: tuple[Replay, list[Any]]
) -> None:
    best = exhaustive.selection.best
    assert best is not None
    span = best.start, best.start + 125
    kept, file = replayed[0].material, exhaustive.film
    for mine, theirs in zip(kept.pictures(*span), file.pictures(*span), strict=True):
        assert (mine.rgb() == theirs.rgb()).all()
    assert np.array_equal(kept.sound(*span)[0], file.sound(*span)[0])
    assert np.abs(kept.pcm(*span).astype(int) - file.pcm(*span)).max() <= 1


def test_features_are_what_was_scored(talker: Path, chosen: Scored, tmp_path: Path) -> None:
    target = tmp_path / "f.npz"
    assert run(["select", str(talker), "-o", str(tmp_path / "out"), "--features", str(target), "--json"]) == 0
    features = np.load(target)
    frames = chosen.selection.frames
    shapes = {"audio": (frames, 96), "lips": (frames, 20, 2), "pose": (frames, 3), "faces": (frames,), "fps": ()}
    assert {name: features[name].shape for name in features} == shapes
    assert {features[name].dtype for name in features} == {np.dtype(np.float64)}
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


def test_the_output_folder(talker: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Equal stems get -2; what is printed is what the report holds; the clip is 125 frames and 5 s."""
    twin = tmp_path / "elsewhere" / talker.name
    twin.parent.mkdir()
    twin.symlink_to(talker)
    out = tmp_path / "out"
    assert run(["select", str(talker), str(twin), "-o", str(out), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(path.name for path in out.iterdir()) == ["talker", "talker-2"]
    assert sorted(path.name for path in (out / "talker-2").iterdir()) == ["clip.mp4", "clip.wav", "report.json"]
    reports = [json.loads((out / name / "report.json").read_text()) for name in ("talker", "talker-2")]
    assert sorted(lines, key=lambda line: line["video"]) == sorted(reports, key=lambda report: report["video"])
    assert {line["video"] for line in lines} == {str(talker), str(twin)}
    check_json(lines[0])
    with av.open(str(out / "talker" / "clip.mp4")) as clip:
        assert [f.pts * f.time_base * 25 for f in clip.decode(video=0)] == list(range(125))


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
    talker: Path, chosen: Scored, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["replay", str(talker), "--json", "-o", str(tmp_path)]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {event["type"] for event in events} == {"progress", "best", "coach", "result"}
    assert {event["v"] for event in events} == {1}
    result = events[-1]["result"]
    assert events[-1]["type"] == "result"
    assert set(result) == set(chosen.selection.json())
    assert result["best"]["start_s"] == known(DEFAULT)["winner_start_s"]
    assert json.loads((tmp_path / "talker" / "report.json").read_text()) == result


@pytest.mark.parametrize("strategy", ["random", "audio", "lip"])
def test_strategies_choose_an_eligible_window(
    talker: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], strategy: str
) -> None:
    command = [
        "select",
        str(talker),
        "-o",
        str(tmp_path),
        "--json",
        "--strategy",
        strategy,
        "--seconds",
        "10",
        "--hop",
        "5",
    ]
    code = run(command)
    report = json.loads(capsys.readouterr().out)
    eligible = [window["start_s"] for window in report["windows"] if window["eligible"]]
    assert code == (0 if eligible else 2)
    assert (report["best"] and report["best"]["start_s"]) in (eligible or [None])


def test_ave_is_named_where_it_listens(talker: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from ave_checkpoint import make_state
    from torch import save

    weights = tmp_path / "ave.pth"
    save(make_state(), weights)
    command = ["select", str(talker), "-o", str(tmp_path / "out"), "--json", "--strategy", "audio"]
    assert run([*command, "--ave-weights", str(weights), "--device", "cpu"]) == 0
    assert json.loads(capsys.readouterr().out)["encoder"] == "ave"


@pytest.mark.clips
def test_real_clips_agree_on_all_three_ways(clips: list[Path], models: Models) -> None:
    shortest = min(clips, key=lambda path: MediaFile(path).scan(lambda _: None).video_end)
    whole = score(shortest, models, exhaustive=True).selection
    *_, last = Replay(MediaFile(shortest), models, Settings()).events()
    assert isinstance(last, Finished)
    same_choice(last.selection, whole, 1e-9)
    same_choice(score(shortest, models).selection, whole, AGREEMENT)
