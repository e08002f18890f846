"""One sender's connection: its offer, the answer, and what arrives."""

import asyncio
import re
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic

from aiortc import (
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.exceptions import InvalidStateError, OperationError

from take5.scoring.errors import NoPortFree, OfferMalformed, OfferUnusable
from take5.stream.sources.source import Ended, Put
from take5.stream.sources.webrtc.aiortc_internals.encoded import RtpFrame, Tap, install_worker
from take5.stream.sources.webrtc.aiortc_internals.extensions import accept_extensions
from take5.stream.sources.webrtc.aiortc_internals.gathering import Gathering
from take5.stream.sources.webrtc.aiortc_internals.receiver import BITRATE, TappedReceiver
from take5.stream.sources.webrtc.aiortc_internals.transport import offer_loopback, trust_timers, widen_buffers
from take5.stream.sources.webrtc.intake import OPUS_LOOK_AHEAD, UNIT_FORMATS, Intake, is_keyframe
from take5.stream.sources.webrtc.layers import chosen_layer, offered_layers, with_layers
from take5.stream.sources.webrtc.network import Network
from take5.stream.sources.webrtc.offer import fault, prepared
from take5.stream.sources.webrtc.packet_counts import PacketCounts
from take5.stream.sources.webrtc.stream_meter import PictureMeter, SoundMeter
from take5.stream.timeline.clock import seconds_to_flicks
from take5.stream.timeline.media import UnitFormat
from take5.stream.timeline.stream_facts import PictureFacts, SoundFacts

MALFORMED = (ValueError, IndexError, KeyError, AttributeError, TypeError, AssertionError, RuntimeError, struct.error)
"""What aiortc raises for an offer that makes no sense."""

AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
OPUS_WISHES = "useinbandfec=1;stereo=1;maxaveragebitrate=128000"
H264_WISHES = f"x-google-start-bitrate={BITRATE // 2000};x-google-max-bitrate={BITRATE // 1000}"
"""What a sender is asked for: browsers begin at 0.3 Mbps, and send speech at 27 kbps, unless asked otherwise."""


class Peer:
    """A connection whose offer was accepted, as a live source. Made by :func:`accept` and used on its event loop.

    Parameters
    ----------
    connection : RTCPeerConnection
        With the offer as its remote description.
    codec : str
        Of the pictures: H264 or VP8.
    look_ahead : int
        How much older than its RTP time the sound of a packet is, in flicks.
    layers : sequence of str
        Layers of the picture that are offered, one of which is taken.
    gatherings : sequence of Gathering
        What has the connection's sockets until they are used.
    """

    def __init__(
        self,
        connection: RTCPeerConnection,
        codec: str,
        look_ahead: int,
        layers: Sequence[str] = (),
        gatherings: Sequence[Gathering] = (),
    ) -> None:
        self._connection, self._codec, self._look_ahead = connection, codec, look_ahead
        self._layers, self._gatherings = list(layers), gatherings
        self._loop = asyncio.get_running_loop()
        self._closing: asyncio.Future[None] | None = None
        self._receivers: dict[str, TappedReceiver] = {}
        self._ended: Ended | None = None
        self._intake: Intake | None = None
        self._picture_meter, self._sound_meter = PictureMeter(), SoundMeter()
        self.arrivals: dict[str, float] = {}
        self.packets: dict[str, float] = {}
        """When a packet of "picture" and "sound" last came, as ``arrivals``."""

    @property
    def unit_format(self) -> UnitFormat:
        """Of the pictures to come."""
        return UNIT_FORMATS[self._codec]

    @property
    def waits_for_keyframe(self) -> bool:
        """Whether pictures are left out until a keyframe, after a jump of their clock."""
        return self._intake is not None and self._intake.waits_for_keyframe

    @property
    def facts(self) -> tuple[PictureFacts, SoundFacts]:
        """What the stream is like so far."""
        return self._picture_meter.facts, self._sound_meter.facts

    @property
    def counts(self) -> dict[str, PacketCounts]:
        """Packets of "picture" and "sound" so far."""
        return {track: receiver.packets for track, receiver in self._receivers.items()}

    @property
    def dropped(self) -> int:
        """What was not held any more, while the sender's clocks were not known."""
        return 0 if self._intake is None else self._intake.dropped

    @property
    def connected(self) -> bool:
        """Whether media can flow."""
        return bool(self._connection.connectionState == "connected")

    def start(
        self,
        put: Put,
        ended: Ended,
        unplaced: Callable[[], None] = lambda: None,
        jumped: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Begin to deliver what arrives once the offer is answered.

        ``unplaced`` is called once if the sender does not report its clocks, so that arrival times stand in for them;
        ``jumped`` with the number of jumps so far, when a clock has jumped.
        """
        self._ended = ended
        intake = self._intake = Intake(put, unplaced, self._look_ahead, jumped)

        def picture(frame: RtpFrame, arrival: int) -> None:
            self._picture_meter.take(frame, keyframe=is_keyframe(frame))
            intake.picture(frame, arrival)

        def sound(frame: RtpFrame, arrival: int) -> None:
            self._sound_meter.take(frame)
            intake.sound(frame, arrival)

        for transceiver in self._connection.getTransceivers():
            receiver: RTCRtpReceiver = transceiver.receiver
            if receiver.track.kind == "video":
                tap = Tap(self._timed("picture", picture), self._left)
                layer = chosen_layer(self._layers)
                tapped = TappedReceiver(receiver, tap, intake.picture_clock, layer, self._came("picture"))
                self._receivers["picture"] = tapped
            else:
                tap = Tap(self._timed("sound", sound), self._left)
                tapped = TappedReceiver(receiver, tap, intake.sound_clock, came=self._came("sound"))
                self._receivers["sound"] = tapped
        self._connection.on("connectionstatechange", self._state_changed)

    async def answer(self) -> str:
        """Answer the offer: return the SDP of the answer."""
        connection = self._connection
        await connection.setLocalDescription(await connection.createAnswer())
        trust_timers(connection)
        widen_buffers(connection)
        return with_layers(with_wishes(connection.localDescription.sdp), self._layers)

    async def ask_for_keyframe(self) -> None:
        """Ask the sender for a keyframe."""
        if (video := self._receivers.get("picture")) is not None and self.connected:
            await video.ask_for_keyframe()

    def stop(self) -> None:
        """End the connection soon, from any thread."""
        self._loop.call_soon_threadsafe(self._close_soon)

    async def close(self) -> None:
        """End the connection."""
        for gathering in self._gatherings:
            gathering.close()
        await _close(self._connection)

    def _close_soon(self) -> None:
        self._closing = self._closing or asyncio.ensure_future(self.close())

    def _came(self, track: str) -> Callable[[float], None]:
        return lambda now: self.packets.update({track: now})

    def _timed(self, track: str, accept: Callable[[RtpFrame, int], None]) -> Callable[[RtpFrame], None]:
        def accepted(frame: RtpFrame) -> None:
            now = monotonic()
            self.arrivals[track] = now
            accept(frame, seconds_to_flicks(now if frame.arrived is None else frame.arrived))

        return accepted

    def _state_changed(self) -> None:
        if self._connection.connectionState in ("failed", "closed"):
            self._left()

    def _left(self) -> None:
        """The sender has gone: called from any thread, more than once."""
        self._loop.call_soon_threadsafe(self._report_end)

    def _report_end(self) -> None:
        ended, self._ended = self._ended, None
        if ended is not None:
            ended(None)


async def accept(offer: str, network: Network | None = None) -> Peer:
    """Accept an offer of one picture and one sound.

    Parameters
    ----------
    offer : str
        SDP.
    network : Network, optional
        How the connection is made; by default on every interface, without STUN or TURN.

    Raises
    ------
    OfferMalformed
        If it is not SDP, or no offer.
    OfferUnusable
        If it does not offer both, once each, or in no codec that take5 can receive.
    NoPortFree
        If the network has no port for it.
    """
    offer = prepared(offer)
    install_worker()
    offer_loopback()
    for codec in UNIT_FORMATS:
        connection = RTCPeerConnection(RTCConfiguration([]))  # the network has the servers
        try:
            await _negotiate(connection, offer, codec)
        except OperationError:
            await _close(connection)
            continue
        except (*MALFORMED, InvalidStateError) as error:
            await _close(connection)
            raise OfferMalformed(f"the offer cannot be read as SDP: {fault(offer)}") from error
        try:
            gatherings = (network or Network()).attach(connection)
        except NoPortFree:
            await _close(connection)
            raise
        return Peer(connection, codec, look_ahead(offer), offered_layers(offer), gatherings)
    raise OfferUnusable("no codec in common: take5 receives H.264 or VP8, and Opus; offer one of them")


async def _close(connection: RTCPeerConnection) -> None:
    with suppress(AttributeError):  # aiortc stumbles over what it has not built up
        await connection.close()


async def _negotiate(connection: RTCPeerConnection, offer: str, codec: str) -> None:
    for kind, mime in (("audio", "audio/opus"), ("video", f"video/{codec}")):
        transceiver: RTCRtpTransceiver = connection.addTransceiver(kind, direction="recvonly")
        known = RTCRtpReceiver.getCapabilities(kind)
        wanted = (mime.lower(), "video/rtx")
        transceiver.setCodecPreferences([c for c in known.codecs if c.mimeType.lower() in wanted] if known else [])
    await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
    accept_extensions(connection, offer)


def look_ahead(offer: str) -> int:
    """Flicks by which the sound that a packet decodes to is older than its RTP time says.

    Browsers, and others that encode while they capture, stamp a packet with when its samples went into the encoder, and
    do not count that it looks ahead; FFmpeg, and OBS with it, subtract that from their times. The former are known by
    offering the level of what they capture (RFC 6464), which a sender of finished packets cannot know.
    """
    return OPUS_LOOK_AHEAD if AUDIO_LEVEL in offer else 0


def with_wishes(answer: str) -> str:
    """Return an answer that also says which bitrates are wanted; aiortc leaves them out."""
    lines = answer.splitlines()
    wishes = {}
    for line in lines:
        if found := re.match(r"a=rtpmap:(\d+) (H264|opus)/", line):
            wishes[found[1]] = H264_WISHES if found[2] == "H264" else OPUS_WISHES
    wished: list[str] = []
    for line in lines:
        found = re.match(r"a=fmtp:(\d+) ", line)
        wished.append(f"{line};{wishes.pop(found[1])}" if found and found[1] in wishes else line)
    for at in range(len(wished) - 1, -1, -1):  # those without a line of their own
        found = re.match(r"a=rtpmap:(\d+) ", wished[at])
        if found and found[1] in wishes:
            wished.insert(at + 1, f"a=fmtp:{found[1]} {wishes.pop(found[1])}")
    return "\r\n".join(wished) + "\r\n"
