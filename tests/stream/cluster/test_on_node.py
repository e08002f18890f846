"""What a node's worker is told, and what a lost one still locks; without a cluster."""

import asyncio
import socket
from pathlib import Path

import msgspec
import pytest

from take5.scoring.errors import ClusterError
from take5.stream.cluster.place import Place, probe
from take5.stream.cluster.ray_workers import _locked
from take5.stream.cluster.worker_actor import WorkerActor, on_node
from take5.stream.hooks.setup import HookSetup
from take5.stream.server.options import ServerOptions
from take5.stream.spool.folder import SpoolFolder
from take5.stream.workers.model_choice import ModelChoice
from take5.stream.workers.protocol import Leave, Unable
from take5.stream.workers.setup import WorkerSetup


@pytest.fixture
def setup(tmp_path: Path) -> WorkerSetup:
    options = ServerOptions(public_addresses=("192.0.2.7", "$TAKE5_PUBLIC_ADDRESS"))
    return WorkerSetup.of(options, ModelChoice(), HookSetup(), str(tmp_path), 60.0)


def test_a_node_s_own_address_comes_from_its_environment(setup: WorkerSetup, tmp_path: Path) -> None:
    with probe(tmp_path / "out") as found:
        place = Place.of(found)
        made = on_node(setup, place, "a", {"TAKE5_PUBLIC_ADDRESS": "203.0.113.9"})
        assert made.public_addresses == ("192.0.2.7", "203.0.113.9")
        assert msgspec.structs.replace(made, public_addresses=setup.public_addresses) == setup
        with pytest.raises(ClusterError, match="node a has no TAKE5_PUBLIC_ADDRESS in its environment"):
            on_node(setup, place, "a", {})
        with pytest.raises(ClusterError, match=r"node a has take5 .*, the machine that asks it 0\.0\.1$"):
            on_node(setup, Place(found, "0.0.1"), "a", {})
    assert not (tmp_path / "out").exists(), "it was made for the probe"
    with pytest.raises(ClusterError, match=r"out: node a does not see it .* under the same path$"):
        on_node(setup, place, "a", {"TAKE5_PUBLIC_ADDRESS": "203.0.113.9"})


def test_a_node_that_cannot_have_a_worker_says_why(setup: WorkerSetup, tmp_path: Path) -> None:
    async def notes() -> None:
        actor = WorkerActor(["-m", "no.such.module"], setup, Place.of(tmp_path / "none"))
        assert await actor.begin()
        told = [note async for note in actor.listen()]
        assert len(told) == 1
        assert isinstance(told[0], Unable)
        assert f"node {socket.gethostname()} does not see it" in told[0].text
        assert await actor.post(1, Leave()) is None

    asyncio.run(notes())


def test_a_spool_is_locked_as_long_as_its_capture_lives(tmp_path: Path) -> None:
    take = tmp_path / "20260101-120000-ann"
    assert not _locked(take)
    folder = SpoolFolder.create(take)
    assert folder is not None
    assert _locked(take)
    folder.unlock()
    assert not _locked(take)
    assert folder.path.is_dir()
