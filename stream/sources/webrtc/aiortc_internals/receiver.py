"""A receiver of aiortc, tapped."""

from collections.abc import Callable
from time import monotonic
from typing import Any

from aiortc import RTCRtpReceiver
from aiortc.codecs import is_rtx
from aiortc.rtp import (
    AnyRtcpPacket,
    RtcpByePacket,
    RtcpSrPacket,
    RtpPacket,
)

from take5.stream.sources.webrtc.aiortc_internals.attributes import replace
from take5.stream.sources.webrtc.aiortc_internals.encoded import Tap
from take5.stream.sources.webrtc.aiortc_internals.jitter import LossyJitterBuffer
from take5.stream.sources.webrtc.aiortc_internals.nacks import PatientNacks
from take5.stream.sources.webrtc.layers import OneSource
from take5.stream.sources.webrtc.packet_counts import PacketCounts
from take5.stream.sources.webrtc.track_clocks import ClockReading
from take5.stream.timeline.clock import seconds_to_flicks

BITRATE = 8_000_000
"""Bits per second that video senders are asked to use: 720p at about 41 dB."""


BITRATE_EVERY_MS = 500
"""How often they are asked."""


class FixedBitrate:
    """Says the same bitrate twice a second, where aiortc's estimate begins at 0.3 Mbps and grows by 8 % a second."""

    def __init__(self) -> None:
        self._said_ms: int | None = None

    def add(self, *, abs_send_time: int, arrival_time_ms: int, payload_size: int, ssrc: int) -> Any:
        """Return bits per second and the source that they are for, or None where it was said just now."""
        del abs_send_time, payload_size
        if self._said_ms is not None and arrival_time_ms - self._said_ms < BITRATE_EVERY_MS:
            return None
        self._said_ms = arrival_time_ms
        return BITRATE, [ssrc]


class RawTimes:
    """Leaves RTP times as they are, where aiortc makes them begin at 0 and stumbles over B-frames."""

    def map(self, timestamp: int) -> int:
        """Return ``timestamp``."""
        return timestamp


class TappedReceiver:
    """One receiver of a connection, tapped before it begins. It takes one source, of ``layer`` where there are layers.

    ``came`` is called with the time of each packet of it, in seconds of ``time.monotonic``.
    """

    def __init__(
        self,
        receiver: RTCRtpReceiver,
        tap: Tap,
        read: Callable[[ClockReading], None],
        layer: str | None = None,
        came: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._receiver, self._read, self._came = receiver, read, came
        self._source, self._taken = OneSource(layer), set[int]()
        self._jitter = LossyJitterBuffer(is_video=receiver.track.kind == "video", read=read)
        self._handle = receiver._handle_rtcp_packet  # noqa: SLF001 - what this module is for
        replace(receiver, "_RTCRtpReceiver__jitter_buffer", self._jitter)
        replace(receiver, "_RTCRtpReceiver__timestamp_mapper", RawTimes())
        if receiver.track.kind == "video":
            replace(receiver, "_RTCRtpReceiver__remote_bitrate_estimator", FixedBitrate())
            replace(receiver, "_RTCRtpReceiver__nack_generator", PatientNacks())
        replace(receiver.track, "_queue", tap)
        self._handle_rtp = receiver._handle_rtp_packet  # noqa: SLF001
        replace(receiver, "_handle_rtcp_packet", self._rtcp)
        replace(receiver, "_handle_rtp_packet", self._rtp)

    @property
    def packets(self) -> PacketCounts:
        """Packets of the sources that have been taken, as aiortc reports them to their sender.

        What comes again by a source of its own (RTX) counts as lost: it was.
        """
        known = self._receiver._RTCRtpReceiver__remote_streams  # type: ignore[attr-defined] # noqa: SLF001
        taken = [known[source] for source in self._taken if source in known]
        return PacketCounts(sum(each.packets_received for each in taken), sum(each.packets_lost for each in taken))

    async def ask_for_keyframe(self) -> None:
        """Send a picture loss indication to the main source, once it is known."""
        if self._jitter.ssrc is not None:
            await self._receiver._send_rtcp_pli(self._jitter.ssrc)  # noqa: SLF001

    async def _rtp(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        """Let aiortc handle a packet of the source that is taken, or one that it has sent again."""
        now = monotonic()
        codec = self._receiver._RTCRtpReceiver__codecs.get(packet.payload_type)  # type: ignore[attr-defined] # noqa: SLF001
        if codec is not None and is_rtx(codec):
            original = self._receiver._RTCRtpReceiver__rtx_ssrc.get(packet.ssrc)  # type: ignore[attr-defined] # noqa: SLF001
            if original is None or original != self._jitter.ssrc:
                return
        elif codec is None or not self._source.takes(packet, now):
            return
        elif self._source.ssrc != self._jitter.ssrc:
            await self._begin(packet.ssrc)
        self._came(now)
        await self._handle_rtp(packet, arrival_time_ms=arrival_time_ms)

    async def _begin(self, ssrc: int) -> None:
        """Begin with a source: nothing is missing of it yet."""
        first = self._jitter.ssrc is None
        self._jitter.begin(ssrc)
        self._taken.add(ssrc)
        if not first and self._receiver.track.kind == "video":
            replace(self._receiver, "_RTCRtpReceiver__nack_generator", PatientNacks())
            await self.ask_for_keyframe()

    async def _rtcp(self, packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpSrPacket):
            sent = packet.sender_info
            arrival = seconds_to_flicks(monotonic())
            self._read(ClockReading(sent.ntp_timestamp, sent.rtp_timestamp, packet.ssrc, arrival=arrival))
        if isinstance(packet, RtcpByePacket) and self._jitter.ssrc not in packet.sources:
            return  # another source has ended
        await self._handle(packet)
