"""A phone's orientation, from the packets of a real sender to the access units."""

import asyncio
from typing import Any

import pytest
from aiortc import AudioStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from aiortc.rtp import HeaderExtensions, HeaderExtensionsMap, pack_header_extensions, unpack_header_extensions

from take5.stream.sources.webrtc.aiortc_internals.extensions import VIDEO_ORIENTATION
from take5.stream.sources.webrtc.aiortc_internals.transport import offer_loopback
from take5.stream.sources.webrtc.peer import accept
from take5.stream.timeline.media import AccessUnit, Received

pytestmark = pytest.mark.waiting

EXTENSION = 9
PATIENCE_S = 20.0


class Held(HeaderExtensionsMap):
    """Header extensions of a sender that states how it is held, in clockwise quarter turns."""

    clockwise = 1

    def set(self, values: HeaderExtensions) -> tuple[int, bytes]:
        known = unpack_header_extensions(*super().set(values))
        return pack_header_extensions([*known, (EXTENSION, bytes([self.clockwise]))])


async def arrived(media: list[Received], turns: int) -> None:
    """Wait until the latest pictures are to be turned so."""
    while [unit.quarter_turns for unit in media if isinstance(unit, AccessUnit)][-5:] != [turns] * 5:
        await asyncio.sleep(0.05)


async def turn() -> list[int]:
    offer_loopback()
    sender, held, media = RTCPeerConnection(RTCConfiguration([])), Held(), list[Received]()
    picture: Any = sender.addTransceiver(VideoStreamTrack(), direction="sendonly")
    sender.addTransceiver(AudioStreamTrack(), direction="sendonly")
    picture.sender._RTCRtpSender__rtp_header_extensions_map = held
    await sender.setLocalDescription(await sender.createOffer())
    offer = sender.localDescription.sdp.replace("a=mid:", f"a=extmap:{EXTENSION} {VIDEO_ORIENTATION}\r\na=mid:")
    peer = await accept(offer)
    peer.start(media.append, lambda _: None)
    answer = await peer.answer()
    assert f"a=extmap:{EXTENSION} {VIDEO_ORIENTATION}" in answer
    await sender.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    try:
        await asyncio.wait_for(arrived(media, 3), PATIENCE_S)
        held.clockwise = 0
        await asyncio.wait_for(arrived(media, 0), PATIENCE_S)
    finally:
        await sender.close()
        await peer.close()
    return [unit.quarter_turns for unit in media if isinstance(unit, AccessUnit)]


def test_each_picture_has_the_orientation_that_its_packets_state() -> None:
    turns = asyncio.run(turn())
    back = turns.index(0)
    assert set(turns[:back]) == {3}
    assert set(turns[back:]) == {0}
