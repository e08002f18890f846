"""``bench/train_check.sh`` as far as it goes without a GPU: what it refuses, and what it would run.

Where a trainer, OpenFace or take5 would work for minutes, small programs note how they are called.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from repository import ROOT

from take5.stream.bundles.trainers.registry import TRAINERS

SCRIPT = ROOT / "bench" / "train_check.sh"
FACES = ("data_utils/face_parsing/79999_iter.pth", "data_utils/face_tracking/3DMM/3DMM_info.npy")
NEEDED = {
    "synctalk": ("main.py", *FACES, "nerf_triplane/checkpoints/audio_visual_encoder.pth"),
    "instag": (
        *("train_face.py", *FACES, "data_utils/audio_visual_encoder.pth", "data_utils/easyportrait/fpn-fp-512.pth"),
        *("data_utils/sapiens/checkpoint", "output/pretrain_ave/chkpnt_ema_face_latest.pth"),
        "output/pretrain_ave/chkpnt_ema_mouth_latest.pth",
    ),
}
TRAINED = {
    "synctalk": ("training; the paper's 140 passes in all", "test"),
    "instag": ("face", "mouth", "both", "test"),
}
FRAMES = 138

PREPARING = """#!/bin/sh
case $1 in
prepare) touch "$4/parsed" ;;
check)
    [ -e "$2/parsed" ] && echo "next, training: python main.py" || echo "next, face parsing: touch $2/parsed"
    ;;
esac
"""
"""Stands for take5."""

TRAINING = """#!/bin/sh
[ "$1" = -c ] && exit
echo "python $*" >>"$CALLS"
echo "PSNR = 3$(grep -c . "$CALLS").250000"
echo "LPIPS (alex) = 0.1"
echo "LMD (fan) = 2.750000"
"""
"""Stands for the trainer's Python."""


@pytest.fixture(params=NEEDED)
def trainer(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def checkout(trainer: str, tmp_path: Path) -> Path:
    for name in NEEDED[trainer]:
        path = tmp_path / "checkout" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "checkout"


@pytest.fixture
def bundle(trainer: str, tmp_path: Path) -> Path:
    folder = tmp_path / "ann"
    (folder / "ori_imgs").mkdir(parents=True)
    (folder / "manifest.json").write_text(f'{{\n "trainer": "{trainer}"\n}}\n')
    (folder / "ann.mp4").touch()
    for number in range(FRAMES):
        (folder / "ori_imgs" / f"{number}.jpg").touch()
    return folder


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs on the PATH, before all others."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program(folder, "python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    for name in ("FeatureExtraction", "conda", "take5"):
        program(folder, name, "#!/bin/sh\n")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def checked(*arguments: str | Path, code: int = 2, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | settings
    command = ["sh", str(SCRIPT), *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code, done.stderr
    return done


def test_any_shell_reads_it() -> None:
    subprocess.run(["sh", "-n", str(SCRIPT)], check=True)


def test_what_is_missing_in_the_checkout_is_named(trainer: str, checkout: Path, bundle: Path, programs: Path) -> None:
    for name in NEEDED[trainer]:
        (checkout / name).rename(checkout / "away")
        assert f"{checkout / name} is missing: " in checked(trainer, checkout, bundle).stderr
        (checkout / "away").rename(checkout / name)
    if trainer == "instag":
        (programs / "FeatureExtraction").unlink()
        assert "install OpenFace" in checked(trainer, checkout, bundle).stderr


@pytest.mark.usefixtures("programs")
def test_wrong_arguments_are_refused(trainer: str, checkout: Path, bundle: Path) -> None:
    assert "usage: " in checked(trainer, checkout).stderr
    assert "nerf: trainers that are compared" in checked("nerf", checkout, bundle).stderr
    assert "nowhere is not a folder" in checked(trainer, "nowhere", bundle).stderr
    assert "ITERATIONS=many must be" in checked(trainer, checkout, bundle, ITERATIONS="many").stderr
    assert "has no manifest.json" in checked(trainer, checkout, checkout).stderr
    (bundle / "track_params.pt").touch()
    assert "is prepared already" in checked(trainer, checkout, bundle).stderr
    (bundle / "manifest.json").write_text('{\n "trainer": "raw"\n}\n')
    assert f"another trainer than {trainer}" in checked(trainer, checkout, bundle).stderr


@pytest.mark.long
@pytest.mark.usefixtures("programs")
def test_a_gpu_is_needed_and_nothing_is_written_before(trainer: str, checkout: Path, bundle: Path) -> None:
    assert "no PyTorch that sees a GPU" in checked(trainer, checkout, bundle, CUDA_VISIBLE_DEVICES="").stderr
    assert not (checkout / "data" / "ann_own").exists()


def test_both_ways_are_prepared_trained_and_compared(
    trainer: str, checkout: Path, bundle: Path, programs: Path, tmp_path: Path
) -> None:
    program(programs, "take5", PREPARING)
    program(programs, "python", TRAINING)
    calls = tmp_path / "calls"
    calls.touch()
    table = checked(trainer, checkout, bundle, code=0, CALLS=str(calls)).stdout.splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table[3:]]
    ran = len(TRAINED[trainer]) + (trainer == "instag")
    assert [(row[0], *row[3:]) for row in rows] == [
        ("own", f"3{ran}.250000", "2.750000"),
        ("take5", f"3{2 * ran}.250000", "2.750000"),
    ]
    for way, lines in (("own", calls.read_text().splitlines()[:ran]), ("take5", calls.read_text().splitlines()[ran:])):
        assert len(lines) == ran
        for line, command in zip(lines, commands(trainer, f"ann_{way}"), strict=False):
            assert sorted(line.split()) == sorted(command.split())
        assert (checkout / "data" / f"ann_{way}" / f"ann_{way}.mp4").exists()
    assert "FRESH=1 replaces it" in checked(trainer, checkout, bundle, CALLS=str(calls)).stderr


def commands(trainer: str, name: str) -> list[str]:
    """The contract's commands for training and test, with fewer iterations, and rendered whole."""
    contract = TRAINERS[trainer]
    steps = {step.what: step.of(name, contract.train(FRAMES)).command for step in contract.left}
    wanted = [re.sub(r"--(iter\w*) \d+", r"--\1 2000", steps[what]) for what in TRAINED[trainer]]
    return [command.replace(" --portrait", "") for command in wanted]


def test_a_step_without_a_result_is_named(trainer: str, checkout: Path, bundle: Path, programs: Path) -> None:
    program(programs, "take5", "#!/bin/sh\necho 'next, face parsing: true'\n")
    program(programs, "python", "#!/bin/sh\n")
    assert "this has not made what it should" in checked(trainer, checkout, bundle).stderr


def test_a_step_that_fails_ends_it(trainer: str, checkout: Path, bundle: Path, programs: Path) -> None:
    program(programs, "take5", "#!/bin/sh\necho 'next, face parsing: echo broken; false'\n")
    program(programs, "python", "#!/bin/sh\n")
    assert "a step has failed" in checked(trainer, checkout, bundle).stderr
    assert "broken" in (checkout / "data" / "ann_own.log").read_text()
