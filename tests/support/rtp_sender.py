"""A sender over aiortc's ICE, DTLS and SRTP whose every packet and report is the test's own."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from types import TracebackType
from typing import Any, Self

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensionsMap, RtcpSenderInfo, RtcpSrPacket, RtpPacket
from rtp_frames import NTP, opus_packets

from take5.stream.sources.webrtc.layers import LAYER_ID
from take5.stream.sources.webrtc.peer import Peer, accept
from take5.stream.timeline.media import Received

KEYFRAME = (b"\x67" + bytes(20), b"\x68" + bytes(10), b"\x65" + bytes(900))
PICTURE = tuple(b"\x41" + bytes(500) for _ in range(3))
"""Three packets each: what they are made of does not decode."""

OPUS = opus_packets(1)[0]
LAYER_EXTENSION = 10


@dataclass
class Track:
    """Where one source is: it is the test's to change any of this at any time."""

    ssrc: int
    rtp: int = 0
    sequence: int = 65_000
    layer: str | None = None


@dataclass
class RtpSender:
    """Connects to a peer in the same event loop, and sends what it is told.

    Parameters
    ----------
    edit : callable
        Changes the offer.
    """

    edit: Callable[[str], str] = lambda offer: offer
    media: list[Received] = field(default_factory=list)
    jumps: list[int] = field(default_factory=list)
    ended: int = 0
    picture: Track = field(default_factory=lambda: Track(1001))
    sound: Track = field(default_factory=lambda: Track(2001))
    reporting: bool = True

    async def __aenter__(self) -> Self:
        self._connection = RTCPeerConnection(RTCConfiguration([]))
        for kind in ("audio", "video"):
            self._connection.addTransceiver(kind, direction="sendonly")
        await self._connection.setLocalDescription(await self._connection.createOffer())
        self.peer: Peer = await accept(self.edit(self._connection.localDescription.sdp))
        self.peer.start(self.media.append, self._end, jumped=self.jumps.append)
        self.answer = await self.peer.answer()
        await self._connection.setRemoteDescription(RTCSessionDescription(self.answer, "answer"))
        while self._connection.connectionState != "connected" or not self.peer.connected:
            await asyncio.sleep(0.01)
        self._transport: Any = self._connection.getTransceivers()[0].sender.transport
        self._payloads = {name: int(number) for number, name in re.findall(r"a=rtpmap:(\d+) (opus|H264)/", self.answer)}
        self._extensions = HeaderExtensionsMap()
        layer = RTCRtpHeaderExtensionParameters(LAYER_EXTENSION, LAYER_ID)
        self._extensions.configure(RTCRtpParameters(headerExtensions=[layer]))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.peer.close()
        await self._connection.close()

    def _end(self, _error: object) -> None:
        self.ended += 1

    async def send(
        self, seconds: float, *, picture: bool = True, sound: bool = True, also: tuple[Track, ...] = ()
    ) -> None:
        """Send 25 pictures and 50 packets of sound a second, in real time; ``also`` are more sources of pictures."""
        begun = monotonic()
        for tick in range(round(seconds * 50)):
            await asyncio.sleep(max(0.0, begun + tick / 50 - monotonic()))
            if tick % 25 == 3 and self.reporting:
                await self.report()
            self.sound.rtp += 960
            if sound:
                await self.send_packet(self.sound, "opus", OPUS)
            for track in (self.picture, *also):
                track.rtp += 1800
                if picture and tick % 2 == 0:
                    for payload in KEYFRAME if tick % 50 == 0 else PICTURE:
                        await self.send_packet(track, "H264", payload)

    async def report(self) -> None:
        """Send a report of both tracks, on one clock."""
        for track in (self.picture, self.sound):
            sent = RtcpSenderInfo(
                ntp_timestamp=NTP + round(monotonic() * 2**32),
                rtp_timestamp=track.rtp % 2**32,
                packet_count=0,
                octet_count=0,
            )
            await self._transport._send_rtp(bytes(RtcpSrPacket(ssrc=track.ssrc, sender_info=sent)))

    async def send_packet(self, track: Track, codec: str, payload: bytes) -> None:
        """Send the next packet of a source."""
        track.sequence = (track.sequence + 1) % 65536
        packet = RtpPacket(self._payloads[codec], 0, track.sequence, track.rtp % 2**32, track.ssrc, payload)
        packet.extensions.rtp_stream_id = track.layer
        await self._transport._send_rtp(packet.serialize(self._extensions))
