"""One accepted connection: when it is closed, and whether it still has something to send."""

import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from time import monotonic
from typing import Any

UNSENT = 128 * 1024
"""How many bytes the system may keep that it cannot send yet: by default megabytes for a peer that does not read."""

READ = 4096
"""How many bytes are read at a time, at most: 256 KiB of tiny messages would keep the event loop for a while."""

Address = tuple[Any, ...]
"""Of a peer: host and port."""


class Connection(socket.socket):
    """An accepted connection, non-blocking.

    Parameters
    ----------
    accepted : socket.socket
        Taken over.
    peer : tuple
        Its other end.
    closed : callable
        Called when it is closed.

    Attributes
    ----------
    unsent : bool
        Whether the system did not take all of what was last sent: the rest waits in this process.
    sent : float
        When it last took something.
    requests : int
        How many it has brought.
    """

    def __init__(self, accepted: socket.socket, peer: Address, closed: "Callable[[Connection], None]") -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        self.peer, self._closed = peer, closed
        self.unsent, self.sent, self.requests = False, monotonic(), 0
        option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
        if option is not None:
            with suppress(OSError):
                self.setsockopt(socket.IPPROTO_TCP, option, UNSENT)

    def send(self, data: Any, flags: int = 0) -> int:
        """Send, and note whether something is left."""
        self.unsent = True
        return self._noted(super().send(data, flags), len(data))

    def sendmsg(self, buffers: Iterable[Any], *args: Any) -> int:
        """Send several pieces, as asyncio does where it can."""
        pieces, self.unsent = list(buffers), True
        return self._noted(super().sendmsg(pieces, *args), sum(map(len, pieces)))

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        """Read a little."""
        return super().recv(min(bufsize, READ), flags)

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """Read a little into a buffer, as asyncio does for TLS."""
        return super().recv_into(buffer, min(nbytes or memoryview(buffer).nbytes, READ), flags)

    def close(self) -> None:
        """Close it."""
        self._closed(self)
        super().close()

    def _noted(self, taken: int, whole: int) -> int:
        self.unsent, self.sent = taken < whole, monotonic()
        return taken
