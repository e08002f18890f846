"""Small pictures for the page, as JPEG."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import av
from av.video.codeccontext import VideoCodecContext

from take5.stream.ffmpeg.filters import TIME_BASE, Chain
from take5.stream.ffmpeg.pictures import encodable
from take5.stream.recording.base import Recording
from take5.stream.timeline.media import Picture

QUALITY = str(4 * 118)
"""FFmpeg's lambda of ``-q:v 4``: no visible blocks, a tenth of a byte per pixel."""

LARGE, SMALL = 400, 240
"""Widths in pixels: of the best window's pictures, and of the others'."""


@dataclass(frozen=True)
class Thumbnail:
    """A picture of a grid frame: a JPEG and its size in pixels."""

    frame: int
    jpeg: bytes
    width: int
    height: int


def thumbnail(picture: Picture, width: int) -> bytes:
    """Return a picture, upright, as a JPEG file at most ``width`` pixels wide."""
    return _encoded(_scaled(picture, width))


def thumbnails(filmed: Recording, instants: Iterable[int], width: int) -> Iterator[Thumbnail]:
    """Yield the pictures of grid frames in order of time, decoded in one go; what cannot be decoded is left out."""
    wanted = sorted(set(instants))
    if not wanted:
        return
    pictures = filmed.pictures(wanted[0], wanted[-1] + 1)
    for frame, picture in enumerate(islice(pictures, wanted[-1] + 1 - wanted[0]), wanted[0]):
        if frame in wanted:
            small = _scaled(picture, width)
            yield Thumbnail(frame, _encoded(small), small.width, small.height)


def _scaled(picture: Picture, width: int) -> av.VideoFrame:
    """The picture at its new size, 4:2:0 in the full range, as JPEG has it."""
    frame = encodable(picture)
    frame.pts, frame.time_base = 0, TIME_BASE
    across = max(2, min(width, frame.width) // 2 * 2)
    down = max(2, round(frame.height * across / frame.width / 2) * 2)
    size = f"{across}:{down}:flags=area+accurate_rnd:out_color_matrix=bt601:out_range=pc"
    return Chain(frame, ("scale", size), ("format", "yuvj420p"), ("setsar", "1")).filter(frame)


def _encoded(frame: av.VideoFrame) -> bytes:
    context = av.CodecContext.create("mjpeg", "w")
    assert isinstance(context, VideoCodecContext)  # noqa: S101 - it is one
    context.width, context.height = frame.width, frame.height
    context.pix_fmt, context.time_base = "yuvj420p", TIME_BASE
    context.options = {"flags": "+qscale", "global_quality": QUALITY, "threads": "1"}
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])
