"""Real servers and senders that are killed at a chosen moment, and what is there afterwards."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

TAKE5 = [sys.executable, "-m", "take5.client.cli"]
START_S = 120.0
Json = dict[str, Any]


@dataclass
class Program:
    """``take5 serve`` in a process of its own."""

    process: "subprocess.Popen[str]"
    address: str

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait(30)

    def state(self, name: str) -> Json | None:
        """A session's state; None where there is none."""
        try:
            answer = httpx.get(f"{self.address}/api/sessions/{name}", timeout=10)
        except httpx.ReadTimeout:  # it has printed its address, and waits for a process that recovers captures
            return None
        return answer.json() if answer.status_code == 200 else None

    def wait_for(self, name: str, condition: Callable[[Json], object], patience_s: float = 60.0) -> Json:
        """Wait until a session's state meets a condition."""
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            state = self.state(name)
            if state is not None and condition(state):
                return state
            time.sleep(0.05)
        raise TimeoutError(f"{name} is {self.state(name)}")


@contextmanager
def serving(output: Path, *options: str, log: Path | None = None, descriptors: int | None = None) -> Iterator[Program]:
    """Run ``take5 serve`` on a free port, with its log in a file and so many descriptors at most, and end it."""
    command = [*TAKE5, "serve", "--port", "0", "-o", str(output), *options]
    if descriptors is not None:
        command = ["prlimit", f"--nofile={descriptors}", *command]
    with (
        nullcontext() if log is None else log.open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            yield Program(process, process.stdout.readline().split()[-1])
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()


@dataclass
class Followed:
    """The events of a session, with the times at which they came, until its server is gone."""

    events: list[tuple[float, Json]] = field(default_factory=list)
    thread: threading.Thread | None = None

    def of(self, kind: str) -> list[tuple[float, Json]]:
        """Events of a type, with their times."""
        return [(at, event) for at, event in list(self.events) if event["type"] == kind]


def follow(address: str, name: str) -> Followed:
    """Follow a session in a thread."""
    followed = Followed()

    def read() -> None:
        url = f"{address.replace('http', 'ws')}/api/sessions/{name}/events"
        with suppress(WebSocketException, OSError, EOFError), connect(url, max_size=None) as socket:
            for text in socket:
                followed.events.append((time.monotonic(), json.loads(text)))

    followed.thread = threading.Thread(target=read, daemon=True)
    followed.thread.start()
    return followed


@contextmanager
def sending(
    address: str, name: str, video: Path, token: str | None = None, errors: int = subprocess.DEVNULL
) -> "Iterator[subprocess.Popen[bytes]]":
    """Send a video with ``take5 push`` in a process of its own."""
    shown = [] if token is None else ["--token", token]
    command = [*TAKE5, "push", f"{address}/whip/{name}", str(video), "--loop", *shown]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # and the process that sends: nothing says goodbye
            process.wait(30)
