"""Every place where take5 reaches into aiortc: what it has no public way for.

aiortc decodes whatever arrives, adapts its bitrate estimate slowly, keeps sender reports to itself, and forgets which
packets never came. For the receivers of one connection, and no other, this module takes the encoded frames before they
are decoded (:class:`Tap`), keeps their raw RTP times and the losses before them, hands on sender reports and capture
times, states a fixed bitrate from the first packet, and asks for keyframes. aiortc is pinned to its minor version;
``test_hooks.py`` fails when a name goes.
"""

import asyncio
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Queue
from time import monotonic
from typing import Any

import aioice.ice
from aiortc import RTCPeerConnection, RTCRtpReceiver, rtcrtpreceiver
from aiortc.codecs import is_rtx
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import (
    AnyRtcpPacket,
    HeaderExtensions,
    HeaderExtensionsMap,
    RtcpByePacket,
    RtcpSrPacket,
    RtpPacket,
    unpack_header_extensions,
)
from aiortc.sdp import SessionDescription
from aiortc.utils import uint16_add, uint16_gt

from take5.stream.sources.webrtc.layers import LAYER_ID, OneSource, offered_layers
from take5.stream.sources.webrtc.track_clocks import ClockReading
from take5.stream.timeline.clock import seconds_to_flicks

BITRATE = 8_000_000
"""Bits per second that video senders are asked to use: 720p at about 41 dB."""

BITRATE_EVERY_MS = 500
"""How often they are asked."""

VIDEO_PACKETS, AUDIO_PACKETS = 512, 16
"""Sizes of the jitter buffers, aiortc's own. Its holding back four packets of sound is not: around one that never comes
it throws away as many good ones."""

CAPTURE_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"
CAPTURE_TIME_BYTES = 8
"""An NTP time; a second one, of relays, may follow."""

VIDEO_ORIENTATION = "urn:3gpp:video-orientation"
"""How a camera is held (3GPP TS 26.114): the last two bits count the clockwise quarter turns that are missing."""

TURNS_KEPT = 256
"""Pictures under way whose orientation is remembered."""

RECEIVE_BUFFER = 4 * 2**20
SO_RCVBUFFORCE = 33
"""Linux's option that an administrator may set, which Python does not name."""

GIVE_UP_VIDEO, GIVE_UP_AUDIO = 90_000, 4_800
"""RTP time after which a missing packet is given up, counted from the first packet behind it: a second of picture
(90 kHz), in which it has been sent again if that is possible, and 100 ms of sound (48 kHz), for packets out of order,
which are never sent again."""

GIVE_UP_S = 1.0
"""Time by this machine's clock after which it is given up in any case: RTP time may stand still or run back."""

RTP_WRAP = 1 << 32


@dataclass(frozen=True)
class RtpFrame:
    """An encoded frame as it was put together from packets.

    Attributes
    ----------
    codec : str
        "H264", "VP8" or "opus".
    data : bytes
        Annex B, a VP8 frame, or an Opus packet.
    rtp : int
        Raw RTP time, modulo 2^32.
    source : int
        SSRC.
    lost_before : bool
        Packets before it never came.
    arrived : float, optional
        When its first packet came, in seconds of ``time.monotonic``.
    quarter_turns : int
        Counterclockwise quarter turns that bring it upright.
    """

    codec: str
    data: bytes
    rtp: int
    source: int
    lost_before: bool
    arrived: float | None = None
    quarter_turns: int = 0


class Tap:
    """Stands where aiortc keeps a track's decoded frames, and takes the encoded ones instead; called from a thread."""

    def __init__(self, frame: Callable[[RtpFrame], None], ended: Callable[[], None]) -> None:
        self.frame, self.ended = frame, ended

    async def put(self, _: object) -> None:
        """Take what aiortc would put here, the end of the track, and do nothing."""


def install_worker() -> None:
    """Let taps take encoded frames; receivers without one decode as ever."""
    if rtcrtpreceiver.decoder_worker is not _worker:
        rtcrtpreceiver.decoder_worker = _worker


