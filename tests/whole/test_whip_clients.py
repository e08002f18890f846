"""Independent WHIP senders against the real server: FFmpeg's muxer, OBS's stack, and a browser on the page itself.

Each sends a talking head with flashes and beeps, and the saved clip tells how far picture and sound have come apart.
"""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from math import nan
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

import av
import beep_flash
import pytest
from lossy_relay import Line, LossyRelay
from playwright.sync_api import expect
from whip_clients import chromium, node_sender, witness
from whip_clients.chromium import Chromium, write_camera, write_microphone
from whip_clients.node_sender import NodeSender
from whip_clients.packed import pack
from whip_clients.server import Server

from take5.stream.sources.webrtc.aiortc_internals.extensions import CAPTURE_TIME

SIZE = (1280, 720)
FILM_S, PACKED_S, CAP_S = 14, 9, 10
AAC_SAMPLES = 1024
EXACT_MS, BROWSER_MS = 1.0, 5.0
ATTEMPTS = 5
WAIT_S = 30.0
RULES = ("--stop-at", "0", "--stop-gain", "0", "--stop-cap", str(CAP_S), "--max-sessions", "3")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("whip")


@pytest.fixture(scope="module")
def film(folder: Path) -> Path:
    return beep_flash.talker(folder / "talker.mkv", FILM_S, SIZE)


@pytest.fixture(scope="module")
def packed(folder: Path, film: Path) -> Path:
    return pack(film, folder / "talker.packed", PACKED_S)


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with Server(folder / "captures", RULES) as running:
        yield running


def need(missing: Callable[[], str | None]) -> None:
    """Skip what cannot run here; where everything has to be installed, fail."""
    if (text := missing()) is not None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(text)


def check_files(clip: Path) -> None:
    """The clip is five seconds of 720p and sound, and what was received can be decoded to its end."""
    with av.open(str(clip / "clip.mp4")) as container:
        assert container.streams.video, f"no pictures in the clip, which begins {(clip / 'report.json').read_text()}"
        frames = list(container.decode(video=0))
        assert [(frame.width, frame.height) for frame in frames] == [SIZE] * 125
        assert [float(frame.time or 0.0) for frame in frames] == pytest.approx([i / 25 for i in range(125)])
    begin, samples, rate = beep_flash.heard(clip / "clip.mp4")
    assert begin == 0.0
    assert 0 <= len(samples) - 5 * rate < AAC_SAMPLES
    with av.open(str(clip / "source.mp4")) as container:
        frames = list(container.decode(video=0))
        assert len(frames) == container.streams.video[0].frames >= 125
        assert not any(frame.is_corrupt for frame in frames)


def errors_ms(file: Path) -> list[float]:
    """By how much the sound of each beep in a file is late."""
    pairs = beep_flash.pairs(file)
    assert len(pairs) >= 4
    return [pair.error_ms for pair in pairs]


def check_sync(clip: Path) -> None:
    """Picture and sound are together, in the clip and in what was received."""
    assert max(abs(error) for name in ("clip.mp4", "source.mp4") for error in errors_ms(clip / name)) <= EXACT_MS


def pushed(server: Server, name: str, film: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "take5.client.cli", "push", server.whip(name), str(film), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False)


# --- the tools themselves ---


@pytest.mark.waiting
def test_a_relay_loses_its_share_and_the_same_again() -> None:
    first, again = through(Line(loss=0.3, seed=1), 200), through(Line(loss=0.3, seed=1), 200)
    assert first == again
    assert 110 < len(first) < 170
    assert through(Line(loss=0.3, seed=2), 200) != first


@pytest.mark.waiting
def test_a_relay_loses_a_burst() -> None:
    assert through(Line(burst=(3, 2)), 8) == [0, 1, 2, 5, 6, 7]


@pytest.mark.waiting
def test_a_relay_delays_and_lets_packets_overtake_each_other() -> None:
    began = monotonic()
    came = through(Line(delay_s=0.1, jitter_s=0.05, seed=1), 50)
    assert monotonic() - began >= 0.1
    assert sorted(came) == list(range(50)) != came


