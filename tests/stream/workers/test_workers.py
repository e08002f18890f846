"""A real server whose captures are made by processes of their own."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from killing import TAKE5, Followed, Program, follow, sending, serving
from services import free_port
from serving import eventually
from worker_server import captures_in, full_disk, gone, kill, workers

pytestmark = [pytest.mark.realtime, pytest.mark.timeout(480)]

OPTIONS = ("--workers", "2", "--max-sessions", "4", "--stop-at", "0", "--stop-share", "0", "--stop-gain", "0")
Json = dict[str, Any]


@pytest.fixture(scope="module")
def video(brief_to_send: Path) -> Path:
    return brief_to_send


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def server(output: Path, tmp_path: Path) -> Iterator[Program]:
    with serving(output, *OPTIONS, "--no-report", log=tmp_path / "log") as running:
        ready(running)
        yield running


def health(server: Program) -> Json:
    found: Json = httpx.get(f"{server.address}/healthz", timeout=10).json()
    return found


def ready(server: Program) -> None:
    """Wait until the workers have loaded their models."""
    assert eventually(lambda: health(server)["processes"] == 2, 120)


def counted(port: int, name: str) -> float:
    """A metric of the server, 0 where there is none."""
    lines = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text.splitlines()
    return float(next((line.rsplit(" ", 1)[1] for line in lines if line.startswith(f"{name} ")), 0))


def end(server: Program, name: str) -> None:
    httpx.post(f"{server.address}/api/sessions/{name}/end", timeout=10)


def test_a_worker_s_death_costs_no_other_s_capture_and_its_own_are_recovered(
    server: Program, output: Path, video: Path
) -> None:
    names = ("ann", "ben")
    followed = {name: follow(server.address, name) for name in names}
    with ExitStack() as pushes:
        for name in names:
            pushes.enter_context(sending(server.address, name, video))
            server.wait_for(name, lambda state: state["state"] == "receiving", 150)
        for name in names:
            server.wait_for(name, lambda state: state["kept"], 150)
        before = workers(server)
        held = {worker: captures_in(worker, output) for worker in before}
        assert sorted(len(takes) for takes in held.values()) == [1, 1], "one in each"
        victim = next(worker for worker in before if held[worker][0].endswith("-ann"))
        killed = time.monotonic()
        kill(victim)
        assert eventually(lambda: bool(followed["ann"].of("clip")), 60)
        (clip,) = [event for _, event in followed["ann"].of("clip")]
        assert (Path(clip["path"]) / "clip.mp4").exists()
        assert [event["rule"] for _, event in followed["ann"].of("stopped")] == ["interrupted"]
        assert [event["state"] for _, event in followed["ann"].of("state")][-2:] == ["stopping", "ready"]
        hops = [at for at, _ in followed["ben"].of("progress") if at > killed]
        assert len(hops) >= 3
        assert max(later - sooner for sooner, later in pairwise(hops)) < 3.0
        assert eventually(lambda: len(workers(server)) == 2 and victim not in workers(server))
        end(server, "ben")
        assert eventually(lambda: bool(followed["ben"].of("clip")), 60)
    (stopped,) = [event for _, event in followed["ben"].of("stopped")]
    assert stopped["rule"] == "ended"
    assert eventually(lambda: (health(server)["live"], health(server)["pending"]) == (0, 0))


@pytest.mark.long
def test_after_a_reload_new_workers_capture_and_the_old_ones_leave_with_their_captures(
    server: Program, output: Path, video: Path
) -> None:
    followed = follow(server.address, "ann")
    with sending(server.address, "ann", video):
        server.wait_for("ann", lambda state: state["best"], 150)
        (old,) = [worker for worker in workers(server) if captures_in(worker, output)]
        before = workers(server)
        done = subprocess.run([*TAKE5, "reload", "-o", str(output)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert eventually(lambda: len(set(workers(server)) - set(before)) == 2)
        assert eventually(lambda: set(workers(server)) & set(before) == {old}), "the other had no capture"
        with sending(server.address, "ben", video):
            server.wait_for("ben", lambda state: state["state"] == "receiving", 150)
            assert not [take for take in captures_in(old, output) if take.endswith("-ben")]
            end(server, "ann")
            assert eventually(lambda: bool(followed.of("clip")), 60)
            assert gone(old)
    assert json.loads((Path(followed.of("clip")[0][1]["path"]) / "report.json").read_text())["best"]


@pytest.mark.long
def test_workers_end_with_a_server_that_is_killed_and_the_next_one_recovers(output: Path, video: Path) -> None:
    with serving(output, *OPTIONS, "--no-report") as server, sending(server.address, "ann", video):
        server.wait_for("ann", lambda state: state["kept"], 150)
        processes = workers(server)
        server.kill()
        assert all(map(gone, processes))
    with serving(output, *OPTIONS, "--no-report") as server:
        clip = server.wait_for("ann", lambda state: state["clip"], 60)["clip"]
    assert (Path(clip["path"]) / "clip.mp4").exists()


@pytest.mark.long
def test_metrics_know_of_the_workers_and_of_what_they_receive(output: Path, video: Path) -> None:
    port = free_port()
    with (
        serving(output, *OPTIONS, "--no-report", "--metrics", str(port)) as server,
        sending(server.address, "ann", video),
    ):
        picture = 'take5_rtp_packets_total{track="picture"}'
        assert eventually(lambda: counted(port, picture) > 100, 150)
        ready(server)
        for number in (1, 2):
            assert counted(port, f'take5_worker_cpu_seconds_total{{worker="{number}"}}') > 0.5
        assert counted(port, 'take5_rtp_packets_lost_total{track="picture"}') == 0
        end(server, "ann")


def warned(followed: Followed) -> list[str]:
    return [event["code"] for _, event in followed.of("warning")]


@pytest.mark.long
def test_a_full_disk_costs_no_clip(server: Program, output: Path, video: Path) -> None:
    save = f"{server.address}/api/sessions/ann/save"
    followed = follow(server.address, "ann")
    with sending(server.address, "ann", video):
        server.wait_for("ann", lambda state: state["best"], 150)
        (worker,) = [each for each in workers(server) if captures_in(each, output)]
        with full_disk(worker):
            end(server, "ann")
            assert eventually(lambda: "not_written" in warned(followed), 90)
            refused = httpx.post(save, timeout=30)
            assert (refused.status_code, refused.json()["code"]) == (507, "not_written")
            assert "make room, and try again" in refused.json()["error"]
        assert httpx.post(save, timeout=60).status_code == 200
        assert eventually(lambda: bool(followed.of("clip")), 60)
    assert not followed.of("error")
    (clip,) = [event for _, event in followed.of("clip")]
    assert (Path(clip["path"]) / "clip.mp4").stat().st_size > 10_000


@pytest.mark.long
def test_sigterm_drains_the_captures_of_all_workers(output: Path, video: Path) -> None:
    with serving(output, *OPTIONS, "--no-report") as server, ExitStack() as pushes:
        ready(server)
        followed = {name: follow(server.address, name) for name in ("ann", "ben")}
        for name in followed:
            pushes.enter_context(sending(server.address, name, video))
            server.wait_for(name, lambda state: state["state"] == "receiving", 150)
        for name in followed:
            server.wait_for(name, lambda state: state["best"], 150)
        processes = workers(server)
        server.process.terminate()
        for name in followed:
            assert eventually(lambda name=name: bool(followed[name].of("clip")), 60)  # type: ignore[misc]
        assert server.process.wait(30) == 0
    assert all(map(gone, processes))
    assert not list(output.glob(".spool/*"))
