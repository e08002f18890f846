"""What sessions cost a server with workers: ``take5 serve --workers N`` as it is, ``take5 push`` in other processes.

Workers cannot be looked into as the server of :mod:`bench.sessions` can: the figures come from the events of the
sessions, as followers get them, and from what the system knows of the processes.
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from bench.sessions import BEGIN_S, Figures, cpu_seconds, senders

START_S = 120.0
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


def measured(video: Path, count: int, workers: int, seconds: float, encode: str = "auto") -> Figures:
    """Figures of ``count`` sessions at once with so many workers, over ``seconds``."""
    with tempfile.TemporaryDirectory() as output, _server(Path(output), workers, count) as (address, processes):
        idle = sum(map(_resident_mb, processes))
        followed = [Windows() for _ in range(count)]
        threads = [
            threading.Thread(target=_follow, args=(f"{address}/api/sessions/s{number}/events", each), daemon=True)
            for number, each in enumerate(followed)
        ]
        for thread in threads:
            thread.start()
        with senders([f"{address}/whip/s{number}" for number in range(count)], video, encode) as pushes:
            _until(lambda: all(each.scoring for each in followed), BEGIN_S, "not all sessions score")
            before, sent, began = _spent(processes), sum(map(cpu_seconds, pushes)), time.monotonic()
            for each in followed:
                each.counts = True
            time.sleep(seconds)
            for each in followed:
                each.counts = False
            lasted = time.monotonic() - began
            after, sent = _spent(processes), sum(map(cpu_seconds, pushes)) - sent
            resident = sum(map(_resident_mb, processes))
    cpu = (sum(after) - sum(before)) / lasted
    return {
        "cpu": cpu,
        "cpu_a_session": cpu / count,
        **({"thread: network": (after[0] - before[0]) / lasted} if workers > 1 else {}),
        "senders_cpu": sent / lasted,
        "mb_a_session": (resident - idle) / count,
        "live": float(sum(each.live for each in followed)),
        "later": float(sum(each.dropped for each in followed)),
    }


@contextmanager
def _server(output: Path, workers: int, count: int) -> Iterator[tuple[str, list[int]]]:
    """Run a server; gives its address, and its processes, the one that serves first."""
    command = [sys.executable, "-m", "take5.client.cli", "serve", "--port", "0", "-o", str(output), *OPTIONS]
    command += ["--workers", str(workers), "--max-sessions", str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - it is piped
            address = process.stdout.readline().split()[-1]
            health = f"{address}/healthz"
            _until(lambda: httpx.get(health, timeout=30).json()["processes"] == workers, START_S, "no workers")
            yield address, [process.pid, *_children(process.pid)]
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(60)
            process.kill()


def _follow(address: str, windows: Windows) -> None:
    with suppress(WebSocketException, OSError), connect(address.replace("http", "ws", 1), max_size=None) as socket:
        for text in socket:
            windows.take(json.loads(text))


def _until(condition: Any, limit_s: float, text: str) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"bench: {text} after {limit_s:.0f} s")
        time.sleep(0.25)


def _children(process: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def _spent(processes: list[int]) -> list[float]:
    return [cpu_seconds(each) for each in processes]


def _resident_mb(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
