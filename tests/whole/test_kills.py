"""Real kills of a real server, and of a webcam capture, in the middle of a recording; then the next start."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
from capture_devices import playing, sound_server
from killing import TAKE5, Followed, follow, sending, serving
from serving import eventually

from take5.stream.model_files.cache import DIRECTORY_VARIABLE, models_directory

pytestmark = pytest.mark.realtime

NAME = "ann"
OPTIONS = ("--stop-at", "0", "--stop-gain", "0", "--for", "synctalk", "--bundle-size", "256", "--no-prepare")
Json = dict[str, Any]


@pytest.fixture(scope="module")
def video(brief_to_send: Path) -> Path:
    return brief_to_send


def hook(log: Path) -> str:
    return f"{sys.executable} -c \"open({str(log)!r}, 'a').write('x')\""


def killed(output: Path, video: Path, options: list[str], until: Callable[[Followed], object]) -> Followed:
    """Let a server be killed once a condition on its events holds."""
    with serving(output, *options) as server:
        followed = follow(server.address, NAME)
        with sending(server.address, NAME, video):
            assert eventually(lambda: bool(until(followed)), 90)
            server.kill()
    assert followed.thread is not None
    followed.thread.join(10)
    return followed


def pictures(clip: Json) -> int:
    with av.open(str(Path(clip["path"]) / "clip.mp4")) as container:
        return sum(1 for _ in container.decode(video=0))


@pytest.mark.long
def test_a_kill_after_kept_loses_nothing_and_the_name_answers_with_the_clip(video: Path, tmp_path: Path) -> None:
    log, output = tmp_path / "hooks", tmp_path / "out"
    options = [*OPTIONS, "--on-ready", hook(log)]

    def long_after_kept(followed: Followed) -> bool:
        kept = followed.of("kept")
        return bool(kept) and time.monotonic() - kept[-1][0] > 1.0

    followed = killed(output, video, options, long_after_kept)
    kept = followed.of("kept")[-1][1]["best"]
    assert not list(output.glob("*/clip.mp4"))
    with serving(output, *options) as server:
        state = server.wait_for(NAME, lambda state: state["report"] or state["error"], 120)
        assert state["stopped"]["rule"] == "interrupted"
        assert state["clip"]["best"] == kept
        assert pictures(state["clip"]) == 125
        (bundle,) = state["bundles"]
        assert (bundle["error"], bundle["frames"]) == (None, 138)
        assert httpx.get(f"{server.address}/{state['clip']['files']['clip.mp4']}").status_code == 200
        assert eventually(log.exists, 20)
        assert not (output / ".spool").exists()
        with sending(server.address, NAME, video):
            server.wait_for(NAME, lambda state: state["state"] == "receiving" and not state["clip"], 60)
    assert log.read_text() == "x"


@pytest.mark.long
def test_a_kill_right_at_kept_gives_that_clip_without_bundles_or_with(video: Path, tmp_path: Path) -> None:
    followed = killed(tmp_path, video, list(OPTIONS), lambda followed: followed.of("kept"))
    kept = followed.of("kept")[-1][1]["best"]
    with serving(tmp_path, *OPTIONS) as server:
        state = server.wait_for(NAME, lambda state: state["report"] or state["error"], 120)
    assert state["clip"]["best"]["start_s"] >= kept["start_s"]
    (bundle,) = state["bundles"]
    assert bundle["error"] is None or "13 are needed" in bundle["error"]
    assert pictures(state["clip"]) == 125


@pytest.mark.long
def test_a_kill_while_the_clip_is_written_leaves_nothing_half_written(video: Path, tmp_path: Path) -> None:
    options = [*OPTIONS, "--stop-cap", "8"]
    followed = killed(tmp_path, video, options, lambda followed: followed.of("stopped") and followed.of("kept"))
    kept = followed.of("kept")[-1][1]["best"]
    later = [event["best"] for _, event in followed.of("best") if event["best"]["I"] > kept["I"]]
    with serving(tmp_path, *options) as server:
        state = server.wait_for(NAME, lambda state: state["report"] or state["error"], 120)
    assert state["clip"]["best"] in [kept, *later]
    assert pictures(state["clip"]) == 125
    (take,) = (path for path in tmp_path.iterdir() if path.is_dir())
    assert str(take) == state["clip"]["path"]
    assert not list(tmp_path.rglob(".*"))


@pytest.mark.long
def test_a_webcam_that_was_killed_is_recovered_by_the_command(short: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    command = [*TAKE5, "webcam", "--driver", "lavfi", "--camera", f"movie={short},realtime", "--json"]
    with (
        sound_server(tmp_path) as sound,
        playing(short, sound, tmp_path),
        subprocess.Popen(
            [*command, "-o", str(output), "--stop-at", "0", "--stop-gain", "0"],
            env={**sound.silent, DIRECTORY_VARIABLE: str(models_directory())},
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        kept = next(event for line in process.stdout if (event := json.loads(line))["type"] == "kept")
        time.sleep(1.5)
        process.kill()
        process.wait(30)
    assert not list(output.glob("*/clip.mp4"))
    done = recover(output)
    assert done.returncode == 0, done.stderr
    assert "best five seconds" in done.stdout
    (clip,) = output.glob("*/clip.mp4")
    report = json.loads((clip.parent / "report.json").read_text())
    assert report["best"]["start_s"] >= kept["best"]["start_s"]
    assert [path.name for path in output.iterdir()] == [clip.parent.name]
    again = recover(output)
    assert again.returncode == 0
    assert "no capture that was cut off" in again.stderr


def recover(output: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*TAKE5, "recover", str(output)], capture_output=True, text=True, check=False, timeout=120)
