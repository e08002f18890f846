"""Connections made on a network: candidates, ports, and servers that do not answer."""

import asyncio
import re
import socket
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress

import aioice.ice
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection
from services import free_port
from serving import offer_of

from take5.scoring.errors import NoPortFree, ParameterError
from take5.stream.sources.webrtc.aiortc_internals import gathering
from take5.stream.sources.webrtc.host_sockets import UdpPorts
from take5.stream.sources.webrtc.ice import IceServer
from take5.stream.sources.webrtc.ice_servers import IceServers
from take5.stream.sources.webrtc.network import IceWatch, Network
from take5.stream.sources.webrtc.peer import Peer, accept

OFFER = offer_of()
NOWHERE = "203.0.113.9"
CANDIDATE = re.compile(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ (\w+)")


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's addresses are two of loopback."""
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: ["127.0.0.1", "127.0.0.2"])
    monkeypatch.setattr("take5.stream.sources.webrtc.peer.offer_loopback", lambda: None)


def candidates(sdp: str) -> set[tuple[str, int, str]]:
    return {(host, int(port), kind) for host, port, kind in CANDIDATE.findall(sdp)}


def run(check: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(check())


async def answered(network: Network, offer: str = OFFER) -> tuple[Peer, set[tuple[str, int, str]]]:
    peer = await accept(offer, network)
    return peer, candidates(await peer.answer())


def test_aioice_still_has_what_gathers_in_its_place() -> None:
    async def check() -> None:
        connection = RTCPeerConnection(RTCConfiguration([]))
        connection.addTransceiver("audio")
        (ice,) = gathering.ice_connections(connection)
        made = gathering.Gathering(ice, [], [], lambda _url, _fault: None)
        assert ice.get_component_candidates == made._gather
        await ice.gather_candidates()
        assert ice.local_candidates == []
        await connection.close()

    run(check)


def test_each_capture_has_one_port_of_the_range_on_every_address() -> None:
    async def check() -> None:
        port = free_port(socket.SOCK_DGRAM)
        network = Network(ports=UdpPorts(port, port))
        for _ in range(5):  # it comes back each time
            peer, found = await answered(network)
            assert found == {("127.0.0.1", port, "host"), ("127.0.0.2", port, "host")}
            with pytest.raises(NoPortFree):
                await accept(OFFER, network)
            await peer.close()

    run(check)


def test_a_port_comes_back_from_an_offer_that_is_never_answered() -> None:
    async def check() -> None:
        port = free_port(socket.SOCK_DGRAM)
        network = Network(ports=UdpPorts(port, port))
        for _ in range(3):
            peer = await accept(OFFER, network)
            await peer.close()

    run(check)


def test_a_sender_that_does_not_bundle_takes_two_ports_or_none() -> None:
    async def check() -> None:
        port = free_port(socket.SOCK_DGRAM)
        apart = re.sub(r"a=group:BUNDLE.*\r\n", "", OFFER)
        with pytest.raises(NoPortFree):
            await accept(apart, Network(ports=UdpPorts(port, port)))
        peer, _ = await answered(Network(ports=UdpPorts(port, port)))  # nothing is held
        await peer.close()
        peer, found = await answered(Network(), apart)
        assert len({port for host, port, _ in found if host == "127.0.0.1"}) == 2
        await peer.close()

    run(check)


def test_public_addresses_are_announced_with_the_port_that_is_bound() -> None:
    async def check() -> None:
        port = free_port(socket.SOCK_DGRAM)
        peer, found = await answered(Network(ports=UdpPorts(port, port), public=[NOWHERE, "203.0.113.8"]))
        assert found == {(NOWHERE, port, "host"), ("203.0.113.8", port, "host")}
        await peer.close()

    run(check)


def test_a_server_that_does_not_answer_is_named_once_and_left_out(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "GATHER_S", 0.05)

    async def check(network: Network, silent: socket.socket) -> None:
        for asked in (True, False):
            peer, found = await answered(network)
            assert len(found) == 2
            assert bool(drained(silent)) is asked
            await peer.close()
        network.close()

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.setblocking(False)
        url = f"stun:127.0.0.1:{silent.getsockname()[1]}"
        run(lambda: check(Network([url]), silent))
    assert warnings(caplog) == [f"ICE server {url} is left out until it answers: no answer within 0.05 s"]


def drained(bound: socket.socket) -> int:
    """How many packets have arrived."""
    count = 0
    with suppress(BlockingIOError):
        while bound.recv(2048):
            count += 1
    return count


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


def test_the_watch_names_a_server_once_and_asks_until_it_answers(caplog: pytest.LogCaptureFixture) -> None:
    faults: dict[str, list[str | None]] = {"stun:a": ["silent", "silent", "refused", None], "stun:b": [None]}
    asked: list[str] = []

    async def check() -> None:
        async def query(url: str) -> None:
            asked.append(url)
            if len(asked) == 4:
                raise OSError("of this machine")
            watch.note(url, faults[url].pop(0))

        watch = IceWatch(query, 0.001)
        watch.check(["stun:a", "stun:b"])
        async with asyncio.timeout(10):
            while len(asked) < 6 or watch.silent:
                await asyncio.sleep(0.001)
        watch.close()

    run(check)
    assert asked == ["stun:a", "stun:b", *4 * ["stun:a"]]
    assert warnings(caplog) == [
        "ICE server stun:a is left out until it answers: silent",
        "ICE server stun:a answers again",
    ]


def test_credentials_last_longer_than_the_longest_capture() -> None:
    servers = IceServers([IceServer("turn:example.org", secret="north")], longest_s=620.0)  # noqa: S106 - of this test
    (access,) = servers.access()
    expires = int((access.username or "").partition(":")[0])
    assert servers.valid_s >= 620 + 600
    assert expires == pytest.approx(time.time() + servers.valid_s, abs=60)
    assert servers.access()[0].username != access.username, "each capture has its own"


@pytest.mark.parametrize(("servers", "public"), [(["trun:x"], []), (["turn:x"], []), ([], ["no.such.invalid"])])
def test_what_is_wrong_is_told_at_once(servers: list[str], public: list[str]) -> None:
    with pytest.raises(ParameterError):
        Network(servers, public=public)
