"""The UDP sockets of a connection: on which addresses and ports they are, and what is announced to the sender."""

import errno
import ipaddress
import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from take5.scoring.errors import NoPortFree, ParameterError

FIRST, LAST = 1024, 65535
TAKEN = (errno.EADDRINUSE, errno.EACCES)
"""What the system says of a port that something else has; the latter is Windows' word for one that it reserves."""


@dataclass(frozen=True)
class UdpPorts:
    """A range of UDP ports, both ends included.

    Raises
    ------
    ParameterError
        If it is not one.
    """

    first: int
    last: int

    def __post_init__(self) -> None:
        if not FIRST <= self.first <= self.last <= LAST:
            raise ParameterError(f"UDP ports {self}: a range like 40000-40099, within {FIRST}-{LAST}")

    @classmethod
    def parse(cls, text: str) -> "UdpPorts":
        """Read ``FIRST-LAST``."""
        found = re.fullmatch(r"(\d{1,5})-(\d{1,5})", text.strip())
        if found is None:
            raise ParameterError(f"UDP ports {text!r}: a range like 40000-40099, within {FIRST}-{LAST}")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"

    def __len__(self) -> int:
        return self.last - self.first + 1

    def after(self, port: int) -> Iterator[int]:
        """Every port once, beginning with the one after ``port``."""
        begin = port - self.first + 1
        return (self.first + (begin + step) % len(self) for step in range(len(self)))


@dataclass(frozen=True)
class Address:
    """An address of this machine, and those that senders are given for it."""

    bound: str
    announced: tuple[str, ...]


@dataclass(frozen=True)
class HostSocket:
    """A bound socket, and the addresses that senders are given for it."""

    socket: socket.socket
    announced: tuple[str, ...]

    @property
    def port(self) -> int:
        """Its port."""
        port: int = self.socket.getsockname()[1]
        return port


def resolved(text: str) -> list[str]:
    """Addresses that a public address stands for: itself, or those of a name.

    Raises
    ------
    ParameterError
        If it stands for none.
    """
    try:
        if re.fullmatch(r"[0-9.]+|0[xX].*", text):  # getaddrinfo completes half an IPv4 address
            ipaddress.ip_address(text)
        found = socket.getaddrinfo(text.strip("[]"), None, type=socket.SOCK_DGRAM)
    except (OSError, ValueError) as error:
        raise ParameterError(f"public address {text!r} is neither an address nor a name that has one") from error
    addresses = list(dict.fromkeys(str(address[0]).partition("%")[0] for *_, address in found))
    if any(ipaddress.ip_address(each).is_unspecified for each in addresses):
        raise ParameterError(f"public address {text!r} stands for every address; name the one that senders can reach")
    return addresses


def announced(interfaces: Sequence[str], public: Sequence[str]) -> list[Address]:
    """Where to bind, and what to announce.

    Without public addresses, every address of an interface. A public address that this machine has is bound itself.
    Another one stands for the interfaces' addresses of its family (all of them, where there are none).
    """
    if not public:
        return [Address(each, (each,)) for each in interfaces]
    stands_for: dict[str, list[str]] = {}
    for each in dict.fromkeys(public):
        same = [own for own in interfaces if _version(own) == _version(each)]
        for bound in (each,) if is_own(each) else same or interfaces:
            stands_for.setdefault(bound, []).append(each)
    return [Address(bound, tuple(each)) for bound, each in stands_for.items()]


def is_own(address: str) -> bool:
    """Whether an address is one of this machine's."""
    try:
        _bound(address, 0).close()
    except OSError:
        return False
    return True


class PortPool:
    """Binds the sockets of connections, on ports of a range if there is one.

    The system keeps count of the ports: a socket that is closed returns its own. The search begins behind the port
    that was taken last, so that late packets of one connection do not reach the next.
    """

    def __init__(self, ports: UdpPorts | None = None) -> None:
        self._ports = ports
        self._last = 0 if ports is None else ports.first - 1

    def bind(self, addresses: Sequence[Address]) -> list[HostSocket]:
        """Bind a socket on each address that there is; with a range, all on the same port.

        Raises
        ------
        NoPortFree
            If every port of the range is taken, or the system gives no socket at all.
        """
        for port in (0,) if self._ports is None else self._ports.after(self._last):
            with suppress(_Taken):
                sockets = _all_bound(addresses, port)
                self._last = port
                return sockets
        raise NoPortFree(f"every UDP port of {self._ports} is taken")


class _Taken(Exception):
    """A port is taken on one of the addresses."""


def _all_bound(addresses: Sequence[Address], port: int) -> list[HostSocket]:
    sockets: list[HostSocket] = []
    fault: OSError | None = None
    for address in addresses:
        try:
            sockets.append(HostSocket(_bound(address.bound, port), address.announced))
        except OSError as error:
            if port and error.errno in TAKEN:
                for each in sockets:
                    each.socket.close()
                raise _Taken from error
            fault = error
    if fault is not None and not sockets:
        raise NoPortFree(f"no UDP socket can be opened ({fault.strerror})") from fault
    return sockets


def _bound(address: str, port: int) -> socket.socket:
    family = socket.AF_INET if _version(address) == 4 else socket.AF_INET6
    bound = socket.socket(family, socket.SOCK_DGRAM)
    try:
        bound.setblocking(False)
        bound.bind((address, port))
    except OSError:
        bound.close()
        raise
    return bound


def _version(address: str) -> int:
    return ipaddress.ip_address(address).version
