"""What sessions cost a server with workers: ``take5 serve --workers N`` as it is, ``take5 push`` in other processes.

Workers cannot be looked into as the server of :mod:`bench.sessions` can: the figures come from the events of the
sessions, as followers get them, from what the system knows of the processes, and latencies from the server's metrics.
"""

import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from bench.sessions import BEGIN_S, Figures, children, cpu_seconds, senders

START_S = 120.0
LATENCY = "take5_score_latency_seconds"
OPTIONS = ("--stop-at", "0", "--stop-share", "0", "--stop-gain", "0", "--stop-cap", "3600", "--no-report")


@dataclass
class Windows:
    """Windows of a session that were analysed as they came, and that were not, while ``counts`` is true."""

    live: int = 0
    dropped: int = 0
    counts: bool = field(default=False, repr=False)
    scoring: bool = False

    def take(self, event: dict[str, Any]) -> None:
        """Follow an event; windows that sound or time alone rule out are not counted."""
        window = event.get("window") if event["type"] == "progress" else None
        self.scoring |= window is not None
        if window is None or not self.counts:
            return
        if window["MC"] is not None:
            self.live += 1
        elif window["eligible"] is None:
            self.dropped += 1


@dataclass(frozen=True)
class Running:
    """A server: its address, that of its metrics, and its processes, the one that serves first."""

    address: str
    metrics: str
    processes: list[int]

    def late(self) -> dict[float, float]:
        """How many scores have come so far at most so many seconds late."""
        families = text_string_to_metric_families(httpx.get(self.metrics, timeout=30).text)
        name = f"{LATENCY}_bucket"
        samples = (sample for family in families if family.name == LATENCY for sample in family.samples)
        return {float(each.labels["le"]): each.value for each in samples if each.name == name}


def measured(video: Path, count: int, workers: int, seconds: float, encode: str = "auto") -> Figures:
    """Figures of ``count`` sessions at once with so many workers, over ``seconds``."""
    with tempfile.TemporaryDirectory() as output, _server(Path(output), workers, count) as server:
        idle = sum(map(_resident_mb, server.processes))
        followed = _followed(server.address, count)
        with senders([f"{server.address}/whip/s{number}" for number in range(count)], video, encode) as pushes:
            _until(lambda: all(each.scoring for each in followed), BEGIN_S, "not all sessions score")
            scoring = sum(each.scoring for each in followed)
            pushes = [each for push in pushes for each in (push, *children(push))]
            before, sent, began, late = _spent(server.processes), sum(_spent(pushes)), time.monotonic(), server.late()
            for each in followed:
                each.counts = True
            time.sleep(seconds)
            for each in followed:
                each.counts = False
            lasted = time.monotonic() - began
            after, sent = _spent(server.processes), sum(_spent(pushes)) - sent
            resident = sum(map(_resident_mb, server.processes))
            late = {bound: number - late[bound] for bound, number in server.late().items()}
    cpu = (sum(after) - sum(before)) / lasted
    return {
        "cpu": cpu,
        "cpu_a_session": cpu / count,
        **({"thread: network": (after[0] - before[0]) / lasted} if workers > 1 else {}),
        "senders_cpu": sent / lasted,
        "mb_a_session": (resident - idle) / count,
        **_quantiles(late),
        "scoring": float(scoring),
        "live": float(sum(each.live for each in followed)),
        "later": float(sum(each.dropped for each in followed)),
    }


def _quantiles(late: dict[float, float]) -> Figures:
    """Median and 95th percentile in milliseconds, interpolated between the bounds of a histogram."""
    bounds, counts = [0.0, *(bound for bound in late if bound < inf)], [0.0, *late.values()]
    if not counts[-1]:
        return {}
    names = {"latency_median_ms": 0.5, "latency_p95_ms": 0.95}
    return {
        name: 1000 * float(np.interp(share * counts[-1], counts[: len(bounds)], bounds))
        for name, share in names.items()
    }


def _followed(address: str, count: int) -> list[Windows]:
    """Follow the sessions s0, s1 and so on."""
    followed = [Windows() for _ in range(count)]
    for number, each in enumerate(followed):
        events = f"{address}/api/sessions/s{number}/events"
        threading.Thread(target=_follow, args=(events, each), daemon=True).start()
    return followed


@contextmanager
def _server(output: Path, workers: int, count: int) -> Iterator[Running]:
    """Run a server."""
    command = [sys.executable, "-m", "take5.client.cli", "serve", "--port", "0", "-o", str(output), *OPTIONS]
    metrics = _free_port()
    command += ["--workers", str(workers), "--max-sessions", str(count), "--metrics", str(metrics)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - it is piped
            address = process.stdout.readline().split()[-1]
            health = f"{address}/healthz"
            _until(lambda: httpx.get(health, timeout=30).json()["processes"] == workers, START_S, "no workers")
            yield Running(address, f"http://127.0.0.1:{metrics}/metrics", [process.pid, *children(process.pid)])
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(60)
            process.kill()


def _follow(address: str, windows: Windows) -> None:
    with suppress(WebSocketException, OSError), connect(address.replace("http", "ws", 1), max_size=None) as events:
        for text in events:
            windows.take(json.loads(text))


def _until(condition: Any, limit_s: float, text: str) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            print(f"bench: {text} after {limit_s:.0f} s", file=sys.stderr)
            return
        time.sleep(0.25)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port: int = bound.getsockname()[1]
        return port


def _spent(processes: list[int]) -> list[float]:
    return [cpu_seconds(each) for each in processes]


def _resident_mb(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
