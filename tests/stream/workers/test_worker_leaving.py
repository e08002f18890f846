"""A worker's side: what it does when the server lets it leave."""

import asyncio
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hooks_receiver import notice_in
from live_media import live_session

from take5.stream.analysis.models import Models
from take5.stream.hooks.command import Command
from take5.stream.hooks.delivery import State
from take5.stream.hooks.dispatcher import HookDispatcher
from take5.stream.live.begin import begin_take
from take5.stream.server.local_host import LocalHost
from take5.stream.server.options import DEFAULT_OPTIONS
from take5.stream.sources.webrtc.network import Network
from take5.stream.spool.records import framed
from take5.stream.timeline.media import UnitFormat
from take5.stream.workers.frames import Asked, Frames, Said
from take5.stream.workers.process import _work
from take5.stream.workers.protocol import Find, Found, Leave, Note, Ready, Recover, Recovered, Stop
from take5.stream.workers.service import Service


@pytest.fixture
def cut_off(models: Models, tmp_path: Path) -> Path:
    """An output folder with a capture that was cut off before a window was kept."""
    live = live_session(models, UnitFormat("h264", None))
    _, writer = begin_take(tmp_path, "ann", live)
    live.close()
    assert writer is not None
    writer.folder.journal.write_bytes(framed(writer.begun))
    writer.folder.unlock()
    return tmp_path


@pytest.fixture
def connection() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a worker's connection; a worker exits when the other one is closed."""
    ends = socket.socketpair()
    yield ends
    for each in ends:
        each.close()


def test_a_worker_that_is_to_leave_does_so_after_its_last_recovery(models: Models, cut_off: Path) -> None:
    async def check() -> list[Note]:
        notes: list[Note] = []
        service = Service(LocalHost(models, cut_off, DEFAULT_OPTIONS, Network()), notes.append)
        found = await service.handle(Find(None))
        assert isinstance(found, Found)
        await service.handle(Leave())
        assert not service.left.is_set(), "it has a capture to recover"
        await service.handle(Recover(found.cut_off[0].take))
        async with asyncio.timeout(20):
            await service.left.wait()
        return notes

    assert isinstance(asyncio.run(check())[-1], Recovered)


@pytest.mark.parametrize("server_ends", [False, True])
def test_a_worker_that_leaves_lets_its_notices_be_delivered_unless_the_server_ends(
    models: Models, tmp_path: Path, connection: tuple[socket.socket, socket.socket], server_ends: bool
) -> None:
    async def check(hooks: HookDispatcher) -> None:
        worker: Frames[Said, Asked] = Frames(*await asyncio.open_connection(sock=connection[0]), Asked)
        server: Frames[Asked, Said] = Frames(*await asyncio.open_connection(sock=connection[1]), Said)
        service = Service(LocalHost(models, tmp_path, DEFAULT_OPTIONS, Network()), lambda _: None)
        hooks.notify(notice_in(tmp_path / "take"))
        server.send(Asked(1, Leave()))
        if server_ends:
            server.send(Asked(2, Stop()))
        async with asyncio.timeout(30):
            await _work(worker, service, Ready("speech-embedding", "mediapipe"), hooks)
        for each in (worker, server):
            each.close()

    with HookDispatcher(Command((sys.executable, "-c", "import time; time.sleep(2)"))) as hooks:
        asyncio.run(check(hooks))
        assert hooks.counts[State.PENDING] == server_ends
