"""The pool with workers that do not work: real processes that end at their start."""

import asyncio
import logging
import sys
from pathlib import Path

import pytest

from take5.stream.hooks.setup import HookSetup
from take5.stream.server.admission import Admission
from take5.stream.server.errors import Refused
from take5.stream.server.options import DEFAULT_OPTIONS
from take5.stream.workers import pool as pools
from take5.stream.workers.link import LocalStarter
from take5.stream.workers.model_choice import ModelChoice
from take5.stream.workers.pool import WorkerPool
from take5.stream.workers.setup import WorkerSetup

SETUP = WorkerSetup.of(DEFAULT_OPTIONS, ModelChoice(), HookSetup(), "out", 600.0)


def test_a_worker_that_ends_at_its_start_again_and_again_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pools, "BACKOFF_S", 0.01)
    begun = tmp_path / "begun"
    program = f"open({str(begun)!r}, 'a').write('x'); raise SystemExit(3)"
    admission = Admission(2)

    async def check() -> None:
        pool = WorkerPool(LocalStarter([sys.executable, "-c", program], [SETUP, SETUP]), admission, tmp_path, [1, 1])
        pool.start(_nothing)
        async with asyncio.timeout(60):
            await pool.ready()
        with pytest.raises(Refused, match="no process that captures is there") as refused:
            admission.knock("10.0.0.1")
        assert refused.value.status == 503
        await pool.close()

    with caplog.at_level(logging.ERROR):
        asyncio.run(check())
    assert begun.read_text() == "x" * 10, "five times each"
    said = [record.getMessage() for record in caplog.records]
    assert "worker 2 has ended 5 times in a row at its start: no other is started" in said
    assert sum("has ended with code 3" in text for text in said) == 10


def test_a_reload_of_workers_that_are_just_starting_starts_no_others(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    program = f"open({str(begun)!r}, 'a').write('x'); import time; time.sleep(60)"

    async def check() -> None:
        pool = WorkerPool(LocalStarter([sys.executable, "-c", program], [SETUP, SETUP]), Admission(2), tmp_path, [1, 1])
        pool.start(_nothing)
        for _ in range(3):
            pool.reload()
        async with asyncio.timeout(20):
            while not begun.exists() or len(begun.read_text()) < 2:
                await asyncio.sleep(0.01)
        pool.reload()
        await asyncio.sleep(0.5)
        await pool.close()

    asyncio.run(check())
    assert begun.read_text() == "xx"


def test_a_program_that_does_not_exist_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def check() -> None:
        pool = WorkerPool(LocalStarter(["/no/such/program"], [SETUP]), Admission(1), tmp_path)
        pool.start(_nothing)
        async with asyncio.timeout(10):
            while not said_by_pool(caplog):
                await asyncio.sleep(0.01)
        await pool.close()

    asyncio.run(check())
    assert said_by_pool(caplog)[0] == "worker 1 cannot be started: No such file or directory"


def test_a_worker_that_says_nonsense_is_ended(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    program = "import socket, sys, time; socket.socket(fileno=int(sys.argv[1])).sendall(b'x' * 100); time.sleep(60)"

    async def check() -> None:
        pool = WorkerPool(LocalStarter([sys.executable, "-c", program], [SETUP]), Admission(1), tmp_path)
        pool.start(_nothing)
        async with asyncio.timeout(30):
            while not said_by_pool(caplog):
                await asyncio.sleep(0.01)
        await pool.close()

    asyncio.run(check())
    assert "was ended by signal 9" in said_by_pool(caplog)[0]


def test_a_worker_that_hangs_is_ended_and_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pools, "SILENT_S", 0.5)
    monkeypatch.setattr(pools, "LOOK_S", 0.1)
    begun = tmp_path / "begun"
    program = f"""
import socket, sys, time
import msgspec
from take5.stream.workers.frames import HEAD, Said
from take5.stream.workers.protocol import Ready
open({str(begun)!r}, "a").write("x")
data = msgspec.msgpack.encode(Said(0, Ready("speech-embedding", "mediapipe")))
socket.socket(fileno=int(sys.argv[1])).sendall(HEAD.pack(len(data)) + data)
time.sleep(60)
"""

    async def check() -> None:
        pool = WorkerPool(LocalStarter([sys.executable, "-c", program], [SETUP]), Admission(1), tmp_path)
        pool.start(_nothing)
        async with asyncio.timeout(60):
            while not (begun.exists() and len(begun.read_text()) > 1):
                await asyncio.sleep(0.05)
        await pool.close()

    asyncio.run(check())
    said = said_by_pool(caplog)
    assert "has noted nothing for 0.5 s, and is ended" in said[0]
    assert "was ended by signal 9" in said[1]


def said_by_pool(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the pool has logged; asyncio logs, too, of processes that outlived an earlier test's loop."""
    return [record.getMessage() for record in caplog.records if record.name == pools.__name__]


async def _nothing(_: object) -> None:
    """Do nothing: there is nothing to recover."""
