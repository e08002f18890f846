"""What is measured of a sender's stream, against streams that FFmpeg's encoders make."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from rtp_frames import opus_packets

from take5.stream.sources.webrtc.aiortc_internals.encoded import RtpFrame
from take5.stream.sources.webrtc.headers import Sps, opus_sound, sps_in, vp8_size
from take5.stream.sources.webrtc.intake import is_keyframe
from take5.stream.sources.webrtc.stream_meter import PictureMeter, SoundMeter
from take5.stream.timeline.stream_facts import PictureFacts, SoundFacts

TICKS = 90_000
WRAPS_SOON = 2**32 - 50_000
WITH_B = "b-adapt=0:scenecut=0"


def encoded(
    seconds: float,
    size: tuple[int, int] = (320, 240),
    fps: int = 25,
    codec: str = "libx264",
    x264: str = "",
    **options: str,
) -> Iterator[tuple[int, int, bytes]]:
    """Times of showing and of decoding in ticks, and bytes, of each picture of a moving gradient."""
    context = av.CodecContext.create(codec, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = *size, options.pop("pix_fmt", "yuv420p")
    context.time_base, context.framerate = Fraction(1, fps), Fraction(fps)
    context.options = {**options, **({"x264-params": x264} if x264 else {})}
    row = np.arange(size[0], dtype=np.uint16)
    for index in range(round(seconds * fps)):
        pixels = np.broadcast_to((row * 2 + 9 * index).astype(np.uint8)[None, :, None], (size[1], size[0], 3))
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24")
        frame.pts = index
        yield from _ticks(context.encode(frame), fps)
    yield from _ticks(context.encode(None), fps)


def _ticks(packets: "list[av.Packet[Any]]", fps: int) -> Iterator[tuple[int, int, bytes]]:
    for packet in packets:
        yield (packet.pts or 0) * TICKS // fps, (packet.dts or 0) * TICKS // fps, annex_b(bytes(packet))


def annex_b(data: bytes) -> bytes:
    """The same with start codes of four bytes, as RTP's depacketizer writes them."""
    return data.replace(b"\0\0\0\1", b"\0\0\1").replace(b"\0\0\1", b"\0\0\0\1") if data[:3] != b"\x9d\1*" else data


def measured(
    pictures: Iterator[tuple[int, int, bytes]], codec: str = "H264", *, by_decoding: bool = False
) -> PictureFacts:
    """What is known after all of these pictures."""
    meter = PictureMeter()
    for shown, decoded, data in pictures:
        rtp = (WRAPS_SOON + (decoded if by_decoding else shown)) % 2**32
        frame = RtpFrame(codec, data, rtp, 1, lost_before=False)
        meter.take(frame, keyframe=is_keyframe(frame))
    return meter.facts


@pytest.mark.parametrize(
    ("size", "options", "stated"),
    [
        ((1920, 1080), {"profile": "high", "level": "4.1"}, Sps("High", "4.1", 1920, 1080)),
        ((1280, 720), {"profile": "baseline", "level": "3.1"}, Sps("Constrained Baseline", "3.1", 1280, 720)),
        ((450, 362), {"profile": "main", "level": "3.0"}, Sps("Main", "3.0", 450, 362)),
        ((322, 242), {"pix_fmt": "yuv444p"}, Sps("High 4:4:4 Predictive", "1.3", 322, 242)),
        ((322, 241), {"pix_fmt": "yuv422p"}, Sps("High 4:2:2", "1.3", 322, 241)),
        ((322, 242), {"pix_fmt": "yuv420p10le"}, Sps("High 10", "1.3", 322, 242)),
        ((640, 360), {"x264": "interlaced=1:cqm=jvt", "profile": "high"}, Sps("High", "3.0", 640, 360)),
    ],
)
def test_a_parameter_set_states_profile_level_and_size(
    size: tuple[int, int], options: dict[str, str], stated: Sps
) -> None:
    _, _, data = next(encoded(0.2, size, 25, "libx264", **options))
    assert sps_in(data) == stated


def test_what_cannot_be_read_states_nothing() -> None:
    _, _, data = next(encoded(0.1))
    at = data.index(b"\0\0\0\1\x67")
    for size in range(at, at + 20):
        assert sps_in(data[:size]) is None or size > at + 12
    assert sps_in(b"") is None
    assert vp8_size(b"\0" * 20) is None
    assert opus_sound(b"") is None


