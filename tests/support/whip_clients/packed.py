"""Packs a film for the sender in ``node/``: H.264 as OBS makes it and Opus, each packet with its time.

A record is little-endian: u8 kind (0 picture, 1 sound), i64 time in ticks of 90 kHz and 48 kHz, u32 size, then the
packet. Records are in order of time.
"""

import struct
from collections.abc import Iterator
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
Record = tuple[int, int, bytes]


def pack(film: Path, path: Path, seconds: float = inf) -> Path:
    """Encode a film and write its packets to ``path``, those of so many seconds."""
    encoded = [*_pictures(film), *_sound(film)]
    records = sorted((record for record in encoded if _seconds(record) < seconds), key=_seconds)
    path.write_bytes(b"".join(struct.pack("<BqI", kind, pts, len(data)) + data for kind, pts, data in records))
    return path


def _seconds(record: Record) -> Fraction:
    return Fraction(record[1], CLOCKS[record[0]])


def _pictures(film: Path) -> Iterator[Record]:
    with av.open(str(film)) as container:
        context: av.VideoCodecContext | None = None
        for frame in container.decode(video=0):
            context = context or _encoder(frame)
            frame.pts, frame.time_base = round((frame.time or 0.0) * CLOCKS[PICTURE]), Fraction(1, CLOCKS[PICTURE])
            frame.pict_type = av.video.frame.PictureType.NONE
            yield from _records(PICTURE, context.encode(frame))
        if context is not None:
            yield from _records(PICTURE, context.encode(None))


def _encoder(frame: av.VideoFrame) -> av.VideoCodecContext:
    context = av.VideoCodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = frame.width, frame.height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, CLOCKS[PICTURE]), Fraction(25)
    context.options = X264
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
        at = Fraction(packet.pts or 0) * (packet.time_base or Fraction(1, CLOCKS[kind]))
        yield kind, round(at * CLOCKS[kind]), bytes(packet)
