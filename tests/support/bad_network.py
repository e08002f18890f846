"""A person's network for measurements: a namespace whose only way out loses, delays and throttles every packet.

UDP, HTTP and websockets all pass through it, as through a router. It needs root and ``/dev/net/tun``, but no module of
the kernel: packets are carried from one tunnel to the other here.
"""

import fcntl
import os
import select
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from heapq import heappop, heappush
from pathlib import Path
from random import Random
from time import monotonic

TUN = Path("/dev/net/tun")
SET_NAME, TUNNEL, BARE = 0x400454CA, 0x0001, 0x1000
HERE, THERE, BITS = "10.77.5.1", "10.77.5.2", 30
MTU = 1500
QUEUE_S = 0.5
"""How long a packet waits for its turn on a slow line before packets are lost."""


@dataclass(frozen=True)
class Weather:
    """How bad the network is, in both directions.

    Attributes
    ----------
    loss : float
        Share of packets lost, 0 to 1.
    delay_s : float
        Seconds that a packet takes each way.
    bits_s : float, optional
        Bits that pass in a second.
    gone : bool
        Whether nothing passes.
    """

    loss: float = 0.0
    delay_s: float = 0.0
    bits_s: float | None = None
    gone: bool = False


FAIR = Weather()


class Carrier(threading.Thread):
    """Carries packets from one tunnel to the other."""

    def __init__(self, source: int, sink: int, seed: int) -> None:
        super().__init__(name=f"carrier-{seed}", daemon=True)
        self.weather, self.over = FAIR, False
        self._source, self._sink = source, sink
        self._random = Random(seed)  # noqa: S311 - keeps no secret
        self._waiting: list[tuple[float, int, bytes]] = []
        self._free, self._count = 0.0, 0

    def run(self) -> None:
        """Carry until it is over."""
        while not self.over:
            patience = min(0.05, max(0.0, self._waiting[0][0] - monotonic())) if self._waiting else 0.05
            if select.select([self._source], [], [], patience)[0]:
                self._take(os.read(self._source, MTU + 100))
            while self._waiting and self._waiting[0][0] <= monotonic():
                os.write(self._sink, heappop(self._waiting)[2])

    def _take(self, packet: bytes) -> None:
        weather, now = self.weather, monotonic()
        if weather.gone or self._random.random() < weather.loss:
            return
        free = max(self._free, now)
        if weather.bits_s is not None:
            if free - now > QUEUE_S:
                return
            free += len(packet) * 8 / weather.bits_s
            self._free = free
        self._count += 1
        heappush(self._waiting, (free + weather.delay_s, self._count, packet))


@dataclass
class Network:
    """The network of a namespace; programs are run in it by the prefix ``command``."""

    name: str
    carriers: tuple[Carrier, Carrier]

    @property
    def command(self) -> list[str]:
        """What runs a program in it."""
        return ["ip", "netns", "exec", self.name]

    def become(self, weather: Weather) -> None:
        """Be as good or bad as this from now on."""
        for carrier in self.carriers:
            carrier.weather = weather


def possible() -> bool:
    """Whether this process may make one."""
    return os.geteuid() == 0 and TUN.exists()


@contextmanager
def bad_network(name: str) -> Iterator[Network]:
    """Make the network ``HERE`` to ``THERE`` while the block lasts."""
    _run("ip", "netns", "add", name)
    tunnels = [_tunnel(f"{name}{end}") for end in (0, 1)]
    inside = ["ip", "netns", "exec", name]
    carriers = (Carrier(tunnels[0], tunnels[1], 1), Carrier(tunnels[1], tunnels[0], 2))
    try:
        _run("ip", "link", "set", f"{name}1", "netns", name)
        _run("ip", "addr", "add", f"{HERE}/{BITS}", "dev", f"{name}0")
        _run("ip", "link", "set", f"{name}0", "up")
        _run(*inside, "ip", "addr", "add", f"{THERE}/{BITS}", "dev", f"{name}1")
        for device in ("lo", f"{name}1"):
            _run(*inside, "ip", "link", "set", device, "up")
        _run(*inside, "ip", "route", "add", "default", "via", HERE)
        for carrier in carriers:
            carrier.start()
        yield Network(name, carriers)
    finally:
        for carrier in filter(Carrier.is_alive, carriers):
            carrier.over = True
            carrier.join()
        for tunnel in tunnels:
            os.close(tunnel)
        _run("ip", "netns", "del", name)


def _tunnel(name: str) -> int:
    tunnel = os.open(TUN, os.O_RDWR)
    fcntl.ioctl(tunnel, SET_NAME, struct.pack("16sH22x", name.encode(), TUNNEL | BARE))
    return tunnel


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
