"""The connections of a server: each must send a whole request in time; of too many, the one that waits longest goes.

A connection costs its peer nothing and holds a descriptor here, also before anything has been sent, and during a TLS
handshake. That is why they are counted where they are accepted.
"""

import asyncio
import errno
import os
import selectors
import socket
from contextlib import suppress
from functools import partial
from time import monotonic

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from take5.stream.server.connection import Address, Connection
from take5.stream.server.turns import Turns

REQUEST_S = 15.0
"""Maximum time for a whole request to arrive, from the beginning of the connection or the answer before."""

ANSWER_S = 60.0
"""How long a peer may leave what it is sent unread."""

SWEEP_EVERY_S = 1.0
CLOSING_S = 0.02
"""How long a connection that was ended may take to be closed, before another one is ended for its place."""

MANY = 10
"""Requests of a connection that are more than a page or a player has."""

PAUSE_S = 0.5
"""How long nothing is accepted when there are no descriptors left."""

SLOW_BODY = "take5.slow_body"
"""Key in a request's scope: what to call so that its body may arrive slowly."""

EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Connections:
    """The connections of a server, as an ASGI middleware that knows which of them wait for a request.

    Parameters
    ----------
    app : ASGIApp
        The application.
    most : int
        Connections at a time.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most
        self._open: dict[Address, Connection] = {}
        self._waiting: dict[Address, float] = {}
        """Since when each connection without a whole request has waited, the longest first."""
        self._slow: set[Address] = set()
        """Those of which each piece of a body, and not the whole request, must arrive in time."""
        self._deaf: dict[Address, float] = {}
        """Since when each has left unread what it is sent, the longest first."""
        self._turns = Turns()
        self._leaving: tuple[Address, float] | None = None
        """The connection that was ended last to make room, and when."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request or a websocket."""
        peer = tuple(scope.get("client") or ())
        if scope["type"] not in ("http", "websocket") or peer not in self._open:
            await self._app(scope, receive, send)
            return

        scope[SLOW_BODY] = partial(self._slow.add, peer)

        async def received() -> Message:
            message = await receive()
            if not message.get("more_body", False):
                self._waiting.pop(peer, None)
            elif peer in self._slow and self._waiting.pop(peer, None) is not None:
                self._waiting[peer] = monotonic()
            return message

        async def sent(message: Message) -> None:
            self._deaf[peer] = monotonic()
            try:
                async with asyncio.timeout(ANSWER_S):
                    await send(message)
            except TimeoutError:
                self._drop(peer)
            finally:
                self._deaf.pop(peer, None)

        if scope["type"] == "websocket" or _without_body(Headers(scope=scope)):
            self._waiting.pop(peer, None)
        self._open[peer].requests += 1
        await self._turns.wait()
        try:
            await self._app(scope, received, sent)
        finally:
            self._slow.discard(peer)
            if peer in self._open and peer not in self._waiting:
                self._waiting[peer] = monotonic()

    async def sweep(self) -> None:
        """End the connections whose request is late, again and again."""
        while True:
            for peer in list(filter(self._late, self._waiting)):
                self._drop(peer)
            await asyncio.sleep(SWEEP_EVERY_S)

    @property
    def full(self) -> bool:
        """Whether there are as many as there may be."""
        return len(self._open) >= self._most

    def opened(self, connection: Connection) -> None:
        """Count a connection."""
        self._open[connection.peer] = connection
        self._waiting[connection.peer] = monotonic()

    def make_room(self) -> bool:
        """End the connection that waits longest, for a request or for its peer to read; return whether there is one."""
        leaving, since = self._leaving or (None, 0.0)
        if leaving in self._open and monotonic() - since < CLOSING_S:
            return True
        longest = next(iter(self._waiting), None) or next(iter(self._deaf), None) or self._busiest()
        if longest is not None:
            self._leaving = longest, monotonic()
            self._drop(longest)
        return longest is not None

    def closed(self, connection: Connection) -> None:
        """Forget a connection."""
        if self._open.get(connection.peer) is connection:
            del self._open[connection.peer]
            self._waiting.pop(connection.peer, None)
            self._deaf.pop(connection.peer, None)

    def _busiest(self) -> Address | None:
        """The connection that has brought the most requests, if it has brought more than a page does."""
        most = max(self._open.values(), key=lambda connection: connection.requests, default=None)
        if most is None or most.requests <= MANY:
            return None
        most.requests = 0  # it goes
        return most.peer

    def _late(self, peer: Address) -> bool:
        """Whether a connection has waited too long for its request, or for its peer to read the rest of an answer."""
        connection = self._open[peer]
        since = max(self._waiting[peer], connection.sent)
        return monotonic() - since > (ANSWER_S if connection.unsent else REQUEST_S)

    def _drop(self, peer: Address) -> None:
        """Hang up: what serves the connection sees its end, and closes it."""
        self._waiting.pop(peer, None)
        self._deaf.pop(peer, None)
        with suppress(OSError, KeyError):
            self._open[peer].shutdown(socket.SHUT_RDWR)


def let_body_be_slow(scope: Scope) -> None:
    """Let a request take longer than :data:`REQUEST_S` while its body goes on arriving; the caller limits the whole."""
    slowly = scope.get(SLOW_BODY)
    if slowly is not None:  # a server of another application watches over its connections itself
        slowly()


class Door(socket.socket):
    """A listening socket whose connections are counted.

    Parameters
    ----------
    listening : socket.socket
        Taken over.
    connections : Connections
        Counts them.
    """

    def __init__(self, listening: socket.socket, connections: Connections) -> None:
        super().__init__(listening.family, listening.type, listening.proto, fileno=listening.detach())
        self._connections, self._paused = connections, 0.0
        self._knocking = selectors.DefaultSelector()
        self._knocking.register(self, selectors.EVENT_READ)

    def accept(self) -> tuple[socket.socket, Address]:
        """Accept a connection, if there may be another.

        Raises
        ------
        BlockingIOError
            If there may be one soon: asyncio asks again when it has handled what has happened meanwhile.
        OSError
            If there may be none, or there are no descriptors: asyncio reports that, and pauses. Before it does, it asks
            again as often as connections may wait; that gets a BlockingIOError, so that one report is made.
        """
        if monotonic() < self._paused:
            raise BlockingIOError
        try:
            self._check_room()
            plain, address = super().accept()
        except OSError as error:
            if error.errno not in EXHAUSTED:
                raise
            if self._connections.make_room():
                raise BlockingIOError from error
            self._paused = monotonic() + PAUSE_S
            raise
        connection = Connection(plain, tuple(address[:2]), self._connections.closed)
        self._connections.opened(connection)
        return connection, address

    def close(self) -> None:
        """Listen no more."""
        self._knocking.close()
        super().close()

    def _check_room(self) -> None:
        """Raise the OSError of a process without descriptors if a connection waits and there may be no more."""
        if self._connections.full:
            if not self._knocking.select(0):
                raise BlockingIOError
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def _without_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers
