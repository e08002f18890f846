"""A bad network for tests: a UDP relay on loopback that loses, delays and reorders what a sender sends, by a seed.

The sender is told the relay's address instead of the server's; whoever speaks to the relay first is the sender. What
the server sends back goes straight through, unless the line is cut.
"""

import heapq
import socket
import threading
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from types import TracebackType
from typing import Self

LARGEST = 65_536
BUFFER = 4 * 2**20
MOST_DELAYED = 20_000
"""Packets that wait; more are lost, as in any router."""


@dataclass(frozen=True)
class Line:
    """How bad a line is.

    Attributes
    ----------
    loss : float
        Share of packets lost, 0 to 1.
    delay_s, jitter_s : float
        Seconds that a packet takes, and how many more it may take, evenly spread: packets overtake each other.
    burst : tuple of int
        The packet with which a burst of losses begins, counted from 0, and how many are lost.
    seed : int
        Of loss and jitter.
    """

    loss: float = 0.0
    delay_s: float = 0.0
    jitter_s: float = 0.0
    burst: tuple[int, int] = (0, 0)
    seed: int = 0


@dataclass
class Counts:
    """Packets from the sender so far."""

    passed: int = 0
    lost: int = 0


@dataclass(order=True)
class _Due:
    at: float
    number: int
    data: bytes = field(compare=False)


class LossyRelay:
    """A relay to a server's address, while it is entered.

    Parameters
    ----------
    line : Line
        How bad it is.
    server : tuple of str and int
        Where packets go; may be set later, as it is known from the answer only.
    """

    def __init__(self, line: Line = Line(), server: tuple[str, int] | None = None) -> None:
        self.line, self.server, self.counts = line, server, Counts()
        self._random = Random(line.seed)  # noqa: S311 - keeps no secret
        self._waiting: list[_Due] = []
        self._cut, self._over = threading.Event(), threading.Event()
        self._came = threading.Condition()
        self._sender: tuple[str, int] | None = None
        self._front, self._back = _bound(), _bound()
        self._threads = [
            threading.Thread(target=self._forward, name="relay-forward"),
            threading.Thread(target=self._return, name="relay-return"),
        ]

    @property
    def address(self) -> str:
        """What the sender is told, as host:port."""
        host, port = self._front.getsockname()
        return f"{host}:{port}"

    def cut(self) -> None:
        """Let nothing pass, either way, from now on."""
        self._cut.set()

    def mend(self) -> None:
        """Let everything pass again."""
        self._cut.clear()

    def wait_for(self, packets: int, timeout_s: float) -> bool:
        """Wait until so many packets have come from the sender, lost ones counted; False if they have not."""
        with self._came:
            return self._came.wait_for(lambda: self.counts.passed + self.counts.lost >= packets, timeout_s)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._front.close()
        self._back.close()

    def _forward(self) -> None:
        while not self._over.is_set():
            self._front.settimeout(self._patience())
            try:
                data, self._sender = self._front.recvfrom(LARGEST)
            except (TimeoutError, ConnectionError):
                pass
            else:
                self._take(data)
            self._deliver()

    def _patience(self) -> float:
        """Seconds until the next packet is due, at most a little."""
        return min(0.05, max(0.0005, self._waiting[0].at - monotonic())) if self._waiting else 0.05

    def _take(self, data: bytes) -> None:
        with self._came:
            begin, length = self.line.burst
            came = self.counts.passed + self.counts.lost
            lost = self._random.random() < self.line.loss or begin <= came < begin + length
            more = self._random.random() * self.line.jitter_s
            if lost or self._cut.is_set() or len(self._waiting) >= MOST_DELAYED:
                self.counts.lost += 1
            else:
                self.counts.passed += 1
                heapq.heappush(self._waiting, _Due(monotonic() + self.line.delay_s + more, came, data))
            self._came.notify_all()

    def _deliver(self) -> None:
        while self._waiting and self._waiting[0].at <= monotonic():
            due = heapq.heappop(self._waiting)
            if self.server is not None:
                self._back.sendto(due.data, self.server)

    def _return(self) -> None:
        self._back.settimeout(0.05)
        while not self._over.is_set():
            try:
                data, _ = self._back.recvfrom(LARGEST)
            except (TimeoutError, ConnectionError):
                continue
            if self._sender is not None and not self._cut.is_set():
                self._front.sendto(data, self._sender)


def _bound() -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    bound.bind(("127.0.0.1", 0))
    return bound