@pytest.mark.waiting
def test_a_relay_can_be_cut_and_mended() -> None:
    def cut(relay: LossyRelay, sent: int) -> None:
        if sent == 2:
            relay.cut()
        elif sent == 5:
            relay.mend()

    assert through(Line(), 8, before=cut) == [0, 1, 5, 6, 7]


def through(line: Line, packets: int, before: Callable[[LossyRelay, int], None] = lambda *_: None) -> list[int]:
    """Which of so many packets come through a relay, in the order in which they come."""
    with socket.socket(type=socket.SOCK_DGRAM) as server, socket.socket(type=socket.SOCK_DGRAM) as sender:
        server.bind(("127.0.0.1", 0))
        server.settimeout(WAIT_S)
        with LossyRelay(line, server.getsockname()) as relay:
            host, _, at = relay.address.partition(":")
            for i in range(packets):
                before(relay, i)
                sender.sendto(i.to_bytes(2, "big"), (host, int(at)))
                assert relay.wait_for(i + 1, WAIT_S)
            return [int.from_bytes(server.recv(2), "big") for _ in range(relay.counts.passed)]


@pytest.mark.parametrize("make", [beep_flash.talker, beep_flash.backdrop])
def test_a_film_is_in_sync_before_it_is_sent(make: Callable[..., Path], tmp_path: Path) -> None:
    errors = errors_ms(make(tmp_path / "film.mkv", 5, (320, 240)))
    assert max(map(abs, errors)) < 0.01


def test_sound_that_is_late_is_found(tmp_path: Path) -> None:
    film = beep_flash.backdrop(tmp_path / "film.mkv", 6, (320, 240), late_ms=-7.3)
    assert errors_ms(film) == pytest.approx([-7.3] * 6, abs=0.05)


def test_beeps_of_other_flashes_are_no_pairs(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="flashes without a beep"):
        beep_flash.pairs(beep_flash.backdrop(tmp_path / "film.mkv", 6, (320, 240), late_ms=420.0))


# --- FFmpeg's muxer: take5 push ---


@pytest.mark.realtime
def test_what_is_pushed_is_saved_in_sync_when_the_server_has_enough(server: Server, film: Path) -> None:
    began = monotonic()
    done = pushed(server, "pushed", film)
    assert done.returncode == 0, done.stdout + done.stderr + server.text
    assert monotonic() - began < FILM_S + WAIT_S
    assert "stopped: " in done.stdout
    clip = server.clip("pushed")
    assert done.stdout.splitlines()[-2:] == [f"  {clip}", f"  {server.url}/api/sessions/pushed/clip.mp4"]
    check_files(clip)
    check_sync(clip)


@pytest.mark.long
@pytest.mark.realtime
def test_what_is_too_short_has_a_code_of_its_own(server: Server, film: Path) -> None:
    done = pushed(server, "short", film, "--seconds", "2", "--json")
    assert done.returncode == 2, done.stderr
    assert '"code": "too_short"' in done.stdout.splitlines()[-1]


# --- libdatachannel, OBS's stack ---


@pytest.mark.realtime
def test_what_obs_s_stack_sends_is_saved_in_sync(server: Server, packed: Path) -> None:
    need(node_sender.missing)

    assert NodeSender(server.whip("node"), packed).wait(WAIT_S) == (node_sender.SENT, "")
    clip = server.clip("node")
    check_files(clip)
    check_sync(clip)


@pytest.mark.long
@pytest.mark.realtime
def test_a_name_has_one_sender(server: Server, film: Path, packed: Path) -> None:
    need(node_sender.missing)
    sender = NodeSender(server.whip("taken"), packed)
    try:
        assert sender.accepted is not None
        refused = pushed(server, "taken", film)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "refused: 409, session 'taken' has a sender" in refused.stderr
    finally:
        sender.leave()


@pytest.mark.long
@pytest.mark.realtime
def test_a_sender_that_is_refused_says_so(server: Server, packed: Path) -> None:
    need(node_sender.missing)
    sender = NodeSender(server.whip("not.a.name"), packed)
    assert sender.accepted is None
    code, complaint = sender.wait(WAIT_S)
    assert code == node_sender.REFUSED
    assert "status 404" in complaint


