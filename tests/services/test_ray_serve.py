"""``take5 serve --ray`` on a real cluster of two nodes, one of which is killed."""

import time
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from killing import follow, sending, serving
from ray_cluster import need_ray, ray_cluster
from serving import eventually
from worker_server import captures_in, gone

pytestmark = pytest.mark.services

OPTIONS = ("--workers", "2", "--stop-at", "0", "--stop-share", "0", "--stop-gain", "0", "--no-report")


@pytest.fixture(scope="module")
def video(brief_to_send: Path) -> Path:
    need_ray()
    return brief_to_send


@pytest.mark.timeout(700)
def test_a_node_s_death_costs_no_other_s_capture_and_its_own_are_recovered(tmp_path: Path, video: Path) -> None:
    output, names = tmp_path / "out", ("ann", "ben")
    with ExitStack() as stack:
        cluster = stack.enter_context(ray_cluster(1))
        cluster.add(1)
        options = (*OPTIONS, "--ray", cluster.address)
        server = stack.enter_context(serving(output, *options, log=tmp_path / "log"))
        assert eventually(lambda: len(cluster.workers()) == 2, 120)
        followed = {name: follow(server.address, name) for name in names}
        for name in names:
            stack.enter_context(sending(server.address, name, video))
            server.wait_for(name, lambda state: state["state"] == "receiving", 90)
        for name in names:
            server.wait_for(name, lambda state: state["kept"], 200)
        held = {worker: captures_in(worker, output) for worker in cluster.workers()}
        assert sorted(len(takes) for takes in held.values()) == [1, 1], "one in each"
        victim = next(worker for worker, takes in held.items() if takes[0].endswith("-ann"))
        killed = time.monotonic()
        cluster.kill(cluster.node_of(victim))
        assert eventually(lambda: bool(followed["ann"].of("clip")), 150)
        (clip,) = [event for _, event in followed["ann"].of("clip")]
        assert (Path(clip["path"]) / "clip.mp4").exists()
        assert [event["state"] for _, event in followed["ann"].of("state")][-2:] == ["stopping", "ready"]
        hops = [at for at, _ in followed["ben"].of("progress") if at > killed]
        assert len(hops) >= 3
        assert max(later - sooner for sooner, later in pairwise(hops)) < 3.0
        httpx.post(f"{server.address}/api/sessions/ben/end", timeout=10)
        assert eventually(lambda: bool(followed["ben"].of("clip")), 60)
        assert eventually(lambda: nothing_goes_on(server.address), 60)
    assert all(map(gone, held))
    assert not list(output.glob(".take5-probe-*"))


def nothing_goes_on(address: str) -> bool:
    """Whether a server has no captures."""
    health = httpx.get(f"{address}/healthz", timeout=10).json()
    return (health["live"], health["pending"]) == (0, 0)
