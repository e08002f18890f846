"""take5 webcam as a program: a talker on a camera and a microphone of the tests' own, until Ctrl-C, and the clip."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import jsonschema
import numpy as np
import pytest
from capture_devices import SoundServer, playing, sound_server
from repository import ROOT

from take5.client.cli import run
from take5.stream.model_files.cache import DIRECTORY_VARIABLE, models_directory

PROGRAM = [sys.executable, "-m", "take5.client.cli", "webcam"]
SCHEMA = json.loads((ROOT / "docs" / "events.schema.json").read_text(encoding="utf-8"))
TIMEOUT_S = 60.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoundServer]:
    with sound_server(tmp_path_factory.mktemp("sound")) as running:
        yield running


def events(running: "subprocess.Popen[str]") -> Iterator[dict[str, Any]]:
    assert running.stdout is not None
    for line in running.stdout:
        yield json.loads(line)


@pytest.mark.realtime
def test_a_talker_is_scored_until_ctrl_c_and_the_best_is_kept(short: Path, server: SoundServer, tmp_path: Path) -> None:
    environment = {**server.silent, DIRECTORY_VARIABLE: str(models_directory())}
    camera = f"movie={short},realtime"
    command = [*PROGRAM, "--driver", "lavfi", "--camera", camera, "--json"]
    told: list[dict[str, Any]] = []
    with (
        playing(short, server, tmp_path),
        subprocess.Popen(
            [*command, "-o", str(tmp_path / "out"), "--stop-at", "0", "--for", "synctalk", "--bundle-size", "256"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as running,
    ):
        asked = False
        for event in events(running):
            told.append(event)
            if event["type"] == "best" and not asked:
                asked = True
                running.send_signal(signal.SIGINT)
        assert running.wait(TIMEOUT_S) == 0
    for event in told:
        jsonschema.validate(event, SCHEMA)
    kinds = [event["type"] for event in told]
    assert kinds[0] == "hello"
    assert [event["state"] for event in told if event["type"] == "state"] == [
        "connecting", "receiving", "stopping", "ready",
    ]  # fmt: skip
    assert next(event["rule"] for event in told if event["type"] == "stopped") == "ended"
    clip, *others = told[-4:]
    assert [event["type"] for event in told[-4:]] == ["clip", "bundle", "report", "prepared"]
    assert [event["error"] for event in others] == [None] * 3
    assert sorted(clip["files"]) == ["clip.mp4", "clip.wav", "report.json", "source.mp4"]
    check(Path(clip["path"]))


def check(folder: Path) -> None:
    """Five seconds of picture and of sound that is not silence, and the units as they were."""
    with av.open(str(folder / "clip.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 125
    with av.open(str(folder / "clip.wav")) as container:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert len(sound) == 80_000
    assert np.abs(sound.astype(np.int32)).max() > 1000
    assert (folder / "source.mp4").stat().st_size > 0


@pytest.mark.long
@pytest.mark.waiting
def test_what_is_wrong_is_said_in_a_line(server: SoundServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["webcam", "--size", "big"]) == 64
    assert "'big' is not WIDTHxHEIGHT in pixels, as 1280x720" in capsys.readouterr().err
    assert run(["webcam", "--min-free", "much"]) == 64
    assert "'much' is not a size; 500M, 2G and 1GiB are" in capsys.readouterr().err
    assert run(["webcam", "--min-free", "1000000TB", "--camera", "none"]) == 1
    assert "are free, and a capture needs" in capsys.readouterr().err
    environment = {**server.silent, DIRECTORY_VARIABLE: str(models_directory())}
    command = [*PROGRAM, "--microphone", "studio"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("take5: error: microphone 'studio': no microphone has this number or name; take5")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.waiting
def test_the_devices_of_this_computer_are_listed(server: SoundServer) -> None:
    command = [*PROGRAM, "--list-devices"]
    done = subprocess.run(command, env=server.silent, capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
    assert done.stdout.startswith("cameras:")
    assert "microphones:\n  0  default (0)\n" in done.stdout
