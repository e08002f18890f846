"""``take5 prepare``."""

import json
import shlex
import sys
from pathlib import Path

import pytest

from take5.client.cli import run


@pytest.mark.long
def test_a_bundle_is_prepared_once_then_with_force_and_masks_are_added(
    three: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = ["bundle", str(three), "--for", "er-nerf", "--for", "raw", "--bundle-size", "256", "-o", str(tmp_path)]
    assert run([*made, "--prepare"]) == 0
    folder = str(tmp_path / "er-nerf" / "three")
    said = capsys.readouterr().out
    assert said.count("prepared for") == 1
    assert f"{folder}: prepared for er-nerf (experimental)\n  head pose: " in said
    assert all(f"\n  {what}: " in said for what in ("focal length", "AU45", "masks"))
    assert "next, DeepSpeech features" in said
    assert run(["prepare", "--masks", folder]) == 1
    assert "track_params.pt: exists already" in capsys.readouterr().err
    assert run(["prepare", folder, "--force", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["violations"] == []
    assert made["head_pose"]["reprojection_px"] < 1
    assert made["masks"]["model"]["name"] == "selfie_segmentation"  # still there
    assert not any("--task 8" in step["command"] or "FeatureExtraction" in step["command"] for step in made["left"])
    assert run(["check", folder, "--for", "er-nerf"]) == 0
    assert "done: head tracking" in capsys.readouterr().out


@pytest.mark.long
def test_select_prepares_bundles_after_its_output_and_notifies_hooks_again(
    seven: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log"
    code = f"import os; open({str(log)!r}, 'a').write(os.environ['TAKE5_TYPE'] + os.environ['TAKE5_ERROR'] + ' ')"
    made = ["select", str(seven), "--seconds", "2", "-o", str(tmp_path), "--json"]
    made += ["--name", "ann", "--bundle-size", "256"]
    hook = ["--on-ready", shlex.join([sys.executable, "-c", code])]
    assert run([*made, "--for", "synctalk", "--for", "raw", *hook]) == 0
    selected, prepared = map(json.loads, capsys.readouterr().out.splitlines())
    assert prepared["video"] == selected["video"]
    assert (prepared["prepared"]["type"], prepared["prepared"]["error"]) == ("prepared", None)
    manifest = json.loads((Path(prepared["prepared"]["path"]) / "manifest.json").read_text())
    assert manifest["trainer"] == "synctalk"
    assert manifest["left"] == prepared["prepared"]["left"]
    assert log.read_text().split() == ["bundle", "prepared"]
    recorded = json.loads((tmp_path / seven.stem / "deliveries.json").read_text())["deliveries"]
    assert [(each["type"], each["state"]) for each in recorded] == [("bundle", "delivered"), ("prepared", "delivered")]
    assert run([*made, "--for", "synctalk", "--force", "--no-prepare"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_a_segmenter_that_is_none_is_refused_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.tflite").write_bytes(b"no network")
    assert run(["prepare", str(tmp_path), "--segmenter", str(tmp_path / "other.tflite")]) == 1
    assert "other.tflite: LiteRT cannot use this model file" in capsys.readouterr().err


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["prepare", str(tmp_path / "nothing")]) == 1
    assert "manifest.json: cannot be read" in capsys.readouterr().err
