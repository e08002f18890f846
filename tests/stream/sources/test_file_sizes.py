"""Where the pictures of a file change their size: found by the headers of its keyframes, for the codecs that may."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from media_files import number_of, numbered

from take5.stream.ffmpeg.container import AnyPacket
from take5.stream.ffmpeg.sizes import size_header
from take5.stream.sources.file import MediaFile
from take5.stream.timeline.clock import FRAME_FLICKS

WIDE, SMALL, TALL = (320, 240), (160, 120), (240, 320)
SHOTS = ((30, WIDE), (15, SMALL), (15, WIDE), (20, TALL))
CHANGES = [30, 45, 60]
MS = Fraction(1, 1000)
X264 = {"preset": "veryfast", "g": "10", "bf": "0"}


def write(path: Path, codec: str, encoder: str, options: Mapping[str, str], container: str) -> Path:
    """Write shots of several sizes into one track, each from an encoder of its own."""
    with av.open(str(path), "w", format=container) as output:
        video = output.add_mux_stream(codec, rate=25, width=WIDE[0], height=WIDE[1])
        video.time_base = MS
        audio = output.add_stream("aac" if container == "mp4" else "libopus", rate=48_000)
        assert isinstance(audio, av.AudioStream)
        audio.codec_context.layout = "mono"
        first = 0
        for count, size in SHOTS:
            for packet in encoded(encoder, options, size, first, count):
                packet.stream = video
                output.mux(packet)
            first += count
        silence = av.AudioFrame.from_ndarray(np.zeros((1, first * 1920), np.float32), "fltp", "mono")
        silence.sample_rate, silence.pts, silence.time_base = 48_000, 0, Fraction(1, 48_000)
        pieces = av.AudioResampler(
            audio.codec_context.format.name, "mono", 48_000, audio.codec_context.frame_size or 960
        )
        for piece in [*pieces.resample(silence), *pieces.resample(None), None]:
            output.mux(audio.encode(piece))
    return path


def encoded(encoder: str, options: Mapping[str, str], size: tuple[int, int], first: int, count: int) -> list[AnyPacket]:
    context = av.CodecContext.create(encoder, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height = size
    context.pix_fmt, context.time_base, context.framerate = "yuv420p", Fraction(1, 25), Fraction(25)
    context.options, context.thread_count = dict(options), 1
    made = []
    for number in range(count):
        frame = av.VideoFrame.from_ndarray(numbered(first + number, size), format="rgb24").reformat(format="yuv420p")
        frame.pts = number
        made += context.encode(frame)
    packets = []
    for packet in [*made, *context.encode(None)]:
        copied = av.Packet(bytes(packet))
        copied.pts = copied.dts = (first + (packet.pts or 0)) * 40
        copied.time_base, copied.is_keyframe = MS, packet.is_keyframe
        packets.append(copied)
    return packets


@pytest.mark.parametrize(
    ("codec", "encoder", "options", "container"),
    [
        ("h264", "libx264", X264, "matroska"),
        ("h264", "libx264", X264, "mp4"),
        ("h264", "libx264", X264, "mpegts"),
        ("hevc", "libx265", {"preset": "ultrafast", "x265-params": "log-level=none:keyint=10:bframes=0"}, "mpegts"),
        ("vp8", "libvpx", {"g": "10", "deadline": "realtime"}, "webm"),
        ("vp9", "libvpx-vp9", {"g": "10", "deadline": "realtime", "cpu-used": "8"}, "webm"),
        ("av1", "libsvtav1", {"preset": "10", "g": "10", "svtav1-params": "lp=1:enable-tf=0"}, "matroska"),
    ],
)
def test_changes_are_found_and_every_picture_is_decoded(
    tmp_path: Path, codec: str, encoder: str, options: dict[str, str], container: str
) -> None:
    file = MediaFile(write(tmp_path / "film", codec, encoder, options, container))
    index = file.scan(lambda _: None)
    assert [(pts - file.origin) // FRAME_FLICKS for pts in index.resized] == CHANGES
    shown = [frame.shown.picture for frame in file.grid_frames(index, 0, 75)]
    assert [picture.size for picture in shown] == [size for count, size in SHOTS for _ in range(count)][:75]
    assert [number_of(picture.rgb()) for picture in shown] == list(range(75))


def test_headers_of_unknown_codecs_and_of_short_packets_say_nothing() -> None:
    for codec in ("mjpeg", "prores", "vp8", "vp9", "av1", "h264", "hevc"):
        assert size_header(codec, av.Packet(b"\xff")) == b""
        assert size_header(codec, av.Packet(b"")) == b""
