"""A real sender through the real server: the choice, the clip, the end, and what happens when something breaks."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from serving import descriptors, eventually, served

from demo.talker import DEFAULT, FILLER, Script, fitted
from take5.scoring.stopping import StopRule, StopRules
from take5.stream.analysis.models import Models
from take5.stream.live import watchdog
from take5.stream.live.worker import LiveWorker
from take5.stream.offline.select import Selected, select
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.media import AccessUnit, AudioBlock, Received

pytestmark = pytest.mark.realtime

NEVER = StopRules(stop_at=None, gain=None, cap_s=1e6)
Json = dict[str, Any]
MC_AGREEMENT = 2e-2
"""A window that was looked at from the ring alone, after looking had fallen behind, against a run over every frame."""


@pytest.fixture(scope="module")
def video(rendered: Callable[[str, Script], Path]) -> Path:
    return rendered("brief", fitted(DEFAULT, 12, FILLER))


class Filming:
    """``take5 push`` in a process of its own: FFmpeg's connecting lets no other thread of its process run."""

    def __init__(self, url: str, video: Path) -> None:
        command = [sys.executable, "-m", "take5.client.cli", "push", url, str(video), "--json"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def send(self, number: int) -> None:
        """Send it a signal: SIGSTOP freezes it, SIGCONT wakes it, SIGKILL is a power cut."""
        self.process.send_signal(number)

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


def test_the_live_choice_is_that_of_select_on_a_lossless_recording(
    models: Models, tmp_path: Path, video: Path, put: list[Received]
) -> None:
    with served(models, tmp_path / "out", rules=NEVER) as server:
        filming = Filming(f"{server.address}/whip/film", video)
        assert eventually(lambda: "film" in server.sessions._entries)
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


def test_it_stops_by_itself_and_the_files_can_be_fetched(models: Models, tmp_path: Path, video: Path) -> None:
    threads, fds = threading.active_count(), descriptors()
    with served(models, tmp_path / "out", rules=StopRules(stop_at=1.0)) as server:
        filming = Filming(f"{server.address}/whip/stop", video)
        assert eventually(lambda: "stop" in server.sessions._entries)
        events = server.events("stop")
        kinds = [event["type"] for event in events]
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
        accepted = httpx.post(f"{base}/accept").json()
        assert accepted["accepted"] is True
        assert (Path(accepted["path"]) / "accepted.json").is_file()
        assert httpx.get(base).json()["clip"]["accepted"] is True
    assert eventually(lambda: threading.active_count() <= threads, 10)
    assert eventually(lambda: descriptors() <= fds + 2, 10)


def test_sigterm_saves_the_best_clip_so_far(models: Models, tmp_path: Path, video: Path) -> None:
    with served(models, tmp_path / "out", rules=NEVER) as server:
        filming = Filming(f"{server.address}/whip/term", video)
        assert eventually(lambda: "term" in server.sessions._entries)
        for event in server.follow("term", until=("best",)):
            last = event
        assert last["type"] == "best"
    filming.end()
    folder = next((tmp_path / "out").iterdir())
    assert (folder / "clip.mp4").is_file()
    assert str(StopRule.SHUTDOWN) == "shutdown"


def test_a_sender_that_freezes_stalls_and_then_is_lost(
    models: Models, tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "STALLED_S", 0.6)
    monkeypatch.setattr(watchdog, "LOST_S", 2.0)
    with served(models, tmp_path / "out", rules=NEVER) as server:
        filming = Filming(f"{server.address}/whip/frozen", video)
        assert eventually(lambda: "frozen" in server.sessions._entries)
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


def test_two_captures_at_once_do_not_disturb_each_other(models: Models, tmp_path: Path, short: Path) -> None:
    with served(models, tmp_path / "out", rules=NEVER) as server:
        filming = [Filming(f"{server.address}/whip/{name}", short) for name in ("one", "two")]
        assert eventually(lambda: {"one", "two"} <= set(server.sessions._entries))
        assert eventually(lambda: server.sessions.entry("one").feed.now.frame >= 100)
        filming[1].end()
        assert eventually(lambda: not server.sessions.entry("two").live)
        at = server.sessions.entry("one").feed.now.frame
        assert eventually(lambda: server.sessions.entry("one").feed.now.frame >= at + 50)
        filming[0].end()
        assert eventually(lambda: not server.sessions.entry("one").live)
        assert server.events("one")[0]["state"] == "ready"
