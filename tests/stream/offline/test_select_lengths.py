"""``take5 select`` with several lengths of windows: each is chosen as by itself."""

import json
from pathlib import Path

import av
import numpy as np
import pytest
from long_values import long_after

import take5
from take5.client.cli import run
from take5.stream.analysis.models import Models
from take5.stream.bundles.check import check
from take5.stream.bundles.trainers.registry import trainer_named

BOTH = ["--seconds", "2", "--seconds", "4"]


@pytest.mark.parametrize("exhaustive", long_after(1, [False, True]))
def test_each_length_is_chosen_as_by_itself(seven: Path, models: Models, *, exhaustive: bool) -> None:
    both = take5.select(seven, seconds=(2, 4), models=models, exhaustive=exhaustive)
    assert [result.seconds for result in both.lengths] == [2, 4]
    for result in both.lengths:
        alone = take5.select(seven, seconds=result.seconds, models=models, exhaustive=exhaustive)
        assert result.best is not None
        assert (result.best, result.pool, result.windows) == (alone.best, alone.pool, alone.windows)
        assert result.warnings == alone.warnings
        assert {**result.json(), "lengths": None} == {**alone.json(), "lengths": None}


def test_every_clip_and_bundle_is_written(seven: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = ["--for", "raw", "--name", "ann", "--bundle-size", "256"]
    arguments = ["select", str(seven), "-o", str(tmp_path), "--json", *bundle, *BOTH]
    assert run(arguments) == 0
    printed = json.loads(capsys.readouterr().out)
    folder = tmp_path / "seven"
    assert json.loads((folder / "report.json").read_text()) == printed
    assert (printed["window_s"], printed["lengths"][0]["window_s"]) == (2.0, 4.0)
    for name, frames in (("clip.mp4", 50), ("clip-4s.mp4", 100)):
        with av.open(str(folder / name)) as clip:
            assert clip.streams.video[0].frames == frames
    for name in ("ann", "ann-4s"):
        assert not list(check(folder / "raw" / name, trainer_named("raw")))


@pytest.mark.long
def test_a_finished_take_of_both_lengths_is_skipped(
    seven: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["select", str(seven), "-o", str(tmp_path / "out"), "--resume", "--json"]
    skipped = []
    for lengths in (BOTH, BOTH, ["--seconds", "2"]):
        skipped += [run([*arguments, *lengths, "--force"])]
        skipped += [json.loads(capsys.readouterr().out).get("skipped", False)]
    assert skipped == [0, False, 0, True, 0, False]


@pytest.mark.long
def test_a_length_that_a_recording_does_not_reach_has_no_clip(
    seven: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["select", str(seven), "-o", str(tmp_path), "--seconds", "5", "--seconds", "30"]) == 0
    assert "no eligible window" in capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "seven").iterdir()) == ["clip.mp4", "clip.wav", "report.json"]
    assert run(["select", str(seven), "-o", str(tmp_path), "--seconds", "30", "--seconds", "5", "--force"]) == 0
    names = sorted(path.name for path in (tmp_path / "seven").iterdir())
    assert names == ["clip-5s.mp4", "clip-5s.wav", "report.json"]


def test_a_length_too_short_for_a_trainer_is_an_error(
    seven: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lengths = ["--seconds", "5", "--seconds", "2"]
    assert run(["select", str(seven), "-o", str(tmp_path), *lengths, "--for", "raw", "--for", "rad-nerf"]) == 64
    assert "seconds=2.0 is too short for RAD-NeRF: a bundle of it has 55 frames, 64 are" in capsys.readouterr().err


def test_the_same_length_twice_is_an_error(seven: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["select", str(seven), "-o", str(tmp_path), "--seconds", "5", "--seconds", "5.0"]) != 0
    assert "given twice" in capsys.readouterr().err
    with pytest.raises(take5.ParameterError):
        take5.select(seven, seconds=())


@pytest.mark.parametrize("seconds", [np.array([5, 10]), (np.int64(5), np.float32(10)), [5, 10]])
def test_lengths_may_be_numbers_of_numpy(models: Models, seconds: list[float]) -> None:
    session = take5.Session(models, seconds=seconds)
    session.finish()
    assert [json.dumps(result.seconds) for result in session.result.lengths] in (["5.0", "10.0"], ["5", "10"])


@pytest.mark.parametrize("seconds", ["5", ("5", "10"), (5, None), True])
def test_lengths_that_are_no_numbers_are_an_error(models: Models, seconds: list[float]) -> None:
    with pytest.raises(take5.ParameterError, match="is not a number"):
        take5.Session(models, seconds=seconds)


def test_a_single_length_may_be_a_number_of_numpy(models: Models) -> None:
    session = take5.Session(models, seconds=np.float64(5))
    session.finish()
    assert session.result.seconds == 5


def test_a_session_has_every_length(models: Models) -> None:
    session = take5.Session(models, seconds=(5, 10))
    session.finish()
    assert [result.seconds for result in session.result.lengths] == [5, 10]
