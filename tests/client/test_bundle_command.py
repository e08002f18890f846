"""``take5 bundle`` and ``take5 check``."""

import json
from pathlib import Path

import pytest
from beep_flash import backdrop
from torn_media import tear

from take5.client.cli import run


@pytest.mark.long
def test_a_clip_of_somebody_elses_becomes_bundles(
    three: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run(["bundle", str(three), "--for", "er-nerf", "--for", "raw", "--bundle-size", "256", "-o", str(tmp_path)])
        == 0
    )
    assert "for er-nerf: " in capsys.readouterr().out
    assert run(["check", str(tmp_path / "er-nerf" / "three"), "--for", "er-nerf"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "done: task 1: sound",
        "done: task 3: images",
        "done: task 7: landmarks",
        f"{tmp_path / 'er-nerf' / 'three'}: no violations of the contract of er-nerf",
        "next, face parsing: python data_utils/process.py data/three/three.mp4 --task 4",
    ]
    (tmp_path / "er-nerf" / "three" / "aud.wav").unlink()
    assert run(["check", str(tmp_path / "er-nerf" / "three"), "--for", "er-nerf", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["file"] == "aud.wav"
    assert run(["bundle", str(three), "--for", "raw", "-o", str(tmp_path)]) == 1
    assert "exists already" in capsys.readouterr().err


@pytest.mark.long
def test_a_clip_becomes_an_avatar_as_it_is(seven: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bundle", str(seven), "--for", "livetalking", "-o", str(tmp_path), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["frames"] == made["train_frames"]
    assert any("the lips are open in" in warning for warning in made["warnings"])
    assert json.loads((Path(made["path"]) / "manifest.json").read_text())["note"] == ""
    assert run(["check", made["path"], "--for", "livetalking"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith("no violations of the contract of livetalking")
    assert said[1].startswith("next, avatar for Wav2Lip, with the weights of its README: PYTHONPATH=. python avatars/")


def test_a_clip_without_a_face_is_refused_by_its_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = backdrop(tmp_path / "nobody.mkv", 3)
    assert run(["bundle", str(clip), "--for", "raw", "-o", str(tmp_path / "out")]) == 1
    assert "no face in the picture at 0.00 s" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_clip_with_a_long_hole_is_refused_by_its_time(
    seven: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = tear(seven, tmp_path / "torn.mkv", 3, 3600)
    assert run(["bundle", str(clip), "--for", "raw", "-o", str(tmp_path / "out")]) == 1
    assert "torn.mkv: picture or sound is missing around 4.00 s; a bundle needs" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [["--for", "nerf"], [], ["--for", "raw", "--name", "a b"]])
def test_what_is_no_trainer_or_no_name_is_a_usage_error(arguments: list[str], tmp_path: Path) -> None:
    assert run(["bundle", str(tmp_path / "x.mp4"), *arguments]) == 64
