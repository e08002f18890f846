"""Places of a server: pending ones for senders that have not connected, and one for each capture.

An offer costs its sender nothing and comes from anywhere, so it holds a pending place only, until media arrive or
:data:`~take5.stream.live.watchdog.CONNECT_S` is over. Then it takes a capture's place, if what is going on leaves room
for it by its measured cost. Where several processes capture, it gets both in the one with the most room; they share
the cores of the machine. All of it is used on the event loop.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from math import inf

from take5.stream.server.errors import Refused, full
from take5.stream.server.rooms import COST, Room

PENDING, PENDING_AN_ADDRESS = 64, 8
"""Pending places, and how many of them senders of one address may hold; of fewer places, half at most."""

WITH_PORT = re.compile(r"\[(?P<six>[^\]]+)\](:\d+)?|(?P<four>[0-9.]+):\d+")
"""An address with a port, as some proxies state it."""


class PlaceState(Enum):
    """What a place is good for."""

    PENDING = auto()
    CAPTURE = auto()
    FREE = auto()


@dataclass
class Place:
    """A place that an :class:`Admission` gave to a sender in a network, in the room of a process."""

    network: str
    room: Room
    state: PlaceState = PlaceState.PENDING


class Admission:
    """Who gets a place.

    Parameters
    ----------
    capacity : int
        Captures at a time, at most.
    usage : callable, optional
        Of the one process that captures (see :class:`Room`); without it, there are the rooms that are added.
    cores : float
        Cores that captures may use. One capture is always admitted.
    cost : float
        Cores that a capture uses, until it has been measured.
    pending : int
        Pending places.

    Attributes
    ----------
    capacity : int
        Captures at a time, at most.
    assumed : float
        Cores that a capture uses, until it has been measured.
    """

    def __init__(
        self,
        capacity: int,
        usage: Callable[[], tuple[float, float]] | None = None,
        cores: float = inf,
        cost: float = COST,
        pending: int = PENDING,
    ) -> None:
        self.capacity, self.assumed = capacity, cost
        self._cores, self._places = cores, pending
        self._an_address = max(1, min(PENDING_AN_ADDRESS, (pending + 1) // 2))
        self._addresses: Counter[str] = Counter()
        self._rooms = [] if usage is None else [Room(usage, cost)]

    @property
    def captures(self) -> int:
        """Captures' places that are taken."""
        return sum(room.captures for room in self._rooms)

    @property
    def pending(self) -> int:
        """Pending places that are taken."""
        return sum(room.pending for room in self._rooms)

    @property
    def processes(self) -> int:
        """Processes that take on captures."""
        return sum(room.open for room in self._rooms)

    @property
    def cost(self) -> float:
        """Cores that a capture uses, as measured; the mean of what goes on."""
        if captures := self.captures:
            return sum(room.used for room in self._rooms) / captures
        costs = [room.cost for room in self._rooms]
        return sum(costs) / len(costs) if costs else self.assumed

    def add(self, room: Room) -> None:
        """Count on another process."""
        self._rooms.append(room)

    def close(self, room: Room) -> None:
        """Let no more into the room of a process; what goes on in it counts until it ends."""
        room.open = False
        self._forget_empty()

    def knock(self, address: str | None) -> Place:
        """Reserve a pending place for a sender at an IP address; the caller gives it back with :meth:`release`.

        Raises
        ------
        Refused
            If captures leave no room for another, or no pending place is free.
        """
        for each in self._rooms:
            each.measure()
        network = network_of(address)
        able = [room for room in self._rooms if room.free and self._carries(room)]
        room = min(able, key=lambda room: room.expected, default=None)
        if room is None:
            raise self.full
        if self.pending >= self._places:
            raise full(f"{self.pending} senders are connecting")
        if self._addresses[network] >= self._an_address:
            raise full(f"{self._an_address} senders at {network or 'this address'} are connecting")
        self._addresses[network] += 1
        room.pending += 1
        return Place(network, room)

    @property
    def full(self) -> Refused:
        """The refusal of a sender for whom there is no room."""
        if not any(room.open for room in self._rooms):
            return full("no process that captures is there")
        most = "" if self.captures < self.capacity else f" of {self.capacity}"
        return full(f"{self.captures}{most} captures are going on")

    def connect(self, place: Place) -> bool:
        """Make a pending place a capture's; return False, and leave it pending, if there is no room."""
        if place.state is not PlaceState.PENDING or not self._carries(place.room):
            return False
        self._leave(place)
        place.state = PlaceState.CAPTURE
        place.room.change(1)
        return True

    def release(self, place: Place) -> None:
        """Give a place back; once is enough."""
        if place.state is PlaceState.PENDING:
            self._leave(place)
        elif place.state is PlaceState.CAPTURE:
            place.room.change(-1)
        place.state = PlaceState.FREE
        self._forget_empty()

    def _carries(self, room: Room) -> bool:
        """Whether the machine carries another capture, in this room, beside all that go on."""
        captures, used = self.captures, sum(each.used for each in self._rooms)
        return captures < self.capacity and (captures == 0 or used + room.cost <= self._cores)

    def _leave(self, place: Place) -> None:
        place.room.pending -= 1
        self._addresses[place.network] -= 1
        if not self._addresses[place.network]:
            del self._addresses[place.network]

    def _forget_empty(self) -> None:
        self._rooms = [room for room in self._rooms if room.open or room.captures or room.pending]


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
