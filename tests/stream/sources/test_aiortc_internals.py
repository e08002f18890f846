"""What take5 replaces in aiortc: that it is still there, and what stands in its place."""

import asyncio
from typing import Any

import aioice.ice
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription, rtcrtpreceiver
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import RtpPacket, pack_header_extensions

from take5.stream.sources.webrtc.aiortc_internals import encoded, transport
from take5.stream.sources.webrtc.aiortc_internals.attributes import replace
from take5.stream.sources.webrtc.aiortc_internals.encoded import Tap, install_worker
from take5.stream.sources.webrtc.aiortc_internals.extensions import (
    CAPTURE_TIME,
    VIDEO_ORIENTATION,
    ExtraExtensions,
    accept_extensions,
)
from take5.stream.sources.webrtc.aiortc_internals.jitter import (
    GIVE_UP_VIDEO,
    TURNS_KEPT,
    VIDEO_PACKETS,
    LossyJitterBuffer,
)
from take5.stream.sources.webrtc.aiortc_internals.nacks import ASK_EVERY_S, PatientNacks
from take5.stream.sources.webrtc.aiortc_internals.receiver import BITRATE, FixedBitrate, RawTimes, TappedReceiver
from take5.stream.sources.webrtc.aiortc_internals.transport import offer_loopback, trust_timers, widen_buffers
from take5.stream.sources.webrtc.packet_counts import PacketCounts
from take5.stream.sources.webrtc.track_clocks import ClockReading
from take5.stream.timeline.clock import FLICKS


async def tapped(extension: str = "") -> tuple[RTCPeerConnection, list[TappedReceiver]]:
    """A connection as the server makes it from an offer, its receivers tapped."""
    sender, receiver = RTCPeerConnection(RTCConfiguration([])), RTCPeerConnection(RTCConfiguration([]))
    for kind in ("audio", "video"):
        sender.addTransceiver(kind, direction="sendonly")
    await sender.setLocalDescription(await sender.createOffer())
    offer = sender.localDescription.sdp.replace("a=mid:", f"{extension}a=mid:")
    await receiver.setRemoteDescription(RTCSessionDescription(offer, "offer"))
    accept_extensions(receiver, offer)
    taps = [
        TappedReceiver(t.receiver, Tap(lambda _: None, lambda: None), lambda _: None)
        for t in receiver.getTransceivers()
    ]
    await receiver.setLocalDescription(await receiver.createAnswer())
    await sender.close()
    return receiver, taps


def test_every_name_that_is_replaced_is_there() -> None:
    async def check() -> None:
        connection, taps = await tapped()
        assert len(taps) == 2
        trust_timers(connection)
        widen_buffers(connection)
        for transceiver in connection.getTransceivers():
            receiver: Any = transceiver.receiver
            assert isinstance(receiver._RTCRtpReceiver__jitter_buffer, LossyJitterBuffer)
            assert isinstance(receiver._RTCRtpReceiver__timestamp_mapper, RawTimes)
            assert receiver._RTCRtpReceiver__remote_streams == {}
            assert isinstance(receiver.track._queue, Tap)
            assert isinstance(receiver.transport._rtp_header_extensions_map, ExtraExtensions)
            if receiver.track.kind == "video":
                assert isinstance(receiver._RTCRtpReceiver__remote_bitrate_estimator, FixedBitrate)
                assert isinstance(receiver._RTCRtpReceiver__nack_generator, PatientNacks)
        await connection.close()

    asyncio.run(check())
    install_worker()
    offer_loopback()
    assert rtcrtpreceiver.decoder_worker is encoded._worker
    assert aioice.ice.get_host_addresses is transport._addresses


