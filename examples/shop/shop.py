"""A shop whose page records with ``<take5-capture>``: serves it, and creates a session for each visitor.

``TAKE5_SERVER`` is take5's address, as browsers use it, ``TAKE5_API_KEY`` a key of it: ``take5 keys create shop``.
take5 must allow the shop's origin: ``take5 serve --allow-origin http://localhost:8006``.
"""

import json
import os
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from take5.client import Take5

SITE = Path(__file__).parent / "site"
PORT = 8006


def policy(server: str) -> str:
    """Content-Security-Policy of the shop: its own files, and what the element needs of take5."""
    websocket = server.replace("http", "ws", 1)
    return (
        f"default-src 'none'; script-src 'self' {server}; style-src 'self'; connect-src 'self' {server} {websocket}; "
        f"media-src {server}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


class Shop(SimpleHTTPRequestHandler):
    """The shop's files, and ``POST /recording``, which creates a session."""

    def __init__(self, *arguments: object, take5: str, client: Take5) -> None:
        self.take5, self.client = take5, client
        super().__init__(*arguments, directory=str(SITE))  # type: ignore[arg-type]

    def end_headers(self) -> None:
        """Add the shop's policies to every answer."""
        self.send_header("Content-Security-Policy", policy(self.take5))
        self.send_header("Permissions-Policy", "camera=(self), microphone=(self)")
        super().end_headers()

    def do_POST(self) -> None:
        """Create a session for a visitor; its secret is for this visitor's page alone."""
        if self.path != "/recording":
            self.send_error(404)
            return
        session = self.client.sessions.create()
        body = json.dumps({"server": self.take5, "session": session.id, "token": session.secrets.person})
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing."""


def shop(take5: str, client: Take5, port: int = PORT) -> ThreadingHTTPServer:
    """Return the shop's server, on this machine only; take5 is at the address ``take5``."""
    return ThreadingHTTPServer(("127.0.0.1", port), partial(Shop, take5=take5, client=client))


def main() -> None:
    """Serve the shop until Ctrl-C."""
    take5 = os.environ["TAKE5_SERVER"].rstrip("/")
    with Take5() as client, shop(take5, client) as server:
        print(f"http://localhost:{PORT}", file=sys.stderr)
        server.serve_forever()


if __name__ == "__main__":
    main()
