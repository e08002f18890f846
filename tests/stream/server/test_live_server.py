"""A real sender through the real server: the choice, the clip, the end, and what happens when something breaks."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from serving import descriptors, eventually, served

from take5.scoring.stopping import StopRule, StopRules
from take5.stream.analysis.models import Models
from take5.stream.live import saving, watchdog
from take5.stream.live.worker import LiveWorker
from take5.stream.offline.select import Selected, select
from take5.stream.output.atomic import writing
from take5.stream.server.metrics import Metrics
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.media import AccessUnit, AudioBlock, Received

pytestmark = pytest.mark.realtime

NEVER = StopRules(stop_at=0, gain=None, cap_s=1e6)
Json = dict[str, Any]
MC_AGREEMENT = 2e-2
"""A window that was looked at from the ring alone, after looking had fallen behind, against a run over every frame."""


@pytest.fixture(scope="module")
def video(brief_to_send: Path) -> Path:
    return brief_to_send


class Filming:
    """``take5 push``, with its process that sends: FFmpeg's connecting lets no other thread of a process run."""

    def __init__(self, url: str, video: Path) -> None:
        command = [sys.executable, "-m", "take5.client.cli", "push", url, str(video), "--json"]
        away = subprocess.DEVNULL
        self.process = subprocess.Popen(command, stdout=away, stderr=away, start_new_session=True)

    def send(self, number: int) -> None:
        """Send both a signal, as a terminal does: SIGSTOP freezes them, SIGCONT wakes them, SIGKILL is a power cut."""
        os.killpg(self.process.pid, number)

    def end(self, number: int = signal.SIGINT) -> None:
        """Let it end, by default by hanging up as it should."""
        if self.process.poll() is None:
            self.send(number)
        self.process.wait(30)


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> list[Received]:
    """Everything that reaches a capture."""
    arrived: list[Received] = []
    original = LiveWorker.put

    def recording(self: LiveWorker, media: Received) -> None:
        arrived.append(media)
        original(self, media)

    monkeypatch.setattr(LiveWorker, "put", recording)
    return arrived


