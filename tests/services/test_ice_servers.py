"""What coturn gives an answer, and a server that does not answer."""

import asyncio
import time
from pathlib import Path

import pytest
from coturn import SECRET, start_coturn
from services import StartService
from serving import offer_of

from take5.stream.sources.webrtc.aiortc_internals.gathering import GATHER_S
from take5.stream.sources.webrtc.ice import IceServer
from take5.stream.sources.webrtc.network import Network
from take5.stream.sources.webrtc.peer import accept

pytestmark = pytest.mark.services


def answer(server: IceServer) -> tuple[str, float, frozenset[str]]:
    """The answer of a network with this server, how long it took, and whether the server is left out from then on."""
    offer = offer_of()

    async def answered() -> tuple[str, float, frozenset[str]]:
        network, began = Network([server]), time.monotonic()
        peer = await accept(offer, network)
        sdp, took = await peer.answer(), time.monotonic() - began
        await peer.close()
        network.close()
        return sdp, took, network.silent

    return asyncio.run(answered())


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.usefixtures("coturn")
def test_the_answer_has_a_relay_where_the_credentials_are_right(
    turn_port: int, transport: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"turn:127.0.0.1:{turn_port}?transport={transport}"
    sdp, _, silent = answer(IceServer(url, secret=SECRET))
    assert " typ relay " in sdp
    assert not silent
    sdp, took, silent = answer(IceServer(url, "somebody", "wrong"))
    assert " typ relay " not in sdp
    assert silent == {url}
    assert took < GATHER_S
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        f"ICE server {url} is left out until it answers: STUN transaction failed (401 - Unauthorized)"
    ]


def test_a_server_that_does_not_answer_is_asked_again(
    start_service: StartService, tmp_path: Path, turn_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("take5.stream.sources.webrtc.network.RETRY_S", 0.1)
    url = f"stun:127.0.0.1:{turn_port}"

    async def watched() -> None:
        network = Network([url])
        network.check()
        while not network.silent:
            await asyncio.sleep(0.05)
        await asyncio.to_thread(start_coturn, start_service, tmp_path, turn_port)
        async with asyncio.timeout(20):
            while network.silent:
                await asyncio.sleep(0.05)
        network.close()

    asyncio.run(watched())
