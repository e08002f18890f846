"""Small synthetic media files, made with PyAV.

Every picture carries its number as a code of 4 x 4 black and white cells, which survives lossy coding, scaling and
10 bits, and whose corners say which way up it is. Times are fractions of a second on the file's clock.
"""

import heapq
import os
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from take5.stream.ffmpeg.container import AnyPacket

os.environ.setdefault("SVT_LOG", "1")  # the AV1 encoder would fill stderr

CELLS = 4
CORNERS = {(0, 0): 1, (0, 3): 0, (3, 0): 0, (3, 3): 0}
BIT_CELLS = [(row, column) for row in range(CELLS) for column in range(CELLS) if (row, column) not in CORNERS]
UPRIGHT, QUARTER, HALF, THREE_QUARTERS = 0, 90, 180, 270

Rgb = NDArray[np.uint8]
Sound = NDArray[np.float32]
Stored = NDArray[np.uint8] | NDArray[np.int16] | NDArray[np.int32] | NDArray[np.float32]


@dataclass(frozen=True)
class Video:
    """How pictures are stored."""

    size: tuple[int, int] = (96, 64)
    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    rate: Fraction = Fraction(25)
    time_base: Fraction | None = None
    aspect: Fraction | None = None
    color_range: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Audio:
    """How sound is stored; ``start`` is the time of its first sample, ``hole`` a stretch that is left out."""

    rate: int = 48_000
    codec: str = "aac"
    layout: str = "mono"
    format: str = "fltp"
    start: Fraction = Fraction(0)
    hole: tuple[Fraction, Fraction] | None = None


