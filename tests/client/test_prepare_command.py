"""``take5 prepare``."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from demo.talker import DEFAULT, FILLER, fitted
from take5.client.cli import run


def test_a_bundle_is_prepared_once_and_then_with_force(
    rendered: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = rendered("seven", fitted(DEFAULT, 7, FILLER))
    assert run(["bundle", str(clip), "--for", "er-nerf", "--bundle-size", "256", "-o", str(tmp_path)]) == 0
    folder = str(tmp_path / "er-nerf" / "seven")
    capsys.readouterr()
    assert run(["prepare", folder]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"{folder}: prepared for er-nerf (experimental)"
    assert [line.split(":")[0].strip() for line in said[1:4]] == ["head pose", "focal length", "AU45"]
    assert said[4].startswith("next, face parsing: python data_utils/process.py data/seven/seven.mp4 --task 4")
    assert run(["prepare", folder]) == 1
    assert "track_params.pt: exists already" in capsys.readouterr().err
    assert run(["prepare", folder, "--force", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["violations"] == []
    assert made["head_pose"]["reprojection_px"] < 1
    assert not any("--task 8" in step["command"] or "FeatureExtraction" in step["command"] for step in made["left"])
    assert run(["check", folder, "--for", "er-nerf"]) == 0
    assert "done: head tracking" in capsys.readouterr().out
    assert run(["prepare", folder, "--force", "--masks", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["violations"] == []
    assert made["masks"]["model"]["name"] == "selfie_segmentation"
    assert [step["command"] for step in made["left"] if "process.py" in step["command"]] == []
    assert run(["check", folder, "--for", "er-nerf"]) == 0
    done = capsys.readouterr().out
    assert all(f"done: {step}" in done for step in ("face parsing", "background", "head and torso"))


def test_a_segmenter_that_is_none_is_refused_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.tflite").write_bytes(b"no network")
    assert run(["prepare", str(tmp_path), "--segmenter", str(tmp_path / "other.tflite")]) == 1
    assert "other.tflite: LiteRT cannot use this model file" in capsys.readouterr().err


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["prepare", str(tmp_path / "nothing")]) == 1
    assert "manifest.json: cannot be read" in capsys.readouterr().err