_decode = rtcrtpreceiver.decoder_worker


def _worker(
    loop: asyncio.AbstractEventLoop, input_q: "Queue[Any]", output_q: Any, decode_error: threading.Event
) -> None:
    if not isinstance(output_q, Tap):
        _decode(loop, input_q, output_q, decode_error)
        return
    while (task := input_q.get()) is not None:
        codec, frame = task
        output_q.frame(
            RtpFrame(
                codec.name,
                frame.data,
                frame.timestamp,
                frame.source,
                frame.lost_before,
                frame.arrived,
                frame.quarter_turns,
            )
        )
    output_q.ended()


class LossyJitterBuffer(JitterBuffer):
    """aiortc's jitter buffer, which also says what it gave up, and gives up a missing packet in time, and no more.

    A pause is not a gap: what counts is how long packets have waited behind one that is missing. Packets of one source
    go in, and no others. ``read`` receives the capture times that come with packets; ``now`` is the time in seconds of
    any steady clock. The orientation of a picture holds until another one is stated: senders need not repeat it.
    """

    def __init__(
        self,
        *,
        is_video: bool,
        read: Callable[[ClockReading], None] = lambda _: None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        super().__init__(VIDEO_PACKETS if is_video else AUDIO_PACKETS, is_video=is_video)
        self._give_up = GIVE_UP_VIDEO if is_video else GIVE_UP_AUDIO
        self.ssrc: int | None = None
        self._read, self._now = read, now
        self._lost = False
        self._newest: int | None = None
        self._gap: int | None = None
        self._waiting: RtpPacket | None = None
        self._turns: dict[int, int] = {}
        self._turned = 0

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Add a packet; return whether a keyframe is needed, and the frame that is complete, if one is."""
        self.ssrc = packet.ssrc if self.ssrc is None else self.ssrc
        if packet.ssrc != self.ssrc:
            return False, None
        packet.arrived = self._now()  # type: ignore[attr-defined] # RtpPacket is open
        captured = getattr(packet.extensions, "capture_time", None)
        if captured is not None:
            arrival = seconds_to_flicks(packet.arrived)  # type: ignore[attr-defined] # see above
            self._read(ClockReading(captured, packet.timestamp, packet.ssrc, captured=True, arrival=arrival))
        if (turns := getattr(packet.extensions, "quarter_turns", None)) is not None:
            self._turns[packet.timestamp] = turns
            if len(self._turns) > TURNS_KEPT:
                del self._turns[next(iter(self._turns))]
        keyframe_needed, frame = super().add(packet)
        if self._newest is None or uint16_gt(packet.sequence_number, self._newest):
            self._newest = packet.sequence_number
        if frame is None and self._overdue(packet):
            self._skip()
            keyframe_needed, frame = self._is_video, self._remove_frame(packet.sequence_number)
        if frame is not None:
            frame.lost_before, self._lost = self._lost, False  # type: ignore[attr-defined] # JitterFrame is open
            frame.quarter_turns = self._turns_of(frame.timestamp)  # type: ignore[attr-defined]
        return keyframe_needed, frame

    def begin(self, ssrc: int) -> None:
        """Forget what there is, and take packets of another source."""
        if self._origin is not None:
            self.remove(self.capacity)
        self._origin, self._lost, self.ssrc = None, False, ssrc
        self._turns.clear()

    def _turns_of(self, timestamp: int) -> int:
        """Quarter turns of the picture of this RTP time, stated with one of its packets or before."""
        self._turned = self._turns.pop(timestamp, self._turned)
        return self._turned

    def remove(self, count: int) -> None:
        """Remove packets; all at once means that the stream has jumped."""
        if count == self.capacity:
            self._lost, self._newest, self._gap = True, None, None
        super().remove(count)

    def smart_remove(self, count: int) -> bool:
        """Remove packets for which the missing one never came."""
        self._lost = True
        return bool(super().smart_remove(count))

    def _overdue(self, packet: RtpPacket) -> bool:
        """Whether packets have waited too long behind one that is missing, now that ``packet`` has come."""
        waiting = self._behind_the_gap()
        if waiting is None:
            return False
        waited: float = packet.arrived - waiting.arrived  # type: ignore[attr-defined] # see add
        return waited > GIVE_UP_S or self._give_up < (packet.timestamp - waiting.timestamp) % RTP_WRAP < RTP_WRAP // 2

    def _behind_the_gap(self) -> RtpPacket | None:
        """The packet that has waited for the first missing one; None while none is missing."""
        origin, gap = self._origin or 0, self._gap
        offset = 0 if gap is None else uint16_add(gap, -origin)
        offset = 0 if offset > self.capacity else offset
        while offset < self.capacity and self._at(offset) is not None:
            offset += 1
        self._gap = uint16_add(origin, offset)
        if self._newest is None or not uint16_gt(self._newest, self._gap):
            self._waiting = None
        elif self._waiting is None or gap != self._gap:
            self._waiting = next(filter(None, map(self._at, range(offset + 1, self.capacity))), None)
        return self._waiting

    def _remove_frame(self, sequence_number: int) -> JitterFrame | None:
        """Return the next frame if it is complete; a packet of sound is one by itself."""
        first = self._at(0)
        frame: JitterFrame | None = None
        if self._is_video:
            frame = super()._remove_frame(sequence_number)
        elif first is not None:
            self.remove(1)
            frame = JitterFrame(first._data, first.timestamp)  # type: ignore[attr-defined] # noqa: SLF001 - aiortc's way
        if frame is not None and first is not None:
            frame.source, frame.arrived = first.ssrc, first.arrived  # type: ignore[attr-defined] # JitterFrame is open
        return frame

    def _skip(self) -> None:
        """Give up what is missing, and of a picture also its other packets."""
        first = next((i for i in range(self.capacity) if self._at(i) is None), self.capacity)
        gap = next((i for i in range(first, self.capacity) if self._at(i) is not None), self.capacity)
        self._lost = True
        if self._is_video:
            self.smart_remove(min(gap, self.capacity - 1))
        else:
            super().remove(min(gap, self.capacity - 1))

    def _at(self, offset: int) -> RtpPacket | None:
        packet: RtpPacket | None = self._packets[((self._origin or 0) + offset) % self.capacity]
        return packet


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


class CaptureTimes(HeaderExtensionsMap):
    """aiortc's header extensions of a transport, and the two that it does not know: capture times and orientation."""

    def __init__(self) -> None:
        super().__init__()
        self._id: int | None = None
        self._orientation_id: int | None = None

    def configure(self, parameters: RTCRtpParameters) -> None:
        """Learn which extension has which number."""
        super().configure(parameters)
        for extension in parameters.headerExtensions:
            if extension.uri == CAPTURE_TIME:
                self._id = extension.id
            elif extension.uri == VIDEO_ORIENTATION:
                self._orientation_id = extension.id

    def get(self, extension_profile: int, extension_value: bytes) -> HeaderExtensions:
        """Return what the extensions of a packet say.

        A capture time is ``capture_time``, an orientation ``quarter_turns``, counterclockwise.
        """
        values = super().get(extension_profile, extension_value)
        if self._id is None and self._orientation_id is None:
            return values
        for number, value in unpack_header_extensions(extension_profile, extension_value):
            if number == self._id and len(value) >= CAPTURE_TIME_BYTES:
                values.capture_time = int.from_bytes(value[:CAPTURE_TIME_BYTES], "big")  # type: ignore[attr-defined] # open
            elif number == self._orientation_id and value:
                values.quarter_turns = -value[0] & 3  # type: ignore[attr-defined]
        return values


def accept_capture_times(connection: RTCPeerConnection, offer: str) -> None:
    """Accept the capture times and the orientation that an offer proposes, if it does; before the answer is made.

    So is what says to which layer of a picture a packet belongs, where layers are offered.
    """
    accepted = [
        (media.kind, extension)
        for media in SessionDescription.parse(offer).media
        for extension in media.rtp.headerExtensions
        if extension.uri in (CAPTURE_TIME, VIDEO_ORIENTATION)
        or (extension.uri == LAYER_ID and media.kind == "video" and offered_layers(offer))
    ]
    for transceiver in connection.getTransceivers():
        known: list[RTCRtpHeaderExtensionParameters] = transceiver._headerExtensions  # noqa: SLF001
        known += [extension for kind, extension in accepted if kind == transceiver.kind]
        transport = transceiver.receiver.transport
        if not isinstance(transport._rtp_header_extensions_map, CaptureTimes):  # noqa: SLF001 - it may be shared
            _replace(transport, "_rtp_header_extensions_map", CaptureTimes())


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
        self._source = OneSource(layer)
        self._jitter = LossyJitterBuffer(is_video=receiver.track.kind == "video", read=read)
        self._handle = receiver._handle_rtcp_packet  # noqa: SLF001 - what this module is for
        _replace(receiver, "_RTCRtpReceiver__jitter_buffer", self._jitter)
        _replace(receiver, "_RTCRtpReceiver__timestamp_mapper", RawTimes())
        if receiver.track.kind == "video":
            _replace(receiver, "_RTCRtpReceiver__remote_bitrate_estimator", FixedBitrate())
        _replace(receiver.track, "_queue", tap)
        self._handle_rtp = receiver._handle_rtp_packet  # noqa: SLF001
        _replace(receiver, "_handle_rtcp_packet", self._rtcp)
        _replace(receiver, "_handle_rtp_packet", self._rtp)

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
        if not first and self._receiver.track.kind == "video":
            _replace(self._receiver, "_RTCRtpReceiver__nack_generator", rtcrtpreceiver.NackGenerator())
            await self.ask_for_keyframe()

    async def _rtcp(self, packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpSrPacket):
            sent = packet.sender_info
            arrival = seconds_to_flicks(monotonic())
            self._read(ClockReading(sent.ntp_timestamp, sent.rtp_timestamp, packet.ssrc, arrival=arrival))
        if isinstance(packet, RtcpByePacket) and self._jitter.ssrc not in packet.sources:
            return  # another source has ended
        await self._handle(packet)


def _replace(owner: object, name: str, value: object) -> None:
    """Set an attribute that aiortc has; if it has none of that name, it is not the aiortc that this is written for."""
    if not hasattr(owner, name):
        raise AttributeError(f"aiortc has no {type(owner).__name__}.{name}: this version of it is not supported")
    setattr(owner, name, value)


def trust_timers(connection: RTCPeerConnection) -> None:
    """Do not end a connection whose sender answers no consent checks, as FFmpeg's does not: own timers see to that."""
    for transceiver in connection.getTransceivers():
        ice = transceiver.receiver.transport.transport._connection  # noqa: SLF001
        _replace(ice, "query_consent", _for_ever)


def widen_buffers(connection: RTCPeerConnection) -> None:
    """Let the sockets hold a keyframe's burst of packets: as much as the system allows, up to a second of picture.

    Linux gives 208 KiB, some 90 packets, unless it is asked; a large keyframe comes as 200 at once.
    """
    for transceiver in connection.getTransceivers():
        for protocol in transceiver.receiver.transport.transport._connection._protocols:  # noqa: SLF001
            bound = protocol.transport.get_extra_info("socket")
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            if not sys.platform.startswith("linux"):
                continue
            with suppress(PermissionError):  # only an administrator may go beyond net.core.rmem_max
                bound.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)


async def _for_ever() -> None:
    await asyncio.Event().wait()


def offer_loopback() -> None:
    """Let a machine without any network be reached from itself: aiortc offers no address there."""
    if aioice.ice.get_host_addresses is not _addresses:
        aioice.ice.get_host_addresses = _addresses


_host_addresses = aioice.ice.get_host_addresses


def _addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    return _host_addresses(use_ipv4, use_ipv6) or ["127.0.0.1"]