@pytest.mark.long
def test_a_stream_as_recommended() -> None:
    facts = measured(encoded(5, (1280, 720), profile="high", bf="0", g="25", level="3.1", sc_threshold="0"))
    assert facts == PictureFacts("H264", "High", "3.1", 1280, 720, 25, 1.0, b_frames=False)


def test_rare_keyframes_b_frames_and_a_low_rate_are_seen() -> None:
    facts = measured(encoded(9, (640, 360), 15, bf="2", g="60", x264=WITH_B))
    assert (facts.width, facts.height, facts.fps, facts.keyframe_interval_s) == (640, 360, 15, 4.0)
    assert facts.b_frames is True


def test_b_frames_are_seen_where_the_times_are_those_of_decoding() -> None:
    assert measured(encoded(4, bf="2", x264=WITH_B), by_decoding=True).b_frames is True


def test_the_first_interval_counts_before_it_has_ended() -> None:
    assert measured(encoded(2.5, g="500", sc_threshold="0")).keyframe_interval_s is None
    assert measured(encoded(8.0, g="500", sc_threshold="0")).keyframe_interval_s == pytest.approx(8.0, abs=0.1)


def test_a_pause_is_neither_a_low_rate_nor_a_rare_keyframe() -> None:
    pictures = list(encoded(8, bf="0", g="25", sc_threshold="0", tune="zerolatency"))
    paused = [(shown + (20 * TICKS if index > 99 else 0), 0, data) for index, (shown, _, data) in enumerate(pictures)]
    facts = measured(iter(paused))
    assert (facts.fps, facts.keyframe_interval_s, facts.b_frames) == (25, 1.0, False)


def test_a_clock_that_jumps_back_is_no_b_frame() -> None:
    pictures = list(encoded(8, bf="0", g="25", sc_threshold="0", tune="zerolatency"))
    again = [(shown - (3 * TICKS if index > 99 else 0), 0, data) for index, (shown, _, data) in enumerate(pictures)]
    facts = measured(iter(again))
    assert (facts.fps, facts.b_frames) == (25, False)


def test_vp8_has_a_size_and_neither_profile_nor_b_frames() -> None:
    quick: dict[str, Any] = {"deadline": "realtime", "cpu-used": "-8"}
    facts = measured(encoded(3, (640, 480), codec="libvpx", g="25", **quick), "VP8")
    assert facts == PictureFacts("VP8", None, None, 640, 480, 25, 1.0, b_frames=False)


def test_a_picture_that_is_turned_has_its_size_upright() -> None:
    meter = PictureMeter()
    _, _, data = next(encoded(0.1, (320, 240)))
    meter.take(RtpFrame("H264", data, 0, 1, lost_before=False, quarter_turns=1), keyframe=True)
    assert (meter.facts.width, meter.facts.height) == (240, 320)


def test_sound_has_the_band_and_the_channels_of_its_packets() -> None:
    meter = SoundMeter()
    assert meter.facts == SoundFacts()
    for data in opus_packets(10):
        meter.take(RtpFrame("opus", data, 0, 2, lost_before=False))
    assert meter.facts == SoundFacts(48_000, 2)


@pytest.mark.parametrize(
    ("configuration", "rate"),
    [(0, 8_000), (5, 12_000), (9, 16_000), (13, 24_000), (15, 48_000), (18, 8_000), (31, 48_000)],
)
def test_each_configuration_of_opus_has_its_band(configuration: int, rate: int) -> None:
    assert opus_sound(bytes([configuration << 3])) == (rate, 1)
    assert opus_sound(bytes([configuration << 3 | 4])) == (rate, 2)


@pytest.mark.parametrize("codec", ["H264", "VP8"])
def test_a_sender_that_lies_breaks_nothing_and_costs_no_memory(codec: str) -> None:
    random, meter = np.random.default_rng(0), PictureMeter()
    for number in range(5000):
        unit = bytes([0x67 if number % 2 else 0x41]) + random.bytes(int(random.integers(0, 300)))
        data = b"\x00\x00\x00\x01" + unit + random.bytes(20)
        meter.take(RtpFrame(codec, data, 7, 1, lost_before=False), keyframe=number % 3 == 0)  # the clock stands still
        assert meter.facts.width is None or 0 < meter.facts.width <= 16_384
    assert len(meter._counted) <= 1000


@pytest.mark.parametrize("zeros", [33, 250])
def test_a_number_that_h264_cannot_have_is_no_size(zeros: int) -> None:
    assert sps_in(b"\x00\x00\x00\x01\x67\x42\x00\x1e" + b"\x00" * (zeros // 8 + 1) + b"\xff" * 100) is None