FAST = {
    "libx264": {"preset": "veryfast", "crf": "20"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none:pools=none:frame-threads=1"},
    "libsvtav1": {"preset": "8", "crf": "8", "svtav1-params": "lp=1:enable-tf=0"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
}


def steady(count: int, rate: Fraction | int, start: Fraction | int = 0) -> list[Fraction]:
    """Times of ``count`` frames at a constant rate."""
    return [Fraction(start) + Fraction(i) / Fraction(rate) for i in range(count)]


def numbered(number: int, size: tuple[int, int]) -> Rgb:
    """A picture that shows a number below 4096."""
    width, height = size
    cells = np.zeros((CELLS, CELLS), np.uint8)
    for cell, bit in [*CORNERS.items(), *((cell, number >> i & 1) for i, cell in enumerate(BIT_CELLS))]:
        cells[cell] = 208 if bit else 40
    rows, columns = np.arange(height) * CELLS // height, np.arange(width) * CELLS // width
    return np.repeat(cells[np.ix_(rows, columns)][..., None], 3, axis=2)


def number_of(rgb: Rgb) -> int:
    """The number that a picture shows; an error if it is not upright."""
    height, width, _ = rgb.shape
    cells = {}
    for row in range(CELLS):
        for column in range(CELLS):
            top, left = (4 * row + 1) * height // 16, (4 * column + 1) * width // 16
            bottom, right = max(top + 1, (4 * row + 3) * height // 16), max(left + 1, (4 * column + 3) * width // 16)
            cells[row, column] = int(rgb[top:bottom, left:right].mean() > 124)
    if any(cells[corner] != bit for corner, bit in CORNERS.items()):
        raise ValueError(f"not upright: {cells}")
    return sum(cells[cell] << i for i, cell in enumerate(BIT_CELLS))


def silence(seconds: float, rate: int = 48_000, channels: int = 1) -> Sound:
    return np.zeros((channels, round(seconds * rate)), np.float32)


def clicks(times: Iterable[float], seconds: float, rate: int = 48_000, channels: int = 1) -> Sound:
    """Sound with a click, a narrow Gaussian 0.25 ms wide, centred at each time, between the samples if need be."""
    t = np.arange(round(seconds * rate)) / rate
    pulse = sum((np.exp(-0.5 * ((t - at) / 0.00025) ** 2) for at in times), np.zeros(len(t)))
    return np.repeat((0.8 * pulse)[None], channels, axis=0).astype(np.float32)


def click_time(sound: NDArray[np.floating], rate: int) -> float:
    """Seconds at which the only click of [n] samples stands: its centre of mass."""
    peak = int(np.abs(sound).argmax())
    reach = max(3, round(0.001 * rate))
    span = np.arange(max(0, peak - reach), min(len(sound), peak + reach + 1))
    weights = np.maximum(sound[span].astype(float), 0) ** 2
    return float((weights @ span) / weights.sum() / rate)


def write_media(
    path: Path,
    pictures: Iterable[Rgb | av.VideoFrame] | None,
    times: Sequence[Fraction],
    sound: Sound | None,
    video: Video = Video(),
    audio: Audio = Audio(),
    *,
    container: str | None = None,
    options: Mapping[str, str] | None = None,
) -> Path:
    """Write pictures shown at ``times`` and sound [C, n]; either may be None."""
    with av.open(f"file:{path}", "w", format=container, options=dict(options or {})) as output:
        streams: list[Iterator[tuple[float, int, AnyPacket]]] = []
        if pictures is not None:
            streams.append(_video_packets(_video_stream(output, video), pictures, times, video))
        if sound is not None:
            streams.append(_audio_packets(_audio_stream(output, audio), sound, audio))
        for _, _, packet in heapq.merge(*streams, key=lambda item: item[:2]):
            output.mux(packet)
    return path


def _video_stream(output: av.container.OutputContainer, video: Video) -> av.VideoStream:
    stream = output.add_stream(video.codec, rate=video.rate, options={**FAST.get(video.codec, {}), **video.options})
    assert isinstance(stream, av.VideoStream)
    stream.width, stream.height = video.size
    stream.pix_fmt = video.pix_fmt
    stream.codec_context.time_base = stream.time_base = video.time_base or 1 / Fraction(video.rate)
    stream.codec_context.thread_count = 1
    if video.aspect is not None:
        stream.codec_context.sample_aspect_ratio = video.aspect
    if video.color_range is not None:
        stream.codec_context.color_range = video.color_range
    return stream


def _video_packets(
    stream: av.VideoStream, pictures: Iterable[Rgb | av.VideoFrame], times: Sequence[Fraction], video: Video
) -> Iterator[tuple[float, int, AnyPacket]]:
    base = video.time_base or 1 / Fraction(video.rate)
    for picture, at in zip(pictures, times, strict=False):
        frame = picture if isinstance(picture, av.VideoFrame) else av.VideoFrame.from_ndarray(picture, format="rgb24")
        if frame.format.name != video.pix_fmt:
            frame = frame.reformat(format=video.pix_fmt, dst_color_range=video.color_range)
        frame.pts, frame.time_base = round(at / base), base
        frame.pict_type = av.video.frame.PictureType.NONE
        yield from ((float(at), 0, packet) for packet in stream.encode(frame))
    yield from ((float(times[-1]), 0, packet) for packet in stream.encode(None))


def _audio_stream(output: av.container.OutputContainer, audio: Audio) -> av.AudioStream:
    stream = output.add_stream(audio.codec, rate=audio.rate)
    assert isinstance(stream, av.AudioStream)
    stream.codec_context.layout = audio.layout
    stream.codec_context.format = audio.format
    stream.codec_context.time_base = stream.time_base = Fraction(1, audio.rate)
    return stream


def _audio_packets(stream: av.AudioStream, sound: Sound, audio: Audio) -> Iterator[tuple[float, int, AnyPacket]]:
    size = stream.codec_context.frame_size or 1024
    begin = round(audio.start * audio.rate)
    for first in range(0, sound.shape[1], size):
        at = float(audio.start) + first / audio.rate
        if audio.hole and audio.hole[0] <= at < audio.hole[1]:
            continue
        frame = av.AudioFrame.from_ndarray(
            _stored(sound[:, first : first + size], audio.format), audio.format, audio.layout
        )
        frame.sample_rate, frame.pts, frame.time_base = audio.rate, begin + first, Fraction(1, audio.rate)
        yield from ((at, 1, packet) for packet in stream.encode(frame))
    yield from ((float(audio.start) + sound.shape[1] / audio.rate, 1, packet) for packet in stream.encode(None))


def _stored(sound: Sound, sample_format: str) -> Stored:
    """The samples as FFmpeg stores them: planar [C, n] or packed [1, C*n]."""
    kind = sample_format.rstrip("p")
    if kind == "u8":
        samples: Stored = np.clip(np.rint(sound * 128) + 128, 0, 255).astype(np.uint8)
    elif kind == "s16":
        samples = np.clip(np.rint(sound * 32768), -32768, 32767).astype(np.int16)
    elif kind == "s32":
        samples = np.clip(np.rint(sound.astype(float) * 2**31), -(2**31), 2**31 - 1).astype(np.int32)
    else:
        samples = sound.astype(np.float32)
    return (samples if sample_format.endswith("p") else samples.T.reshape(1, -1)).copy()


def numbered_media(
    path: Path,
    times: Sequence[Fraction],
    sound: Sound,
    video: Video = Video(),
    audio: Audio = Audio(),
    *,
    options: Mapping[str, str] | None = None,
) -> Path:
    """A file whose picture i shows the number i."""
    pictures = (numbered(i, video.size) for i in range(len(times)))
    return write_media(path, pictures, times, sound, video, audio, options=options)


def rotate(path: Path, clockwise: int) -> None:
    """Make players turn the first track of an MP4 clockwise, as phones do: patch its display matrix."""
    orient(path, {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}[clockwise])


def orient(path: Path, matrix: tuple[int, int, int, int]) -> None:
    """Make players show the point (p, q) of an MP4's pictures at (ap + cq, bp + dq): patch its display matrix."""
    content = bytearray(path.read_bytes())
    place = content.index(b"tkhd") + 44
    a, b, c, d = (value * 0x10000 for value in matrix)
    content[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 0x40000000)
    path.write_bytes(content)
