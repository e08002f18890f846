"""What sessions that share a server cost: a server in one process, ``take5 push`` in others.

The file is sent as stored, so that senders cost next to nothing. Measured is a span in which all sessions run, from the
first window of the last of them on. A server that is asked too much may let some never score: it is measured as it is
after a while, and how many do is one of the figures.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Figures = dict[str, float]

BEGIN_S, FINISH_S = 90.0, 240.0
"""Longest time until all sessions score, and from their end until all clips are on disk."""

GROUPS = {"event loop": "network", "take5-capture": "capture", "take5-spool": "spool"}
"""Threads of the server by what they do; Opus decoders and the threads of the networks go by their own names."""


class Server:
    """A server process that answers how it is."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "bench.server_process", *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.address = self._line().strip()

    def state(self) -> dict[str, Any]:
        """What it has spent and seen so far."""
        assert self._process.stdin is not None  # noqa: S101 - it is piped
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._line())
        return found

    def end(self) -> None:
        """Let it end."""
        assert self._process.stdin is not None  # noqa: S101
        self._process.stdin.close()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _line(self) -> str:
        assert self._process.stdout is not None  # noqa: S101
        line = self._process.stdout.readline()
        if not line:
            sys.exit("bench: the server has ended")
        return line


@contextmanager
def senders(addresses: Sequence[str], video: Path, encode: str) -> Iterator[list[int]]:
    """Send a file in a loop to each address at once, in other processes; gives their ids."""
    command, away = [sys.executable, "-m", "take5.client.cli", "push"], subprocess.DEVNULL
    options = [str(video), "--loop", "--encode", encode]
    processes = [subprocess.Popen([*command, each, *options], stdout=away, stderr=away) for each in addresses]
    try:
        yield [process.pid for process in processes]
    finally:
        for process in processes:
            process.send_signal(signal.SIGINT)
        for process in processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def cpu_seconds(process: int) -> float:
    """CPU seconds of another process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children(process: int) -> list[int]:
    """The processes that another has started."""
    return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def measured(video: Path, count: int, seconds: float, encode: str = "auto", tracker: str = "mediapipe") -> Figures:
    """Figures of ``count`` sessions at once, over ``seconds``; ``encode`` as for ``take5 push``."""
    server = Server("--tracker", tracker)
    try:
        idle = server.state()
        with senders([server.address] * count, video, encode) as processes:
            scoring = _until(server, "scoring", count, BEGIN_S)["scoring"]
            processes = [each for process in processes for each in (process, *children(process))]
            before, sent = server.state(), sum(map(cpu_seconds, processes))
            time.sleep(seconds)
            after, sent = server.state(), sum(map(cpu_seconds, processes)) - sent
        last = _until(server, "ready", count, FINISH_S)
    finally:
        server.end()
    senders_cpu = sent / (after["wall_s"] - before["wall_s"])
    return _figures(idle, before, after, last, count) | {"senders_cpu": senders_cpu, "scoring": float(scoring)}


def _until(server: Server, what: str, count: int, limit_s: float) -> dict[str, Any]:
    """The state of a server once that many sessions are that far, or at the limit."""
    end = time.monotonic() + limit_s
    while (state := server.state())[what] < count:
        if time.monotonic() > end:
            print(f"bench: {state[what]} of {count} sessions are {what} after {limit_s:.0f} s", file=sys.stderr)
            break
        time.sleep(0.5)
    return state


def _figures(
    idle: dict[str, Any], before: dict[str, Any], after: dict[str, Any], last: dict[str, Any], count: int
) -> Figures:
    lasted = after["wall_s"] - before["wall_s"]
    figures = {"cpu": (after["cpu_s"] - before["cpu_s"]) / lasted}
    figures["cpu_a_session"] = figures["cpu"] / count
    figures["mb_a_session"] = (after["resident_mb"] - idle["resident_mb"]) / count
    late = [
        seconds for old, new in zip(before["latencies"], after["latencies"], strict=True) for seconds in new[len(old) :]
    ]
    if len(late) > 1:
        figures["latency_median_ms"] = 1000 * statistics.median(late)
        figures["latency_p95_ms"] = 1000 * statistics.quantiles(late, n=20, method="inclusive")[-1]
    windows = {kind: float(last[kind]) for kind in ("live", "later", "by_sound", "never")}
    return figures | windows | {"lost": float(last["lost"])} | _stages(before, after, lasted)


def _stages(before: dict[str, Any], after: dict[str, Any], lasted: float) -> Figures:
    """CPU seconds per second by kind of thread, and by stage inside the threads of the captures."""
    spent: dict[str, float] = defaultdict(float)
    for name, seconds in after["threads"].items():
        kind = GROUPS.get(name) or ("opus decoders" if "decoder_worker" in name else "networks and others")
        spent[f"thread: {kind}"] += (seconds - before["threads"].get(name, 0.0)) / lasted
    spent["thread: networks and others"] += (after["cpu_s"] - before["cpu_s"]) / lasted - sum(spent.values())  # ended
    for name, seconds in after["stages"].items():
        spent[f"stage: {name}"] = (seconds - before["stages"].get(name, 0.0)) / lasted
    return dict(spent)