def test_packets_are_counted_of_the_sources_that_are_taken() -> None:
    async def check() -> list[PacketCounts]:
        connection, taps = await tapped()
        statistics = rtcrtpreceiver.StreamStatistics(90_000)
        for number in (65_534, 65_535, 2, 3):  # 0 and 1 are missing
            statistics.add(RtpPacket(sequence_number=number, timestamp=number))
        receiver: Any = connection.getTransceivers()[1].receiver
        receiver._RTCRtpReceiver__remote_streams.update({7: statistics, 8: statistics})
        before = taps[1].packets
        await taps[1]._begin(7)
        await connection.close()
        return [before, taps[1].packets]

    assert asyncio.run(check()) == [PacketCounts(0, 0), PacketCounts(received=4, lost=2)]


def test_a_name_that_is_gone_is_told() -> None:
    with pytest.raises(AttributeError, match=r"no RawTimes\.gone"):
        replace(RawTimes(), "gone", 1)


@pytest.mark.parametrize("wanted", [f"a=extmap:7 {CAPTURE_TIME}\r\n", f"a=extmap:7/sendonly {CAPTURE_TIME}\r\n", ""])
def test_capture_times_are_accepted_where_they_are_offered(wanted: str) -> None:
    async def answer() -> str:
        connection, _ = await tapped(wanted)
        await connection.close()
        return str(connection.localDescription.sdp)

    assert asyncio.run(answer()).count(f"a=extmap:7 {CAPTURE_TIME}") == (2 if wanted else 0)


def test_the_orientation_is_accepted_beside_them() -> None:
    async def answer() -> str:
        connection, _ = await tapped(f"a=extmap:7 {CAPTURE_TIME}\r\na=extmap:8 {VIDEO_ORIENTATION}\r\n")
        await connection.close()
        return str(connection.localDescription.sdp)

    answered = asyncio.run(answer())
    assert f"a=extmap:7 {CAPTURE_TIME}" in answered
    assert f"a=extmap:8 {VIDEO_ORIENTATION}" in answered


def stamped(value: bytes) -> RtpPacket:
    """A packet that arrived with a capture time, if ``value`` is one."""
    extensions = ExtraExtensions()
    extensions.configure(RTCRtpParameters(headerExtensions=[RTCRtpHeaderExtensionParameters(7, CAPTURE_TIME)]))
    made = packet(1, 960)
    made.extensions = extensions.get(*pack_header_extensions([(7, value)] if value else []))
    return made


@pytest.mark.parametrize("relayed", [b"", bytes(8)])
def test_a_capture_time_is_read_with_its_packet(relayed: bytes) -> None:
    read: list[ClockReading] = []
    buffer = LossyJitterBuffer(is_video=False, read=read.append, now=lambda: 2.0)
    buffer.add(stamped((3_900_000_000 << 32 | 5).to_bytes(8, "big") + relayed))
    buffer.add(packet(2, 1920))
    assert read == [ClockReading(3_900_000_000 << 32 | 5, 960, 5, captured=True, arrival=2 * FLICKS)]


@pytest.mark.parametrize("value", [b"", b"short"])
def test_a_capture_time_that_is_cut_short_is_none(value: bytes) -> None:
    read: list[ClockReading] = []
    LossyJitterBuffer(is_video=False, read=read.append).add(stamped(value))
    assert read == []


def packet(sequence: int, timestamp: int, data: bytes = b"x") -> RtpPacket:
    made = RtpPacket(sequence_number=sequence % 65536, timestamp=timestamp % 2**32, ssrc=5)
    made._data = data  # type: ignore[attr-defined] # as aiortc adds it
    return made


def held(made: RtpPacket, orientation: bytes) -> RtpPacket:
    """The packet with an orientation (3GPP TS 26.114)."""
    extensions = ExtraExtensions()
    extensions.configure(RTCRtpParameters(headerExtensions=[RTCRtpHeaderExtensionParameters(8, VIDEO_ORIENTATION)]))
    made.extensions = extensions.get(*pack_header_extensions([(8, orientation)] if orientation else []))
    return made


def turns_of(packets: list[RtpPacket]) -> list[int]:
    buffer = LossyJitterBuffer(is_video=True)
    frames = [buffer.add(item)[1] for item in packets]
    return [frame.quarter_turns for frame in frames if frame is not None]  # type: ignore[attr-defined] # it adds it


