"""Senders that never connect, and names that are refused: they take nothing from anybody else."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from serving import Served, eventually, offer_of, served

from take5.scoring.score import WindowScore
from take5.stream.analysis.models import Models
from take5.stream.events import ClipReady
from take5.stream.live import watchdog
from take5.stream.server import local_host, names
from take5.stream.server.admission import PENDING_AN_ADDRESS
from take5.stream.sources.webrtc.peer import Peer

OFFER = offer_of()
FLOOD = "127.0.0.2"


@pytest.fixture
def server(models: Models, tmp_path: Path) -> Iterator[Served]:
    with served(models, tmp_path, capacity=1) as running:
        yield running


def health(server: Served) -> tuple[int, int]:
    """Captures, and senders that connect."""
    answer = httpx.get(f"{server.address}/healthz").json()
    return answer["live"], answer["pending"]


def with_clip(server: Served, name: str, folder: Path) -> str:
    """Give a name a clip; return the address of the name."""
    answer = server.post(f"/whip/{name}", OFFER)
    httpx.delete(server.address + answer.headers["location"])
    assert eventually(lambda: not server.sessions.entry(name).live)
    entry = server.sessions.entry(name)
    (folder / "clip.wav").write_bytes(b"sound")
    entry.folder = folder
    entry.feed.now.last.clear()
    entry.feed.publish(ClipReady(150, WindowScore(0, 146.0, None, None), 125, str(folder), {"clip.wav": "clip.wav"}))
    return f"{server.address}/api/sessions/{name}"


@pytest.mark.waiting
def test_senders_that_do_not_connect_take_no_capture_s_place(server: Served) -> None:
    for _ in range(PENDING_AN_ADDRESS):
        assert server.post(offer=OFFER, sender=FLOOD).status_code == 201
    assert health(server) == (0, PENDING_AN_ADDRESS)
    refused = server.post(offer=OFFER, sender=FLOOD)
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "full", "10")
    assert server.post(offer=OFFER).status_code == 201, "from another address"
    for entry in server.sessions._names:
        httpx.delete(f"{server.address}/whip/{entry.feed.name}/{entry.capture_id}")
    assert eventually(lambda: health(server) == (0, 0))
    assert server.post(offer=OFFER, sender=FLOOD).status_code == 201


@pytest.mark.long
@pytest.mark.realtime
def test_a_sender_for_whom_no_place_is_left_once_it_connects_is_told(server: Served, brief_to_send: Path) -> None:
    admission = server.sessions.admission
    other = admission.knock("10.0.0.9")
    with subprocess.Popen(
        [sys.executable, "-m", "take5.client.cli", "push", f"{server.address}/whip/late", str(brief_to_send)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as pushing:
        assert eventually(lambda: admission.pending == 2)
        server.loop.call_soon_threadsafe(admission.connect, other)
        error = server.events("late")[-1]
        assert (error["type"], error["code"]) == ("error", "full")
        assert "1 of 1 captures are going on; try again in 10 s" in error["text"]
        assert pushing.stdout is not None
        assert "1 of 1 captures" in pushing.stdout.read()
        assert pushing.wait(30) != 0
    assert health(server) == (1, 0)
    refused = server.post(offer=OFFER)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    server.loop.call_soon_threadsafe(admission.release, other)
    assert eventually(lambda: health(server) == (0, 0))
    forget = server.sessions.entry("late").forget
    assert forget is not None
    assert forget.when() - server.loop.time() < names.KEEP_UNCONNECTED_S, "it makes no name that stays"


@pytest.mark.waiting
def test_an_offer_that_comes_to_nothing_leaves_the_last_clip(
    server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = with_clip(server, "ann", tmp_path)
    before = httpx.get(base).json()
    assert before["clip"]
    assert server.post("/whip/ann", "not sdp").status_code == 400
    assert server.post("/whip/ann", offer_of("audio")).status_code == 422
    assert httpx.get(base).json() == before
    pending = server.post("/whip/ann", OFFER)
    assert httpx.get(base).json()["state"] == "connecting"
    assert httpx.get(f"{base}/clip.wav").content == b"sound"
    assert httpx.post(f"{base}/accept").status_code == 404, "it is decided on the capture that is shown"
    httpx.delete(server.address + pending.headers["location"])
    assert eventually(lambda: not server.sessions.entry("ann").live)
    monkeypatch.setattr(watchdog, "CONNECT_S", 0.3)
    assert server.post("/whip/ann", OFFER).status_code == 201
    assert server.events("ann")[-1]["code"] == "never_connected"
    assert eventually(lambda: httpx.get(base).json() == before)
    assert httpx.get(f"{base}/clip.wav").content == b"sound"
    assert httpx.post(f"{base}/accept").json()["accepted"] is True


@pytest.mark.waiting
def test_refused_names_are_forgotten_at_once_and_those_that_never_connected_soon(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(50):
        assert server.post(f"/whip/n{number}", "not sdp").status_code == 400
    assert server.post("/whip/no!name", OFFER).status_code == 404
    assert health(server) == (0, 0)
    assert eventually(lambda: not list(server.sessions._names))
    monkeypatch.setattr(watchdog, "CONNECT_S", 0.1)
    monkeypatch.setattr(names, "KEEP_UNCONNECTED_S", 0.5)
    assert server.post("/whip/dead", OFFER).status_code == 201
    assert eventually(lambda: health(server) == (0, 0), 5)
    assert eventually(lambda: not list(server.sessions._names), 5)


@pytest.mark.waiting
def test_of_too_many_names_the_oldest_is_forgotten(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "MAX_NAMES", 3)
    for name in ("one", "two", "three", "four"):
        answer = server.post(f"/whip/{name}", OFFER)
        assert answer.status_code == 201
        httpx.delete(server.address + answer.headers["location"])
        assert eventually(lambda: health(server) == (0, 0))
    assert [entry.feed.name for entry in server.sessions._names] == ["two", "three", "four"]
    held = [server.post(f"/whip/{name}", OFFER) for name in ("five", "six", "seven")]
    refused = server.post("/whip/eight", OFFER)
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "full", "10")
    assert health(server) == (0, 3), "the refused name has taken no place"
    for answer in held:
        httpx.delete(server.address + answer.headers["location"])
    assert eventually(lambda: health(server) == (0, 0))
    assert server.post("/whip/eight", OFFER).status_code == 201


@pytest.mark.waiting
def test_an_offer_for_which_nothing_can_be_prepared_holds_no_port(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Peer] = []
    close = Peer.close

    async def noted(peer: Peer) -> None:
        closed.append(peer)
        await close(peer)

    monkeypatch.setattr(Peer, "close", noted)
    monkeypatch.setattr(local_host, "begin_take", lambda *_: 1 / 0)
    assert server.post(offer=OFFER).status_code == 500
    assert len(closed) == 1
    assert health(server) == (0, 0)
