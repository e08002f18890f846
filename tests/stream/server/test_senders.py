"""Senders that come at a bad moment."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import Served, offer_of, served

from take5.scoring.score import WindowScore
from take5.scoring.stopping import StopRules
from take5.stream.analysis.models import Models
from take5.stream.deliverables import CLIP_ONLY
from take5.stream.events import ClipReady, State, StateChanged
from take5.stream.hooks.setup import HookSetup
from take5.stream.server import local_host, senders
from take5.stream.server.admission import Admission
from take5.stream.server.lengths import Scoring
from take5.stream.server.options import DEFAULT_OPTIONS
from take5.stream.server.preparing import Preparing
from take5.stream.server.recovered import let_begin
from take5.stream.server.registry import Registry
from take5.stream.server.senders import Sender, _left
from take5.stream.server.sessions import usage
from take5.stream.settings import Settings
from take5.stream.sources.webrtc import peer
from take5.stream.workers.hosted import RemoteCapture
from take5.stream.workers.link import LocalStarter
from take5.stream.workers.model_choice import ModelChoice
from take5.stream.workers.setup import WorkerSetup

OFFER = offer_of()
SETUP = WorkerSetup.of(DEFAULT_OPTIONS, ModelChoice(), HookSetup(), "out", 600.0)


@pytest.fixture
def server(models: Models, tmp_path: Path) -> Iterator[Served]:
    with served(models, tmp_path) as running:
        yield running


def test_no_sender_begins_once_the_server_is_ending(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    accept = peer.accept

    async def ends_meanwhile(*offered: Any) -> Any:
        accepted = await accept(*offered)
        await server.sessions.drain()
        return accepted

    monkeypatch.setattr(local_host, "accept", ends_meanwhile)
    for _ in ("while its offer is read", "afterwards"):
        refused = server.post("/whip/ann", OFFER)
        assert (refused.status_code, refused.json()["code"]) == (503, "full")
        assert refused.json()["error"] == "the server is ending; try again in 10 s"
    health = httpx.get(f"{server.address}/healthz").json()
    assert (health["live"], health["pending"]) == (0, 0)


def test_where_no_process_captures_senders_are_refused(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_: local_host.LocalHost) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(local_host.LocalHost, "ready", never)
    monkeypatch.setattr(senders, "READY_S", 0.2)
    refused = server.post("/whip/ann", OFFER)
    assert (refused.status_code, refused.json()["code"]) == (503, "full")
    assert refused.headers["Retry-After"] == "10"
    assert refused.json()["error"] == "no process that captures is there yet; try again in 10 s"


def test_a_sender_waits_for_what_is_recovered_of_the_capture_that_it_was_waiting_for(tmp_path: Path) -> None:
    async def check() -> None:
        registry = Registry(Scoring("speech-embedding", "mediapipe", Settings(), StopRules()), CLIP_ONLY)
        admission = Admission(1, usage)
        place, entry = admission.knock(None), registry.names.open("ann")
        sender = Sender(registry, admission, Preparing(registry, None), entry, place, registry.names.about)
        program = [sys.executable, "-c", "import time; time.sleep(60)"]
        worker = await LocalStarter(program, [SETUP]).start(0, lambda _: None)
        capture = RemoteCapture(worker, "c1", tmp_path / "take", sender)
        entry.begin(capture, "c1", capture.folder)
        sender.connected()
        sender.event(StateChanged(150, State.READY))
        best = WindowScore(0, 146.0, None, None)
        sender.event(ClipReady(150, best, 125, str(capture.folder), {}, ("synctalk",)))
        another = asyncio.create_task(_left(entry))
        await asyncio.sleep(0.05)
        worker.kill()
        await worker.ended
        capture.lose()
        await asyncio.sleep(0.05)
        assert not another.done(), "the take of the capture would be lost, and its name busy for ever"
        let_begin(registry.names, entry)
        async with asyncio.timeout(10):
            assert await another

    asyncio.run(check())