@pytest.mark.parametrize(("stated", "turns"), [(0, 0), (1, 3), (2, 2), (3, 1), (0b1100 | 1, 3)])
def test_the_orientation_is_turned_back(stated: int, turns: int) -> None:
    """It counts clockwise turns, these count counterclockwise ones; camera and flip bits change nothing."""
    sent = pictures(4)
    held(sent[3], bytes([stated]))
    assert turns_of(sent) == [turns] * 3


def test_an_orientation_holds_until_another_one_is_stated_and_belongs_to_its_picture() -> None:
    sent = pictures(12)
    held(sent[4 * 3 + 3], b"\1")
    held(sent[4 * 8 + 3], b"\0")
    sent[4 * 3 + 3], sent[4 * 4] = sent[4 * 4], sent[4 * 3 + 3]
    assert turns_of(sent) == [0] * 3 + [3] * 5 + [0] * 3


def test_orientations_of_pictures_that_never_come_are_forgotten() -> None:
    buffer = LossyJitterBuffer(is_video=True)
    for timestamp in range(3 * TURNS_KEPT):
        buffer.add(held(packet(7, timestamp), b"\1"))
    assert len(buffer._turns) == TURNS_KEPT


def run(packets: list[RtpPacket]) -> list[tuple[int, bytes, bool]]:
    buffer = LossyJitterBuffer(is_video=True)
    out = []
    for item in packets:
        _, frame = buffer.add(item)
        if frame is not None:
            out.append((frame.timestamp, frame.data, frame.lost_before))  # type: ignore[attr-defined] # the buffer adds it
    return out


