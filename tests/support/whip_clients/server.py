"""The real server, as a process of its own."""

import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType
from typing import Any, Self

from websockets.sync.client import connect

START_S, STOP_S = 60.0, 30.0
LAST = ("clip", "error")
MESSAGE_BYTES = 16 * 2**20


class Server:
    """``take5 serve`` on a free port of loopback, while it is entered.

    Parameters
    ----------
    output : Path
        Gets the captures.
    options : sequence of str
        More options of ``take5 serve``.
    """

    def __init__(self, output: Path, options: Sequence[str] = ()) -> None:
        self.output = output
        self.log: list[str] = []
        beside = ["--port", "0", "--no-report", "-o", str(output)]
        self._command = [sys.executable, "-m", "take5.client.cli", "serve", *beside, *options]
        self._lines: Queue[str | None] = Queue()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=None
        )
        self._reader = threading.Thread(target=self._read, name="server-log")
        self._reader.start()
        try:
            self.url = self._address()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def end(self) -> int:
        """Ask it to end (SIGTERM), and return its exit code."""
        self._process.terminate()
        try:
            code = self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError(f"the server did not end within {STOP_S} s of SIGTERM:\n{self.text}") from None
        finally:
            self._reader.join()
        return code

    @property
    def text(self) -> str:
        """All that it has printed."""
        return "".join(self.log)

    def whip(self, name: str) -> str:
        """Where a sender of that name posts its offer."""
        return f"{self.url}/whip/{name}"

    def state(self, name: str) -> dict[str, Any]:
        """A session's state, as ``hello`` tells it."""
        with urllib.request.urlopen(f"{self.url}/api/sessions/{name}") as answer:  # noqa: S310 - http, as told
            told: dict[str, Any] = json.load(answer)
        return told

    def last_event(self, name: str, timeout_s: float) -> dict[str, Any]:
        """Wait for a session's last event."""
        address = f"{self.url.replace('http', 'ws', 1)}/api/sessions/{name}/events"
        with connect(address, max_size=MESSAGE_BYTES) as socket:
            while True:
                event: dict[str, Any] = json.loads(socket.recv(timeout_s))
                over = [event[kind] for kind in LAST if event.get(kind)] if event["type"] == "hello" else []
                if event["type"] in LAST or over:
                    return over[0] if over else event

    def clip(self, name: str, timeout_s: float = 30.0) -> Path:
        """Wait for a session's clip; return its folder."""
        event = self.last_event(name, timeout_s)
        assert event["type"] == "clip", f"{event}\n{self.text}"
        return Path(event["path"])

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.log.append(line)
            self._lines.put(line)
        self._lines.put(None)

    def _address(self) -> str:
        """Where it says that it listens."""
        while True:
            try:
                line = self._lines.get(timeout=START_S)
            except Empty:
                raise AssertionError(f"the server did not start within {START_S} s:\n{self.text}") from None
            assert line is not None, f"the server did not start:\n{self.text}"
            if line.startswith("take5 at "):
                return line.removeprefix("take5 at ").strip()