@pytest.mark.long
@pytest.mark.realtime
def test_a_lost_packet_is_sent_again(server: Server, packed: Path) -> None:
    need(node_sender.missing)
    with LossyRelay(Line(delay_s=0.01, burst=(400, 3))) as relay:
        sender = NodeSender(server.whip("lossy"), packed, relay=relay)
        assert sender.wait(WAIT_S) == (node_sender.SENT, "")
        assert relay.counts.lost >= 3
    check_files(server.clip("lossy"))


@pytest.mark.long
@pytest.mark.realtime
def test_one_packet_in_a_hundred_may_be_lost(server: Server, packed: Path) -> None:
    """They are sent again before their pictures are due, so that windows stay eligible."""
    need(node_sender.missing)
    with LossyRelay(Line(loss=0.01, delay_s=0.01, jitter_s=0.005, seed=5)) as relay:
        sender = NodeSender(server.whip("lossier"), packed, relay=relay)
        assert sender.wait(WAIT_S) == (node_sender.SENT, "")
        assert relay.counts.lost >= 10
    clip = server.clip("lossier")
    check_files(clip)
    windows = json.loads((clip / "report.json").read_text(encoding="utf-8"))["windows"]
    assert [window["reasons"] for window in windows if not window["eligible"]] == []


# --- a browser, on the page ---


@pytest.fixture(scope="module")
def devices(folder: Path, film: Path) -> Iterator[tuple[Path, Path]]:
    need(chromium.missing)
    camera = write_camera(film, folder / "camera.y4m")
    yield camera, write_microphone(film, folder / "microphone.wav")
    camera.unlink()


@pytest.mark.long
@pytest.mark.realtime
def test_what_the_page_sends_is_saved_in_sync(server: Server, devices: tuple[Path, Path]) -> None:
    """As far together as the browser captured them: its fake camera and microphone do not begin at the same time.

    It tells when it captured them. In one of a few attempts, since on a busy machine the fake camera drops pictures.
    """
    found: list[str] = []
    while len(found) < ATTEMPTS:
        event, captured = recorded(server, *devices)
        if event["type"] == "clip":
            check_files(Path(event["path"]))
            clip, source = (median(errors_ms(Path(event["path"]) / name)) for name in ("clip.mp4", "source.mp4"))
            found.append(f"captured {captured:.2f} ms, received {source:.2f} ms, clip {clip:.2f} ms")
            if max(abs(clip - captured), abs(source - captured)) <= BROWSER_MS:
                return
        else:
            found.append(f"{event['text']} {event['reasons']}")
    pytest.fail(f"by which the sound was late, one attempt after the other: {found}")


def recorded(server: Server, camera: Path, microphone: Path) -> tuple[dict[str, Any], float]:
    """Record on the page: start, wait, stop; return the last event, and by how much the sound was captured late."""
    with Chromium(camera, microphone) as browser:
        page = browser.open(server.url, witness.SCRIPT)
        with page.expect_request(lambda request: "/whip/" in request.url and request.method == "POST") as asked:
            page.click("#start")
        assert (asked.value.post_data or "").count(CAPTURE_TIME) == 2
        name = asked.value.url.partition("?")[0].rpartition("/")[2]
        expect(page.locator("#clock")).to_have_text(re.compile(r"0:(0[89]|1\d)"), timeout=WAIT_S * 1000)
        page.click("#stop")
        event = server.last_event(name, WAIT_S)
        assert browser.log == []
        pairs = witness.captured(page)
        return event, median(pair.error_ms for pair in pairs) if pairs else nan


# --- how the server ends ---


@pytest.mark.long
@pytest.mark.realtime
def test_the_server_ends_cleanly_in_the_midst_of_a_capture(folder: Path, film: Path) -> None:
    with Server(folder / "ended", RULES) as server:
        command = [sys.executable, "-m", "take5.client.cli", "push", server.whip("ended"), str(film)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as sender:
            assert sender.stdout is not None
            next(line for line in sender.stdout if "best so far" in line)
            assert server.end() == 0, server.text
            said, complaint = sender.communicate(timeout=WAIT_S)
        assert sender.returncode == 0, complaint
        assert "stopped: " in said
    check_files(next((folder / "ended").iterdir()))