def pictures(count: int, packets_each: int = 4, first: int = 65500, pause_s: float = 0.0) -> list[RtpPacket]:
    """Pictures at 25 fps, with a pause of RTP time after half of them."""
    return [
        packet(
            first + picture * packets_each + part,
            3600 * picture + round(90_000 * pause_s) * (picture >= count // 2),
            bytes([picture % 256, part]),
        )
        for picture in range(count)
        for part in range(packets_each)
    ]


def test_pictures_come_whole_and_nothing_is_lost() -> None:
    out = run(pictures(30))
    assert [timestamp for timestamp, _, _ in out] == [3600 * i for i in range(29)]
    assert [data for _, data, _ in out] == [bytes(b for p in range(4) for b in (i, p)) for i in range(29)]
    assert not any(lost for _, _, lost in out)


@pytest.mark.parametrize("packets_each", [1, 3, 40])
@pytest.mark.parametrize("pause_s", [1.0, 1.04, 2.0, 3.0, 30.0, 3600.0])
def test_after_a_pause_every_picture_comes_whole(pause_s: float, packets_each: int) -> None:
    sent = pictures(250, packets_each, pause_s=pause_s)
    out = run(sent)
    assert [timestamp for timestamp, _, _ in out] == [item.timestamp for item in sent[:-packets_each:packets_each]]
    assert not any(lost for _, _, lost in out)


@pytest.mark.parametrize("missing", [{372, 373, 374}, {374}, {375}, {376}, {370, 377}])
def test_packets_lost_around_a_pause_cost_no_more_than_elsewhere(missing: set[int]) -> None:
    """The 375th packet is the first after the pause. The picture before a gap may be lost with it, but no other."""
    sent = pictures(250, 3, pause_s=30.0)
    out = run([item for number, item in enumerate(sent) if number not in missing])
    shown = {timestamp for timestamp, _, _ in out}
    spoilt = {sent[number - back].timestamp for number in missing for back in (0, 3)}
    assert {item.timestamp for item in sent[:-3]} - shown <= spoilt
    assert any(lost for _, _, lost in out)


@pytest.mark.parametrize(("jump", "step"), [(0, -3600), (-(10**8), 3600), (0, 1)])
def test_a_missing_packet_is_given_up_by_the_wall_clock_too(jump: int, step: int) -> None:
    """RTP time may stand nearly still, or run back: 4 s of pictures in four packets, one of which never comes."""
    passed = iter(number / 100 for number in range(400))
    buffer = LossyJitterBuffer(is_video=True, now=lambda: next(passed))
    shown = 0
    for number in range(400):
        time = 10**9 + (jump if number > 41 else 0) + number // 4 * step
        shown += number != 41 and buffer.add(packet(number, time))[1] is not None
    assert shown > 90


def test_a_picture_has_arrived_when_its_first_packet_has() -> None:
    times = iter(number / 100 for number in range(2000))
    buffer = LossyJitterBuffer(is_video=True, now=lambda: next(times))
    frames = [frame for item in pictures(10) if (frame := buffer.add(item)[1]) is not None]
    assert [frame.arrived for frame in frames] == [number / 25 for number in range(9)]  # type: ignore[attr-defined] # the buffer adds it


def test_packets_out_of_order_lose_nothing() -> None:
    sent = pictures(30)
    for i in range(5, len(sent) - 8, 7):
        sent[i], sent[i + 3] = sent[i + 3], sent[i]
    assert not any(lost for _, _, lost in run(sent))


@pytest.mark.parametrize("missing", [[40], [41, 42], [43, 44], [40, 41, 42, 43], list(range(38, 50))])
def test_a_packet_that_never_comes_is_given_up_after_a_second_and_marked(missing: list[int]) -> None:
    """Of the pictures around the gap some may be lost with it; the first one after it carries the mark."""
    out = run([item for i, item in enumerate(pictures(80)) if i not in missing])
    first, last = min(missing) // 4, max(missing) // 4
    marked = [timestamp // 3600 for timestamp, _, lost in out if lost]
    assert len(marked) == 1
    assert first <= marked[0] <= last + 1
    shown = [timestamp // 3600 for timestamp, _, _ in out]
    assert shown[: first - 1] == list(range(first - 1))
    assert shown[shown.index(marked[0]) :] == list(range(marked[0], 79))
    assert GIVE_UP_VIDEO < 3600 * 80


@pytest.mark.parametrize("missing", [{40}, {40, 60}, {40, 41}, {10, 13, 16, 30, 33}, set(range(5, 100, 7))])
def test_of_sound_no_more_is_lost_than_what_never_came(missing: set[int]) -> None:
    buffer, heard = LossyJitterBuffer(is_video=False), []
    for number in range(120):
        if number not in missing:
            keyframe_needed, frame = buffer.add(packet(65500 + number, 960 * number))
            assert not keyframe_needed
            heard += [] if frame is None else [frame.timestamp // 960]
    assert heard == [number for number in range(heard[-1] + 1) if number not in missing]
    assert heard[-1] >= 120 - 16


def test_the_bitrate_is_said_from_the_first_packet_and_twice_a_second() -> None:
    said = [FixedBitrate()]
    told = [said[0].add(abs_send_time=0, arrival_time_ms=ms, payload_size=1000, ssrc=9) for ms in range(0, 2000, 10)]
    assert told[0] == (BITRATE, [9])
    assert sum(answer is not None for answer in told) == 4


def test_a_missing_packet_is_asked_for_until_it_is_given_up() -> None:
    time = [0.0]
    nacks = PatientNacks(lambda: time[0])
    assert not nacks.add(packet(65_530, 0))
    assert nacks.add(packet(65_533, 0))
    assert not nacks.add(packet(65_534, 0))
    time[0] += ASK_EVERY_S
    assert nacks.add(packet(65_535, 0))
    assert nacks.missing == {65_531, 65_532}
    assert not nacks.add(packet(65_531, 0))
    for sequence in range(VIDEO_PACKETS - 4):
        nacks.add(packet(sequence, 0))
    assert nacks.missing == {65_532}
    nacks.add(packet(VIDEO_PACKETS - 4, 0))
    assert nacks.missing == set()
    time[0] += 1
    assert not nacks.add(packet(VIDEO_PACKETS - 3, 0))
