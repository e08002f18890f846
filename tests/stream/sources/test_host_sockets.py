"""UDP ports of a range, and the addresses that are bound and announced."""

import socket
from collections.abc import Sequence

import pytest

from take5.scoring.errors import NoPortFree, ParameterError
from take5.stream.sources.webrtc.host_sockets import Address, HostSocket, PortPool, UdpPorts, announced, resolved

NOWHERE, NOWHERE_6 = "203.0.113.9", "2001:db8::9"
LOOPBACK = [Address("127.0.0.1", ("127.0.0.1",))]


def close(sockets: Sequence[HostSocket]) -> None:
    for each in sockets:
        each.socket.close()


def free_range(length: int) -> UdpPorts:
    """Ports that nothing has on 127.0.0.1."""
    for first in range(42_000, 60_000, length):
        ports = UdpPorts(first, first + length - 1)
        try:
            for port in ports.after(0):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tried:
                    tried.bind(("127.0.0.1", port))
        except OSError:
            continue
        return ports
    raise AssertionError("no ports are free")


@pytest.mark.parametrize("text", ["", "40000", "40000-", "-40099", "a-b", "40099-40000", "1023-2000", "65000-65536"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match="a range like 40000-40099"):
        UdpPorts.parse(text)


def test_a_range_has_both_ends_and_begins_behind_any_port() -> None:
    ports = UdpPorts.parse(" 40000-40003 ")
    assert (len(ports), str(ports)) == (4, "40000-40003")
    assert list(ports.after(39_999)) == [40_000, 40_001, 40_002, 40_003]
    assert list(ports.after(40_001)) == [40_002, 40_003, 40_000, 40_001]
    assert list(ports.after(40_003)) == [40_000, 40_001, 40_002, 40_003]
    assert list(UdpPorts(50_000, 50_000).after(50_000)) == [50_000]


def test_ports_are_taken_in_turn_and_come_back() -> None:
    ports = free_range(3)
    pool = PortPool(ports)
    taken = []
    for _ in range(7):
        sockets = pool.bind(LOOPBACK)
        taken.append(sockets[0].port)
        close(sockets)
    assert taken == [ports.first + step % 3 for step in range(7)]


def test_a_port_that_another_program_has_is_passed_over_and_a_full_range_is_told() -> None:
    ports = free_range(3)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", ports.first + 1))
        pool = PortPool(ports)
        first, second = pool.bind(LOOPBACK), pool.bind(LOOPBACK)
        assert [first[0].port, second[0].port] == [ports.first, ports.last]
        with pytest.raises(NoPortFree, match=f"every UDP port of {ports} is taken"):
            pool.bind(LOOPBACK)
        close(first)
        close(pool.bind(LOOPBACK))
    close(second)


def test_all_addresses_of_a_connection_have_one_port() -> None:
    ports = free_range(2)
    both = [*LOOPBACK, Address("127.0.0.2", (NOWHERE,)), Address(NOWHERE, (NOWHERE,))]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.2", ports.first))
        sockets = PortPool(ports).bind(both)
        assert [each.port for each in sockets] == [ports.last, ports.last], "the third address is not this machine's"
        assert [each.announced for each in sockets] == [("127.0.0.1",), (NOWHERE,)]
        close(sockets)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(("127.0.0.1", ports.first))


def test_without_any_socket_the_reason_is_told() -> None:
    with pytest.raises(NoPortFree, match=r"no UDP socket can be opened \(.+\)"):
        PortPool().bind([Address(NOWHERE, (NOWHERE,))])


def test_without_a_range_any_port_does() -> None:
    sockets = PortPool().bind(LOOPBACK)
    assert sockets[0].port >= 1024
    close(sockets)


@pytest.mark.parametrize(
    ("public", "expected"),
    [
        ([], [Address("192.0.2.7", ("192.0.2.7",)), Address("2001:db8::7", ("2001:db8::7",))]),
        ([NOWHERE], [Address("192.0.2.7", (NOWHERE,))]),
        ([NOWHERE_6], [Address("2001:db8::7", (NOWHERE_6,))]),
        ([NOWHERE, NOWHERE_6], [Address("192.0.2.7", (NOWHERE,)), Address("2001:db8::7", (NOWHERE_6,))]),
        (["127.0.0.1", NOWHERE], [Address("127.0.0.1", ("127.0.0.1",)), Address("192.0.2.7", (NOWHERE,))]),
        ([NOWHERE, "203.0.113.8"], [Address("192.0.2.7", (NOWHERE, "203.0.113.8"))]),
    ],
)
def test_public_addresses_stand_for_those_of_their_family(public: list[str], expected: list[Address]) -> None:
    assert announced(["192.0.2.7", "2001:db8::7"], public) == expected


def test_a_public_address_of_another_family_stands_for_all() -> None:
    assert announced(["192.0.2.7"], [NOWHERE_6]) == [Address("192.0.2.7", (NOWHERE_6,))]


def test_a_public_address_may_be_a_name() -> None:
    assert "127.0.0.1" in resolved("localhost")
    assert resolved(NOWHERE) == [NOWHERE]
    assert resolved(f"[{NOWHERE_6}]") == [NOWHERE_6]
    for text in ("no.such.invalid", "10", "203.0.113", "0x7f000001", "203.0.113.9:40000", ""):
        with pytest.raises(ParameterError, match="neither an address nor a name"):
            resolved(text)
    for text, fault in (("0.0.0.0", "every address"), ("::", "every address")):  # noqa: S104
        with pytest.raises(ParameterError, match=fault):
            resolved(text)
