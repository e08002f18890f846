"""A server that refuses every offer, as a process of its own: FFmpeg's WHIP muxer holds Python still while it waits.

What it answers is in the address: ``/KEY/whip/NAME`` and ``/KEY/healthz`` by the KEY of a table.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event
from typing import Any


@dataclass(frozen=True)
class Answer:
    """Status and body of the answer to an offer, 0 for none; what ``healthz`` says, in JSON, or not if it is None."""

    status: int
    body: str
    health: Any = None


@contextmanager
def refusing(answers: Mapping[str, Answer]) -> Iterator[str]:
    """Run the server; yield its address."""
    table = json.dumps({key: asdict(answer) for key, answer in answers.items()})
    command = [sys.executable, "-m", "tests.support.whip_clients.refusing", table]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


class Handler(BaseHTTPRequestHandler):
    """Answers by the table."""

    table: Mapping[str, Mapping[str, Any]] = {}

    def do_POST(self) -> None:
        """Refuse an offer."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = self._answer()
        if not answer["status"]:
            Event().wait()
        self._send(answer["status"], answer["body"])

    def do_GET(self) -> None:
        """Say how the server is."""
        health = self._answer()["health"]
        self._send(404 if health is None else 200, json.dumps(health))

    def _answer(self) -> Mapping[str, Any]:
        return self.table[self.path.split("/")[1]]

    def _send(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    Handler.table = json.loads(sys.argv[1])
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(server.server_port, flush=True)  # noqa: T201 - for whoever started it
        server.serve_forever()
