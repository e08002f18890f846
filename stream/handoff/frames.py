"""A bundle's pictures: cut out, scaled once, and given as frames and as JPEG."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise

import av
from av.filter import Graph
from av.video.codeccontext import VideoCodecContext

from take5.scoring.errors import OutputError
from take5.scoring.parameters import FPS
from take5.stream.handoff.crop import Crop
from take5.stream.media import Picture
from take5.stream.sources.pictures import encodable

TIME_BASE = Fraction(1, FPS)

BEST_JPEG = "118"
"""FFmpeg's lambda of ``-q:v 1``, the quality at which trainers cut their own images out."""


class Cropper:
    """Cuts the square out of a frame and scales it: Lanczos, BT.601 in 16..235, 4:2:0, square pixels.

    Without a tag readers take small pictures for BT.601; so they see the right colours with the tag and without it.

    Parameters
    ----------
    crop : Crop
        The square.
    frame : av.VideoFrame
        The first frame; all have its size and its format.
    """

    def __init__(self, crop: Crop, frame: av.VideoFrame) -> None:
        self._shape = frame.width, frame.height, frame.format.name
        self._graph = Graph()
        self._source = self._graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=TIME_BASE
        )
        scale = f"{crop.size}:{crop.size}:flags=lanczos+accurate_rnd:out_color_matrix=bt601:out_range=tv"
        nodes = [
            self._source,
            self._graph.add("crop", f"{crop.side}:{crop.side}:{crop.left}:{crop.top}:exact=1"),
            self._graph.add("scale", scale),
            self._graph.add("format", "yuv420p"),
            self._graph.add("setsar", "1"),
            self._graph.add("buffersink"),
        ]
        for node, after in pairwise(nodes):
            node.link_to(after)
        self._sink = nodes[-1]
        self._graph.configure()

    def crop(self, frame: av.VideoFrame, index: int) -> av.VideoFrame:
        """Cut out the square of the next frame."""
        if (frame.width, frame.height, frame.format.name) != self._shape:
            raise OutputError(f"picture {index} of the clip has another size than the first; a bundle has one size")
        frame.pts, frame.time_base = index, TIME_BASE
        self._source.push(frame)
        cut = self._sink.pull()
        assert isinstance(cut, av.VideoFrame)  # noqa: S101 - a graph of pictures gives pictures
        return cut


def cropped(pictures: Iterable[Picture], crop: Crop) -> Iterator[av.VideoFrame]:
    """Yield each picture's square."""
    cropper: Cropper | None = None
    for index, picture in enumerate(pictures):
        frame = encodable(picture)
        cropper = cropper or Cropper(crop, frame)
        yield cropper.crop(frame, index)


class Jpeg:
    """Frames to JPEG, at the quality of ``-q:v 1``."""

    def __init__(self, size: int) -> None:
        context = av.CodecContext.create("mjpeg", "w")
        assert isinstance(context, VideoCodecContext)  # noqa: S101 - it is one
        context.width = context.height = size
        context.pix_fmt, context.time_base = "yuvj420p", TIME_BASE
        context.options = {"flags": "+qscale", "global_quality": BEST_JPEG, "threads": "1"}
        self._context = context

    def encode(self, frame: av.VideoFrame) -> bytes:
        """Return the file of one frame."""
        full = frame.reformat(format="yuvj420p", src_color_range="MPEG", dst_color_range="JPEG")
        full.pts, full.time_base = frame.pts, TIME_BASE
        return b"".join(bytes(packet) for packet in self._context.encode(full))
