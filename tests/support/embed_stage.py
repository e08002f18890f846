"""Pages of other websites with ``<take5-capture>`` in them."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from page_browser import OpenPage
from playwright.sync_api import Locator, Page, expect

Json = dict[str, Any]
EVENTS = ("consented", "refused", "ready", "best", "progress", "stopped", "clip", "accepted", "error")
LISTENING = f"""
    window.heard = [];
    for (const type of {json.dumps(EVENTS)})
        addEventListener(type, ({{ detail, target }}) => detail && heard.push({{ type, detail, at: target.id }}));
    window.streams = [];
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wishes) => {{
        const stream = await open(wishes);
        streams.push(stream);
        return stream;
    }};
"""
"""Remembers the events that reach the window, and the cameras that were opened."""


def strict(server: str) -> str:
    """The strictest policy with which an element can work."""
    websocket = server.replace("http", "ws", 1)
    return (
        f"default-src 'none'; img-src data:; script-src 'self' {server}; connect-src {server} {websocket}; "
        f"media-src {server}; require-trusted-types-for 'script'; trusted-types 'none'"
    )


class Sites(ThreadingHTTPServer):
    """Other websites, ``shop.localhost`` and ``evil.localhost``, with one page each time."""

    body, policy = "", ""
    files: dict[str, bytes]
    """Scripts that it has besides its page."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), OnePage)
        self.files = {}
        self.friend, self.foreign = (f"http://{name}.localhost:{self.server_port}" for name in ("shop", "evil"))


class OnePage(BaseHTTPRequestHandler):
    """Answers everything with the page."""

    server: Sites

    def do_GET(self) -> None:
        self.send_response(200)
        script = self.server.files.get(self.path)
        kind = "text/html" if script is None else "text/javascript"
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Security-Policy", self.server.policy)
        self.end_headers()
        self.wfile.write(self.server.body.encode() if script is None else script)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def sites() -> Iterator[Sites]:
    """Serve other websites while the block lasts."""
    with Sites() as running:
        thread = threading.Thread(target=running.serve_forever, name="sites")
        thread.start()
        try:
            yield running
        finally:
            running.shutdown()
            thread.join(10)


def open_site(open_page: OpenPage, origin: str, sites: Sites, server: str, markup: str = "", **options: Any) -> Page:
    """Open a page of another website, which loads the element's module."""
    script = f'<script type="module" src="{server}/take5-capture.js"></script>'
    head = '<meta name="color-scheme" content="light dark"><title>Shop</title><link rel="icon" href="data:,">'
    sites.body = f'<!doctype html><html lang="en">{head}{script}{markup}'
    sites.policy = strict(server)
    return open_page(f"{origin}/", LISTENING, friends=[server], **options)


def element(page: Page, server: str, id_: str = "one", **wishes: str) -> Locator:
    """Put an element into a page, by a program."""
    page.evaluate(
        """async ([id, wishes]) => {
            await customElements.whenDefined('take5-capture');
            const made = Object.assign(document.createElement('take5-capture'), { id, ...wishes });
            document.body.append(made);
        }""",
        [id_, {"server": server, **wishes}],
    )
    return page.locator(f"#{id_}")


def opened(session: Json) -> dict[str, str]:
    """What opens a platform's session for its person."""
    return {"session": session["id"], "token": session["secrets"]["person"]}


def state(place: Locator, name: str) -> None:
    """Wait until an element is in a state."""
    expect(place).to_have_attribute("state", name)


def heard(page: Page, type_: str, at: str = "") -> list[Json]:
    """Details of the events of one type that have reached the window."""
    found: list[Json] = page.evaluate("heard")
    return [event["detail"] for event in found if event["type"] == type_ and (not at or event["at"] == at)]


def all_ended(page: Page) -> bool:
    """Whether every camera and microphone that was opened is closed."""
    closed: bool = page.evaluate(
        "streams.length > 0 && streams.every((s) => s.getTracks().every((t) => t.readyState === 'ended'))"
    )
    return closed
