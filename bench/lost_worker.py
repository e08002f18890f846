"""Kills one of two workers with captures going on: ``PYTHONPATH=tests/support python -m bench.lost_worker VIDEO``.

``--captures`` senders (4) send VIDEO to ``take5 serve --workers 2`` until each capture has kept a clip; then one worker
is killed (SIGKILL), or with ``--ray`` its node, on a cluster of two that is started for it. Prints how long the server
took to be ready, how long the killed worker's captures took until their followers had the clip, how long until a new
worker took on captures, and the longest times between two ``progress`` events of the others' captures before the kill
and after it. A capture without a clip is LOST.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import httpx
from killing import Followed, Program, follow, sending, serving
from ray_cluster import LocalCluster, ray_cluster
from worker_server import captures_in, kill, workers

from bench.machine import machine

OPTIONS = ("--workers", "2", "--stop-at", "0", "--stop-share", "0", "--stop-gain", "0", "--stop-cap", "3600")
LIMIT_S = 240.0
AFTER_S = 20.0
"""How long the others are watched after the kill."""


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--captures", type=int, default=4)
    parser.add_argument("--tracker", default="mediapipe")
    parser.add_argument("--ray", action="store_true")
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder, ExitStack() as started:
        cluster = started.enter_context(ray_cluster(1, 1)) if options.ray else None
        output, begun = Path(folder), time.monotonic()
        more = ["--max-sessions", str(options.captures), "--tracker", options.tracker, "--no-report"]
        more += [] if cluster is None else ["--ray", cluster.address]
        with serving(output, *OPTIONS, *more) as server, ExitStack() as pushes:
            _until_two(server)
            print(f"server and 2 workers ready after {time.monotonic() - begun:.1f} s")
            followed = {f"s{number}": follow(server.address, f"s{number}") for number in range(options.captures)}
            for name in followed:
                pushes.enter_context(sending(server.address, name, options.video))
            _until_kept(server, followed)
            _lose_one(server, output, followed, cluster)


def _until_kept(server: Program, names: Iterable[str]) -> None:
    """Wait until each capture has kept a clip; a server takes on no more than its cores carry."""
    for name in names:
        try:
            server.wait_for(name, lambda state: state["kept"], LIMIT_S)
        except TimeoutError as error:
            sys.exit(f"bench: {error} after {LIMIT_S:.0f} s; this machine may carry fewer: give --captures N")


def _lose_one(server: Program, output: Path, followed: dict[str, Followed], cluster: LocalCluster | None) -> None:
    """Kill the worker that has the most captures, or its node, and watch."""
    there = workers(server) if cluster is None else cluster.workers()
    held = {worker: captures_in(worker, output) for worker in there}
    victim = max(held, key=lambda worker: len(held[worker]))
    lost = {name for name in followed if any(take.endswith(f"-{name}") for take in held[victim])}
    print(f"captures of the workers: {', '.join(str(len(takes)) for takes in held.values())}; one is killed")
    killed = time.monotonic()
    if cluster is None:
        kill(victim)
    else:
        cluster.kill(cluster.node_of(victim))
    recovered = {name: _clip_at(followed[name], killed + LIMIT_S) for name in sorted(lost)}
    for name, at in recovered.items():
        print(
            f"{name}: " + ("LOST" if at is None else f"its followers have the clip {at - killed:.1f} s after the kill")
        )
    if cluster is not None:
        cluster.add(1)  # as a cluster that scales would
    _until_two(server)
    print(f"two workers take on captures again {time.monotonic() - killed:.1f} s after the kill")
    time.sleep(max(0.0, killed + AFTER_S - time.monotonic()))
    for name in sorted(set(followed) - lost):
        hops = [at for at, _ in followed[name].of("progress")]
        before = [later - sooner for sooner, later in pairwise(hops) if killed - AFTER_S < later <= killed]
        after = [later - sooner for sooner, later in pairwise(hops) if later > killed]
        print(f"{name}: longest time between hops {_longest(before)} before, {_longest(after)} after")
    if None in recovered.values():
        sys.exit(1)


def _longest(times: list[float]) -> str:
    return f"{max(times):.2f} s" if times else "unknown"


def _clip_at(followed: Followed, until: float) -> float | None:
    """When the followers got a capture's clip; None if they have not by then."""
    while time.monotonic() < until:
        for at, _ in followed.of("clip"):
            return at
        time.sleep(0.05)
    return None


def _until_two(server: Program) -> None:
    until = time.monotonic() + LIMIT_S
    while httpx.get(f"{server.address}/healthz", timeout=30).json()["processes"] < 2:
        if time.monotonic() > until:
            sys.exit("bench: no two workers")
        time.sleep(0.05)


if __name__ == "__main__":
    main()
