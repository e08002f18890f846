"""Places of a server: pending ones for senders that have not connected, and one for each capture.

An offer costs its sender nothing and comes from anywhere, so it holds a pending place only, until media arrive or
:data:`~take5.stream.live.watchdog.CONNECT_S` is over. Then it takes a capture's place, if what is going on leaves room
for it by its measured cost. All of it is used on the event loop.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from math import inf

from take5.stream.server.errors import Refused, full

PENDING, PENDING_AN_ADDRESS = 64, 8
"""Pending places, and how many of them senders of one address may hold; of fewer places, half at most."""

COST = 0.65
"""Cores that a capture uses, until it has been measured."""

WITH_PORT = re.compile(r"\[(?P<six>[^\]]+)\](:\d+)?|(?P<four>[0-9.]+):\d+")
"""An address with a port, as some proxies state it."""

SETTLE_S, MEMORY_S = 5.0, 30.0
"""Shortest time over which a cost is measured, and how long a measurement counts."""


class PlaceState(Enum):
    """What a place is good for."""

    PENDING = auto()
    CAPTURE = auto()
    FREE = auto()


@dataclass
class Place:
    """A place that an :class:`Admission` gave to a sender in a network."""

    network: str
    state: PlaceState = PlaceState.PENDING


class Admission:
    """Who gets a place.

    Parameters
    ----------
    capacity : int
        Captures at a time, at most.
    usage : callable
        Returns seconds of a steady clock, and the CPU seconds that captures and what serves them have used.
    cores : float
        Cores that captures may use. One capture is always admitted.
    cost : float
        Cores that a capture uses, until it has been measured.
    pending : int
        Pending places.

    Attributes
    ----------
    captures, pending : int
        Places that are taken.
    cost : float
        Cores that a capture uses, as measured.
    """

    def __init__(
        self,
        capacity: int,
        usage: Callable[[], tuple[float, float]],
        cores: float = inf,
        cost: float = COST,
        pending: int = PENDING,
    ) -> None:
        self.capacity, self.cost = capacity, cost
        self._assumed = cost
        self.captures = self.pending = 0
        self._cores, self._places = cores, pending
        self._an_address = max(1, min(PENDING_AN_ADDRESS, (pending + 1) // 2))
        self._addresses: Counter[str] = Counter()
        self._usage, self._since = usage, usage()

    def knock(self, address: str | None) -> Place:
        """Reserve a pending place for a sender at an IP address; the caller gives it back with :meth:`release`.

        Raises
        ------
        Refused
            If captures leave no room for another, or no pending place is free.
        """
        self._measure()
        network = network_of(address)
        if not self.has_room:
            raise self.full
        if self.pending >= self._places:
            raise full(f"{self.pending} senders are connecting")
        if self._addresses[network] >= self._an_address:
            raise full(f"{self._an_address} senders at {network or 'this address'} are connecting")
        self._addresses[network] += 1
        self.pending += 1
        return Place(network)

    @property
    def has_room(self) -> bool:
        """Whether another capture may go on beside those that do."""
        more = self.captures + 1
        return more <= self.capacity and (self.captures == 0 or more * self.cost <= self._cores)

    @property
    def full(self) -> Refused:
        """The refusal of a sender for whom there is no room."""
        most = "" if self.captures < self.capacity else f" of {self.capacity}"
        return full(f"{self.captures}{most} captures are going on")

    def connect(self, place: Place) -> bool:
        """Make a pending place a capture's; return False, and leave it pending, if there is no room."""
        if place.state is not PlaceState.PENDING or not self.has_room:
            return False
        self._leave(place)
        place.state = PlaceState.CAPTURE
        self._change(1)
        return True

    def release(self, place: Place) -> None:
        """Give a place back; once is enough."""
        if place.state is PlaceState.PENDING:
            self._leave(place)
        elif place.state is PlaceState.CAPTURE:
            self._change(-1)
        place.state = PlaceState.FREE

    def _measure(self) -> None:
        """Measure what a capture costs, if their number has stayed the same for long enough.

        When nothing goes on, what earlier captures cost is forgotten.
        """
        now, cpu = self._usage()
        seconds, used = now - self._since[0], cpu - self._since[1]
        if seconds >= SETTLE_S:
            cost = used / seconds / self.captures if self.captures else self._assumed
            self.cost += (cost - self.cost) * min(1.0, seconds / MEMORY_S)
            self._since = now, cpu

    def _leave(self, place: Place) -> None:
        self.pending -= 1
        self._addresses[place.network] -= 1
        if not self._addresses[place.network]:
            del self._addresses[place.network]

    def _change(self, captures: int) -> None:
        """Count another capture, or one less: the cost of each is measured from then on."""
        self._measure()
        self.captures += captures
        self._since = self._usage()


def network_of(address: str | None) -> str:
    """What counts as one address: an IPv4 address, or an IPv6 network of 64 bits, of which a sender has many."""
    found = WITH_PORT.fullmatch(address or "")
    if found is not None:
        address = found["six"] or found["four"]
    try:
        parsed = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return address or ""
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
        parsed = parsed.ipv4_mapped
    return str(parsed)