def write_recording(arrived: list[Received], path: Path) -> None:
    """What arrived as a file, nothing encoded again, every time as it was."""
    start = min(media.pts for media in arrived)
    units = [media for media in arrived if isinstance(media, AccessUnit)]
    blocks = [media for media in arrived if isinstance(media, AudioBlock)]
    with av.open(str(path), "w", format="nut") as container:
        video = container.add_mux_stream("h264", rate=25, width=450, height=360)
        video.time_base = Fraction(1, 90_000)
        audio = container.add_stream("pcm_f32le", rate=48_000)
        audio.codec_context.layout = "stereo"
        for unit in units:
            packet = av.Packet(unit.data)
            packet.stream, packet.time_base, packet.is_keyframe = video, Fraction(1, 90_000), unit.keyframe
            packet.pts = packet.dts = round((unit.pts - start) * 90_000 / FLICKS)
            container.mux(packet)
        for block in blocks:
            packed = np.ascontiguousarray(block.audible.T.reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(packed, format="flt", layout="stereo")
            frame.sample_rate, frame.time_base = block.rate, Fraction(1, block.rate)
            frame.pts = round((block.pts - start) * block.rate / FLICKS)
            container.mux(audio.encode(frame))


@pytest.mark.long
def test_the_live_choice_is_that_of_select_on_a_lossless_recording(
    models: Models, tmp_path: Path, video: Path, put: list[Received]
) -> None:
    with served(models, tmp_path / "out", rules=NEVER) as server:
        filming = Filming(f"{server.address}/whip/film", video)
        assert eventually(lambda: "film" in server.sessions._names)
        events = server.events("film")
        filming.end()
        clip, state = events[-1], httpx.get(f"{server.address}/api/sessions/film").json()
    write_recording(put, tmp_path / "recording.nut")
    recording = MediaFile(tmp_path / "recording.nut")
    assert clip["best"]["start_s"] == start_of_best(select(recording, models, Settings(), on_progress=lambda *_: None))
    every_frame = select(recording, models, Settings(), exhaustive=True, on_progress=lambda *_: None)
    assert clip["best"]["start_s"] == start_of_best(every_frame)
    verdicts = every_frame.selection.verdicts
    assert len(state["windows"]) == len(verdicts)
    behind = any(event.get("code") == "behind" for event in events)
    for window, verdict in zip(state["windows"], verdicts, strict=True):
        assert window["D"] == pytest.approx(verdict.score.D, rel=1e-9)
        if window["eligible"] is not None:  # else looking had fallen behind
            assert window["eligible"] is verdict.eligible
            assert window["I"] == pytest.approx(verdict.score.I, rel=MC_AGREEMENT if behind else 1e-9)


def start_of_best(scored: Selected) -> float:
    assert scored.selection.best is not None
    return scored.selection.best.start / 25


@contextmanager
def no_room(path: Path) -> Iterator[Path]:
    with writing(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    yield path


def test_it_stops_by_itself_and_the_files_can_be_fetched(
    models: Models, tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads, fds = threading.active_count(), descriptors()
    with served(models, tmp_path / "out", rules=StopRules(stop_at=1.0)) as server:
        filming = Filming(f"{server.address}/whip/stop", video)
        assert eventually(lambda: "stop" in server.sessions._names)
        events = server.events("stop")
        kinds = [event["type"] for event in events if event["type"] != "kept"]  # comes when the disk has it
        assert kinds[0] == "hello"
        assert kinds[-3:] == ["stopped", "state", "clip"]
        stopped = next(event for event in events if event["type"] == "stopped")
        assert (stopped["rule"], stopped["time_s"]) == ("threshold", 5.0)
        assert stopped["numbers"]["value"] >= stopped["numbers"]["limit"] == 1.0
        filming.end()
        base = f"{server.address}/api/sessions/stop"
        for name, path in events[-1]["files"].items():
            answer = httpx.get(f"{server.address}/{path}")
            assert answer.status_code == 200
            assert answer.content == (Path(events[-1]["path"]) / name).read_bytes()
        part = httpx.get(f"{base}/clip.mp4", headers={"Range": "bytes=0-99"})
        assert (part.status_code, len(part.content)) == (206, 100)
        with monkeypatch.context() as full:
            full.setattr("take5.stream.server.acceptance.new_file", no_room)
            refused = httpx.post(f"{base}/accept")
        assert (refused.status_code, refused.json()["code"]) == (507, "not_written")
        assert "accepted.json: cannot be written (No space left on device); make room" in refused.json()["error"]
        accepted = httpx.post(f"{base}/accept").json()
        assert accepted["accepted"] is True
        assert (Path(accepted["path"]) / "accepted.json").is_file()
        assert httpx.get(base).json()["clip"]["accepted"] is True
    assert eventually(lambda: threading.active_count() <= threads, 10)
    assert eventually(lambda: descriptors() <= fds + 2, 10)


@pytest.mark.long
def test_metrics_count_the_media_of_a_capture_and_the_time_to_its_clip(
    models: Models, tmp_path: Path, video: Path
) -> None:
    with served(models, tmp_path / "out", rules=StopRules(stop_at=1.0)) as server:
        metrics = Metrics(server.sessions)
        filming = Filming(f"{server.address}/whip/stop", video)
        assert eventually(lambda: "stop" in server.sessions._names)
        assert server.events("stop")[-1]["type"] == "clip"
        filming.end()
    value = metrics.registry.get_sample_value
    picture, sound = (value("take5_rtp_packets_total", {"track": track}) or 0 for track in ("picture", "sound"))
    assert picture >= 5 * 25
    assert sound >= 5 * 50
    assert [value("take5_rtp_packets_lost_total", {"track": track}) for track in ("picture", "sound")] == [0, 0]
    assert [value("take5_dropped_total", {"queue": queue}) for queue in ("intake", "inbox")] == [0, 0]
    assert value("take5_clip_seconds_count") == 1
    assert 0 < (value("take5_clip_seconds_sum") or 0) < 60
    assert value("take5_worker_cpu_seconds_total", {"worker": "1"}) is None, "captures are made in this process"


@pytest.mark.long
def test_sigterm_saves_the_best_clip_so_far(models: Models, tmp_path: Path, video: Path) -> None:
    with served(models, tmp_path / "out", rules=NEVER) as server:
        filming = Filming(f"{server.address}/whip/term", video)
        assert eventually(lambda: "term" in server.sessions._names)
        for event in server.follow("term", until=("best",)):
            last = event
        assert last["type"] == "best"
    filming.end()
    folder = next((tmp_path / "out").iterdir())
    assert (folder / "clip.mp4").is_file()
    assert str(StopRule.SHUTDOWN) == "shutdown"


@pytest.mark.long
def test_a_sender_that_freezes_stalls_and_then_is_lost(
    models: Models, tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "STALLED_S", 0.6)
    monkeypatch.setattr(watchdog, "LOST_S", 2.0)
    with served(models, tmp_path / "out", rules=NEVER) as server:
        filming = Filming(f"{server.address}/whip/frozen", video)
        assert eventually(lambda: "frozen" in server.sessions._names)
        seen: list[Json] = []
        for event in server.follow("frozen"):
            seen.append(event)
            if event["type"] == "best" and filming.process.poll() is None:
                filming.send(signal.SIGSTOP)
        filming.end(signal.SIGKILL)
    kinds = [event["type"] for event in seen]
    assert "stalled" in kinds
    assert next(event for event in seen if event["type"] == "stopped")["rule"] == "lost"
    assert kinds[-1] == "clip"


@pytest.mark.long
def test_without_room_captures_are_refused_and_when_it_gets_low_they_are_warned(
    models: Models, tmp_path: Path, video: Path
) -> None:
    free = shutil.disk_usage(tmp_path).free
    with served(models, tmp_path / "out", rules=StopRules(stop_at=1.0)) as server:
        server.sessions.space.least = 2 * free
        refused = server.post("/whip/none")
        assert (refused.status_code, refused.json()["code"]) == (507, "disk_full")
        assert "are free, and a capture needs" in refused.json()["error"]
        health = httpx.get(f"{server.address}/healthz").json()
        assert health["disk_full"] is True
        assert health["free_bytes"] == pytest.approx(free, rel=0.1)
        server.sessions.space.least = round(0.7 * free)
        assert httpx.get(f"{server.address}/healthz").json()["disk_full"] is False
        follower = server.follow("low")
        assert next(follower)["state"] == "waiting"
        filming = Filming(f"{server.address}/whip/low", video)
        events = list(follower)
        filming.end()
    (warning,) = (event for event in events if event.get("code") == "disk_low")
    assert warning["value"] == pytest.approx(free / 1e6, rel=0.1)
    assert f"{warning['value']} MB are free" in warning["text"]
    assert events[-1]["type"] == "clip"


@pytest.mark.long
def test_a_clip_that_cannot_be_written_is_saved_once_there_is_room(
    models: Models, tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "DELAYS_S", (60.0,))
    (tmp_path / "out").write_text("in the way")
    with served(models, tmp_path / "out", rules=StopRules(stop_at=1.0)) as server:
        base = f"{server.address}/api/sessions/full"
        assert httpx.post(f"{base}/save").status_code == 404
        filming = Filming(f"{server.address}/whip/full", video)
        assert eventually(lambda: "full" in server.sessions._names)
        follower = server.follow("full", until=("clip", "error"))
        assert httpx.post(f"{base}/save").status_code == 404, "it is still recording"
        warned = next(event for event in follower if event.get("code") == "not_written")
        assert str(tmp_path / "out") in warned["value"]
        state = httpx.get(base).json()
        assert (state["state"], state["warning"], state["clip"], state["error"]) == ("stopping", warned, None, None)
        assert server.sessions.live == 1
        refused = server.post("/whip/full")
        assert (refused.status_code, refused.json()["code"]) == (409, "busy")
        assert "api/sessions/full/save" in refused.json()["error"]
        failed = httpx.post(f"{base}/save")
        assert (failed.status_code, failed.json()["code"]) == (507, "not_written")
        assert "MB are free" in failed.json()["error"] or "GB are free" in failed.json()["error"]
        (tmp_path / "out").unlink()
        with ThreadPoolExecutor(3) as pool:
            saved = list(pool.map(lambda _: httpx.post(f"{base}/save", timeout=30), range(3)))
        clip = list(follower)[-1]
        assert clip["type"] == "clip"
        assert [(answer.status_code, answer.json()) for answer in saved] == [(200, clip)] * 3
        assert httpx.post(f"{base}/save").json() == httpx.get(base).json()["clip"] == clip
        assert (Path(clip["path"]) / "source.mp4").is_file()
        assert httpx.get(base).json()["warning"] is None
        assert eventually(lambda: server.sessions.live == 0)
        filming.process.wait(30)
        assert filming.process.returncode == 0, "the sender has waited for it"


@pytest.mark.long
def test_a_server_that_ends_does_not_wait_for_room(
    models: Models, tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "DELAYS_S", (60.0,))
    (tmp_path / "out").write_text("in the way")
    with served(models, tmp_path / "out", rules=StopRules(stop_at=1.0)) as server:
        filming = Filming(f"{server.address}/whip/full", video)
        assert eventually(lambda: "full" in server.sessions._names)
        assert eventually(lambda: server.sessions.entry("full").feed.now.unwritten is not None)
        seen: list[Json] = []
        following = threading.Thread(target=lambda: seen.extend(server.follow("full")))
        following.start()
        assert eventually(lambda: bool(seen))
        begun = time.monotonic()
    assert time.monotonic() - begun < 10
    following.join(30)
    assert (seen[-1]["type"], seen[-1]["code"]) == ("error", "not_written")
    filming.end()


@pytest.mark.long
def test_two_captures_at_once_do_not_disturb_each_other(models: Models, tmp_path: Path, short_to_send: Path) -> None:
    with served(models, tmp_path / "out", rules=NEVER) as server:
        filming = [Filming(f"{server.address}/whip/{name}", short_to_send) for name in ("one", "two")]
        assert eventually(lambda: all(name in server.sessions._names for name in ("one", "two")))
        assert eventually(lambda: server.sessions.entry("one").feed.now.frame >= 100)
        filming[1].end()
        assert eventually(lambda: not server.sessions.entry("two").live)
        at = server.sessions.entry("one").feed.now.frame
        assert eventually(lambda: server.sessions.entry("one").feed.now.frame >= at + 50)
        filming[0].end()
        assert eventually(lambda: not server.sessions.entry("one").live)
        assert server.events("one")[0]["state"] == "ready"
