"""Packs a film for the sender in ``node/``: H.264 as OBS makes it and Opus, each packet with its time.

A record is little-endian: u8 kind (0 picture, 1 sound), i64 time in ticks of 90 kHz and 48 kHz, u32 size, then the
packet. Records are in order of time.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import inf
from pathlib import Path
from typing import Any

import av

PICTURE, SOUND = 0, 1
CLOCKS = {PICTURE: 90_000, SOUND: 48_000}
X264 = {"preset": "ultrafast", "profile": "baseline", "tune": "zerolatency", "bf": "0", "g": "25"}
X264 |= {"crf": "20", "maxrate": "6M", "bufsize": "400k"}
OPUS_BITRATE, OPUS_FRAME = 128_000, 960
FILM_FPS = 25
Record = tuple[int, int, bytes, int]
"""Kind, time of showing and bytes; the time in which order it is sent."""


@dataclass(frozen=True)
class Encoding:
    """How pictures are encoded: options of libx264, by default OBS's; their size, by default the film's; their rate."""

    x264: Mapping[str, str] = field(default_factory=lambda: X264)
    size: tuple[int, int] | None = None
    fps: int = FILM_FPS


AS_OBS = Encoding()


def pack(film: Path, path: Path, seconds: float = inf, encoding: Encoding = AS_OBS) -> Path:
    """Encode a film and write its packets to ``path``, those of so many seconds."""
    encoded = [*_pictures(film, encoding), *_sound(film)]
    records = sorted((record for record in encoded if _seconds(record) < seconds), key=_seconds)
    path.write_bytes(b"".join(struct.pack("<BqI", kind, pts, len(data)) + data for kind, pts, data, _ in records))
    return path


def _seconds(record: Record) -> Fraction:
    return Fraction(record[3], CLOCKS[record[0]])


def _pictures(film: Path, encoding: Encoding) -> Iterator[Record]:
    with av.open(str(film)) as container:
        context: av.VideoCodecContext | None = None
        shown = -1
        for frame in container.decode(video=0):
            number = round((frame.time or 0.0) * FILM_FPS) * encoding.fps // FILM_FPS
            if number == shown:
                continue
            shown = number
            width, height = encoding.size or (frame.width, frame.height)
            sized = frame.reformat(width, height, "yuv420p")
            context = context or _encoder(sized, encoding)
            sized.pts, sized.time_base = number * CLOCKS[PICTURE] // encoding.fps, Fraction(1, CLOCKS[PICTURE])
            sized.pict_type = av.video.frame.PictureType.NONE
            yield from _records(PICTURE, context.encode(sized))
        if context is not None:
            yield from _records(PICTURE, context.encode(None))


def _encoder(frame: av.VideoFrame, encoding: Encoding) -> av.VideoCodecContext:
    context = av.VideoCodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = frame.width, frame.height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, CLOCKS[PICTURE]), Fraction(encoding.fps)
    context.options = dict(encoding.x264)
    return context


def _sound(film: Path) -> Iterator[Record]:
    context = av.AudioCodecContext.create("libopus", "w")
    context.sample_rate, context.layout, context.format = CLOCKS[SOUND], "stereo", "s16"
    context.bit_rate, context.time_base = OPUS_BITRATE, Fraction(1, CLOCKS[SOUND])
    resampler = av.AudioResampler("s16", "stereo", CLOCKS[SOUND], OPUS_FRAME)
    with av.open(str(film)) as container:
        for frame in [*container.decode(audio=0), None]:
            for part in resampler.resample(frame):
                yield from _records(SOUND, context.encode(part))
    yield from _records(SOUND, context.encode(None))


def _records(kind: int, packets: "list[av.Packet[Any]]") -> Iterator[Record]:
    for packet in packets:
        ticks = (packet.time_base or Fraction(1, CLOCKS[kind])) * CLOCKS[kind]
        shown, order = (packet.pts or 0), (packet.dts if packet.dts is not None else packet.pts or 0)
        yield kind, round(shown * ticks), bytes(packet), round(order * ticks)
