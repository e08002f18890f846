"""Connections that only wait, beside those that are used."""

import asyncio
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, cast

import httpx
import pytest
import uvicorn
from serving import eventually
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.sync.client import connect

from take5.client.push import _certificate
from take5.scoring.errors import ServerError
from take5.stream.server import connections
from take5.stream.server.connection import READ, Connection
from take5.stream.server.connections import Connections, Door, let_body_be_slow
from take5.stream.server.run import Listen, run
from take5.stream.server.sessions import Sessions

pytestmark = pytest.mark.waiting

LARGE = 16 * 2**20
"""Bytes of an answer that the system does not take at once."""

HALF = b"POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nv=0"


@dataclass
class Waited:
    """A running server."""

    port: int
    connections: Connections
    delays: list[float]

    def delay_s(self) -> float:
        """How late a timer of the event loop has been, typically."""
        return median(self.delays)

    def open(self, *begun: bytes) -> list[socket.socket]:
        """Connections that have sent no more than this."""
        opened = [socket.create_connection(("127.0.0.1", self.port)) for _ in begun]
        for connection, text in zip(opened, begun, strict=True):
            connection.sendall(text)
        return opened

    def get(self, path: str = "/") -> str:
        """What is answered."""
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=5).text


async def _length(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


async def _slow(_: Request) -> PlainTextResponse:
    await asyncio.sleep(1.5)
    return PlainTextResponse("late")


async def _endless(_: Request) -> StreamingResponse:
    async def pieces() -> object:
        while True:
            yield b"x" * 65_536
            await asyncio.sleep(0)

    return StreamingResponse(pieces())  # type: ignore[arg-type] # an async generator is one


async def _large(_: Request) -> PlainTextResponse:
    return PlainTextResponse("x" * LARGE)


async def _echo(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(await socket.receive_text())


async def _deaf(socket: WebSocket) -> None:
    await socket.accept()
    await socket.receive()
    await asyncio.sleep(5)


async def _patient(request: Request) -> PlainTextResponse:
    let_body_be_slow(request.scope)
    return await _length(request)


async def _tick(delays: list[float]) -> None:
    """Note how late a timer of 5 ms is."""
    while True:
        begun = time.monotonic()
        await asyncio.sleep(0.005)
        delays.append(time.monotonic() - begun - 0.005)


@contextmanager
def _waited(most: int, **options: object) -> Iterator[Waited]:
    routes = [Route("/", _length), Route("/length", _length, methods=["POST"]), Route("/slow", _slow)]
    app = Starlette(
        routes=[
            *routes,
            Route("/endless", _endless),
            Route("/patient", _patient, methods=["POST"]),
            Route("/large", _large),
            WebSocketRoute("/echo", _echo),
            WebSocketRoute("/deaf", _deaf),
        ]
    )
    started = threading.Event()
    running: dict[str, Any] = {}
    delays = [0.0]

    async def main() -> None:
        counted = Connections(app, most)
        config = uvicorn.Config(counted, log_level="warning", proxy_headers=False, **options)  # type: ignore[arg-type]
        server = uvicorn.Server(config)
        door = Door(socket.create_server(("127.0.0.1", 0)), counted)
        running.update(server=server, counted=counted, port=door.getsockname()[1])
        sweeping = asyncio.create_task(counted.sweep())
        ticking = asyncio.create_task(_tick(delays))
        serving = asyncio.create_task(server.serve([door]))
        while not server.started:
            await asyncio.sleep(0.01)
        started.set()
        await serving
        sweeping.cancel()
        ticking.cancel()

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    try:
        assert started.wait(10)
        yield Waited(running["port"], running["counted"], delays)
    finally:
        running["server"].should_exit = running["server"].force_exit = True
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AbstractContextManager[Waited]]:
    monkeypatch.setattr(connections, "REQUEST_S", 0.6)
    monkeypatch.setattr(connections, "SWEEP_EVERY_S", 0.1)
    monkeypatch.setattr(connections, "ANSWER_S", 0.5)
    return _waited


def closed(connection: socket.socket) -> bool:
    """Whether the server has hung up."""
    connection.settimeout(0.01)
    try:
        return connection.recv(65_536) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


Running = Callable[..., AbstractContextManager[Waited]]


def test_a_request_has_to_arrive_in_time(waited: Running) -> None:
    with waited(100) as server:
        late = server.open(b"", b"GET / HTTP/1.1\r\nHost: local", HALF)
        assert server.get() == "0"
        assert server.get("/slow") == "late", "a whole request is answered, however long that takes"
        assert eventually(lambda: all(map(closed, late)), 5)
        (drip,) = server.open(b"POST /length HTTP/1.1\r\n")
        for _ in range(30):
            time.sleep(0.1)
            try:
                drip.sendall(b"X-More: x\r\n")
            except OSError:
                break
        assert closed(drip), "header by header is no way round it"
        assert eventually(lambda: not server.connections._open, 5)


def test_a_body_may_arrive_slowly_where_that_is_allowed(waited: Running) -> None:
    with waited(100) as server:

        def slowly() -> Iterator[bytes]:
            for _ in range(20):
                time.sleep(0.1)
                yield b"x"

        with httpx.Client(base_url=f"http://127.0.0.1:{server.port}") as client:
            assert client.post("/patient", content=slowly()).text == "20"
            with pytest.raises(httpx.TransportError):
                client.post("/length", content=slowly())
        (stalled,) = server.open(b"POST /patient HTTP/1.1\r\nHost: local\r\nContent-Length: 9\r\n\r\nx")
        assert eventually(lambda: closed(stalled), 5), "it has to go on arriving"


def test_one_that_is_used_again_and_again_stays(waited: Running) -> None:
    with waited(100) as server, httpx.Client(base_url=f"http://127.0.0.1:{server.port}") as client:
        for _ in range(12):
            assert client.post("/length", content=b"x" * 1000).text == "1000"
            time.sleep(0.1)
        assert len(server.connections._open) == 1
        with connect(f"ws://127.0.0.1:{server.port}/echo") as followed:
            time.sleep(1.2)
            followed.send("still here")
            assert followed.recv(timeout=5) == "still here"


def test_of_too_many_those_that_wait_longest_go(waited: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "REQUEST_S", 60.0)
    with waited(20) as server:
        waiting: list[socket.socket] = []
        for _ in range(10):
            waiting += server.open(*[b"GET / HT"] * 30)
            assert server.get() == "0"
            assert len(server.connections._open) <= 20
        assert all(map(closed, waiting[:270]))
        begun = time.monotonic()
        waiting += server.open(*[b"GET / HT"] * 300)
        assert server.get() == "0"
        assert time.monotonic() - begun < 3, "one that comes after many waits a moment"


def test_one_that_does_not_read_its_answer_goes(waited: Running) -> None:
    with waited(100) as server:
        (deaf,) = server.open(b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert eventually(lambda: len(server.connections._open) == 1, 5)
        assert eventually(lambda: not server.connections._open, 5)
        deaf.close()


def test_one_that_reads_the_end_of_its_answer_slowly_gets_all_of_it(
    waited: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "ANSWER_S", 3.0)
    with waited(100) as server, socket.socket() as slow:
        slow.connect(("127.0.0.1", server.port))
        slow.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        time.sleep(1.2)  # longer than a request may take
        read = 0
        while piece := slow.recv(65_536):
            read += len(piece)
        assert read > LARGE


def test_those_that_do_not_read_make_room(waited: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "ANSWER_S", 60.0)
    with waited(10) as server:
        deaf = server.open(*[b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n"] * 10)
        assert eventually(lambda: len(server.connections._deaf) == 10, 10)
        assert server.get() == "0"
        for connection in deaf:
            connection.close()


def test_those_that_ask_without_end_make_room(waited: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MANY", 3)
    with waited(10) as server:
        greedy = server.open(*[b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1500] * 10)
        assert eventually(lambda: len(server.connections._open) == 10, 5)
        assert [server.get() for _ in range(3)] == ["0"] * 3
        for connection in greedy:
            connection.close()


def test_a_flood_of_requests_leaves_time_for_the_rest(waited: Running) -> None:
    with waited(100) as server:
        flood = server.open(*[b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n" * 500] * 80)
        time.sleep(0.5)
        server.delays.clear()
        begun = time.monotonic()
        answers = [server.get() for _ in range(5)]
        assert answers == ["0"] * 5
        assert server.delay_s() < 0.02, "the event loop is not away for long"
        assert time.monotonic() - begun < 5
        for connection in flood:
            connection.close()


def test_a_connection_is_read_in_small_pieces() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        peer = socket.create_connection(listening.getsockname())
        accepted, address = listening.accept()
    with Connection(accepted, address, lambda _: None) as connection, peer:
        peer.sendall(b"x" * 3 * READ)
        assert eventually(lambda: len(connection.recv(262_144, socket.MSG_PEEK)) == READ)
        assert len(connection.recv(262_144)) == READ
        assert len(connection.recv(10)) == 10
        assert connection.recv_into(bytearray(262_144)) == READ
        assert connection.recv_into(bytearray(10)) == 10


def test_a_flood_of_messages_waits(waited: Running) -> None:
    with waited(100) as server:
        flood = [connect(f"ws://127.0.0.1:{server.port}/deaf", compression=None) for _ in range(20)]
        server.delays.clear()
        tiny = b"\x81\x84\0\0\0\0tiny" * 50_000
        for follower in flood:
            follower.socket.setblocking(False)
            follower.socket.send(tiny)
        time.sleep(1.0)
        assert max(server.delays) < 0.4, "what comes at once is not read at once"
        for follower in flood:
            follower.socket.close()


def test_when_all_are_in_use_one_line_says_so_and_the_rest_are_served_later(
    waited: Running, caplog: pytest.LogCaptureFixture
) -> None:
    with waited(3) as server, caplog.at_level(logging.ERROR, "asyncio"):
        used = server.open(*[b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n"] * 3)
        assert eventually(lambda: not server.connections._waiting, 5)
        assert server.get() == "0"
        reports = [record for record in caplog.records if "out of system resource" in record.getMessage()]
        assert 1 <= len(reports) <= 4
        for connection in used:
            connection.close()


def test_a_tls_handshake_has_to_end_in_time(waited: Running) -> None:
    with (
        _certificate() as files,
        waited(100, ssl_certfile=files["cert_file"], ssl_keyfile=files["key_file"]) as server,
    ):
        silent = server.open(b"", b"\x16\x03\x01")
        unchecked = ssl.create_default_context()
        unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
        assert httpx.get(f"https://127.0.0.1:{server.port}/", verify=unchecked).text == "0"
        assert eventually(lambda: all(map(closed, silent)), 5)
        assert eventually(lambda: not server.connections._open, 5)


def test_a_certificate_that_is_none_is_an_error_before_anything_is_served(tmp_path: Path) -> None:
    text = tmp_path / "text.pem"
    text.write_text("a text")
    begun: list[str] = []
    no_sessions = cast("Sessions", None)
    with _certificate() as files:
        listen = Listen(certificate=Path(files["cert_file"]), key=text)
        with pytest.raises(ServerError, match=r"text.pem are not a TLS certificate and its key"):
            run(lambda: (Starlette(), no_sessions), listen, begun.append)
    assert not begun
