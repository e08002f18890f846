"""The application on uvicorn: it listens, says where, and ends cleanly."""

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.applications import Starlette
from uvicorn.config import LOGGING_CONFIG

from take5.scoring.errors import ServerError
from take5.stream.server.connections import Connections, Door
from take5.stream.server.descriptors import CONNECTIONS
from take5.stream.server.repeats import thin_out
from take5.stream.server.running import RELOAD
from take5.stream.server.sessions import Sessions

HANG_UP: int | None = getattr(signal, "SIGHUP", None)
"""SIGHUP, which Windows does not have."""


@dataclass(frozen=True)
class Listen:
    """Where a server listens, and for how many connections; with a certificate and its key, in PEM files, by TLS."""

    host: str = "127.0.0.1"
    port: int = 0
    certificate: Path | None = None
    key: Path | None = None
    connections: int = CONNECTIONS

    @property
    def scheme(self) -> str:
        """Of its addresses."""
        return "http" if self.certificate is None else "https"


class DrainingServer(uvicorn.Server):
    """Ends every capture and saves its clip before it hangs up on the followers; at a second signal it ends at once."""

    def __init__(self, config: uvicorn.Config, sessions: Sessions) -> None:
        super().__init__(config)
        self._sessions = sessions
        self._loop: asyncio.AbstractEventLoop | None = None
        self._draining: asyncio.Task[None] | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal."""
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle SIGUSR2, too, and SIGHUP unless it is ignored, as by nohup."""
        with super().capture_signals(), _handled(HANG_UP, self.handle_exit), _handled(RELOAD, self._reload_soon):
            yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        """Drain at the first signal, end at the second; SIGHUP, which a closed terminal may send twice, only drains."""
        if sig != HANG_UP and (self._draining is not None or self._loop is None):
            self.should_exit = self.force_exit = True
            return
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._drain)

    def _reload_soon(self, _sig: int, _frame: FrameType | None) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._sessions.reload)

    def _drain(self) -> None:
        if self._draining is None:
            self._draining = asyncio.create_task(self._sessions.drain(), name="take5-drain")
            self._draining.add_done_callback(lambda _: setattr(self, "should_exit", True))


def run(
    make: Callable[[], tuple[Starlette, Sessions]], listen: Listen, started: Callable[[str], None] = lambda _: None
) -> None:
    """Serve until SIGTERM, SIGHUP or SIGINT.

    Parameters
    ----------
    make : callable
        Makes the application and its sessions, on the event loop that they will run on.
    listen : Listen
        Where.
    started : callable
        Called with the address once requests are answered there.

    Raises
    ------
    ServerError
        If it cannot listen there, or the certificate and its key cannot be used.
    """
    with _bound(listen) as bound:
        asyncio.run(_serve(make, listen, bound, started))


@contextmanager
def _handled(number: int | None, handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Handle a signal that the system has, unless it is ignored."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(number) if number and in_main_thread else signal.SIG_IGN
    if number is None or before is signal.SIG_IGN:
        yield
        return
    signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before or signal.SIG_DFL)


def _bound(listen: Listen) -> socket.socket:
    try:
        family = socket.getaddrinfo(listen.host, listen.port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((listen.host, listen.port), family=family)
    except OSError as error:
        where = f"{listen.host}:{listen.port}"
        raise ServerError(f"{where}: cannot listen there ({error.strerror or error}); choose another --port") from error


def _load(config: uvicorn.Config, listen: Listen) -> None:
    try:
        config.load()
    except OSError as error:  # of ssl, too
        files = f"{listen.certificate} and {listen.key}"
        raise ServerError(f"{files} are not a TLS certificate and its key in PEM ({error.strerror})") from error


async def _serve(
    make: Callable[[], tuple[Starlette, Sessions]],
    listen: Listen,
    bound: socket.socket,
    started: Callable[[str], None],
) -> None:
    app, sessions = make()
    connections = Connections(app, listen.connections)
    config = uvicorn.Config(
        connections,
        log_level="warning",
        log_config=None if logging.getLogger().handlers else LOGGING_CONFIG,  # its lines go where all others do
        http="h11",  # it limits headers; httptools, which "auto" prefers, does not
        ws="auto",
        ws_max_size=64 * 1024,
        proxy_headers=False,  # the application knows which proxies to trust
        timeout_graceful_shutdown=3,
        ssl_certfile=listen.certificate,
        ssl_keyfile=listen.key,
    )
    _load(config, listen)
    thin_out(logging.getLogger(name) for name in ("", "uvicorn", "uvicorn.error"))
    server = DrainingServer(config, sessions)
    host = f"[{listen.host}]" if ":" in listen.host else listen.host
    started(f"{listen.scheme}://{host}:{bound.getsockname()[1]}")
    sweeping = asyncio.create_task(connections.sweep(), name="take5-connections")
    await server.serve([Door(bound, connections)])
    if server.force_exit:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # what is cut off would say so, with a traceback
    sweeping.cancel()
