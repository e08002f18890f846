"""The real server in a thread of the test, so that what it leaves behind can be counted."""

import asyncio
import gc
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from aiortc import RTCConfiguration, RTCPeerConnection
from starlette.applications import Starlette
from starlette.routing import Mount
from websockets.exceptions import ConnectionClosedOK
from websockets.sync.client import ClientConnection, connect

from take5.scoring.stopping import StopRules
from take5.stream.analysis.models import Models
from take5.stream.deliverables import CLIP_ONLY, Deliverables
from take5.stream.server.app import create_app
from take5.stream.server.options import PICTURE, ServerOptions
from take5.stream.server.run import DrainingServer
from take5.stream.server.sessions import Sessions, sessions_for
from take5.stream.settings import Settings

SDP = {"Content-Type": "application/sdp"}
PATIENCE_S = 60.0
NO_OPTIONS: Mapping[str, Any] = {}


@dataclass
class Served:
    """A running server."""

    address: str
    sessions: Sessions
    loop: asyncio.AbstractEventLoop

    def post(
        self, path: str = "/whip", offer: str | bytes | None = None, *, sender: str | None = None, **headers: str
    ) -> httpx.Response:
        """Send an offer, from the IP address ``sender``."""
        body = offer_of() if offer is None else offer
        with httpx.Client(transport=httpx.HTTPTransport(local_address=sender), timeout=30) as client:
            return client.post(self.address + path, content=body, headers=SDP | headers)

    def events(self, name: str, until: tuple[str, ...] = ("clip", "error"), query: str = "") -> list[dict[str, Any]]:
        """Follow a session until an event of one of these types."""
        return list(self.follow(name, until, query))

    def follow(
        self, name: str, until: tuple[str, ...] = ("clip", "error"), query: str = ""
    ) -> Iterator[dict[str, Any]]:
        """Yield a session's events until one of these types."""
        url = f"{self.address.replace('http', 'ws')}/api/sessions/{name}/events{query}"
        with connect(url, open_timeout=30) as socket:
            while (text := _received(socket)) is not None:
                event: dict[str, Any] = json.loads(text)
                yield event
                if event["type"] in until:
                    return

    def tasks(self) -> int:
        """Tasks on the server's event loop."""

        async def count() -> int:
            return len(asyncio.all_tasks()) - 1

        return asyncio.run_coroutine_threadsafe(count(), self.loop).result(10)


def _received(socket: ClientConnection) -> str | bytes | None:
    """The next message; None after the last, where the server closes as agreed."""
    try:
        return socket.recv(timeout=PATIENCE_S)
    except ConnectionClosedOK:
        return None


@contextmanager
def served(
    models: Models,
    output: Path,
    *,
    rules: StopRules | None = None,
    capacity: int = 3,
    under: str = "",
    deliverables: Deliverables = CLIP_ONLY,
    picture: int = PICTURE,
    network: Mapping[str, Any] = NO_OPTIONS,
    **options: Any,
) -> Iterator[Served]:
    """Run a server while the block lasts, inside another application if ``under`` says where, then drain it.

    ``network`` are fields of ``ServerOptions``, ``options`` are arguments of ``create_app``.
    """
    started = threading.Event()
    running: dict[str, Any] = {}

    async def main() -> None:
        shared = ServerOptions(deliverables=deliverables, picture=picture, **network)
        sessions = sessions_for(models, Settings(), rules or StopRules(stop_at=0), output, capacity, shared)
        inner = create_app(sessions, **options)
        app = Starlette(routes=[Mount(under, inner)]) if under else inner
        config = uvicorn.Config(app, port=0, log_level="warning", proxy_headers=False, timeout_graceful_shutdown=3)
        server = DrainingServer(config, sessions)
        running.update(sessions=sessions, server=server, loop=asyncio.get_running_loop())
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        running["port"] = server.servers[0].sockets[0].getsockname()[1]
        started.set()
        await serving

    thread = threading.Thread(target=lambda: asyncio.run(main()), name="served")
    thread.start()
    try:
        assert started.wait(30)
        yield Served(f"http://127.0.0.1:{running['port']}{under}", running["sessions"], running["loop"])
    finally:
        running["loop"].call_soon_threadsafe(running["server"]._drain)
        thread.join(30)
        assert not thread.is_alive()


def offer_of(*kinds: str, direction: str = "sendonly") -> str:
    """An offer of these tracks, by default of one picture and one sound."""

    async def make() -> str:
        connection = RTCPeerConnection(RTCConfiguration([]))
        for kind in kinds or ("audio", "video"):
            connection.addTransceiver(kind, direction=direction)
        await connection.setLocalDescription(await connection.createOffer())
        sdp: str = connection.localDescription.sdp
        await connection.close()
        return sdp

    return asyncio.run(make())


def descriptors() -> int:
    """Open file descriptors of this process."""
    gc.collect()
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - the descriptor of the listing itself must be gone


def eventually(condition: Callable[[], bool], patience_s: float = PATIENCE_S, every_s: float = 0.05) -> bool:
    """Whether a condition comes true in time."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(every_s)
    return True
