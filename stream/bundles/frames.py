"""A bundle's pictures: cropped, scaled once, and provided as frames and as JPEG."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import av
from av.video.codeccontext import VideoCodecContext

from take5.scoring.errors import OutputError
from take5.stream.bundles.crop import Crop
from take5.stream.ffmpeg.filters import TIME_BASE, Chain
from take5.stream.ffmpeg.pictures import encodable
from take5.stream.timeline.media import Picture

JPEG_END, JPEG_TAIL = b"\xff\xd9", 1024
"""What a whole JPEG ends with, and in how many of its last bytes: some writers fill up what comes after."""

BEST_JPEG = "118"
"""FFmpeg's lambda of ``-q:v 1``, the quality at which trainers extract their own images."""


def cropped(pictures: Iterable[Picture], crop: Crop) -> Iterator[av.VideoFrame]:
    """Yield each picture's square, scaled: Lanczos, BT.601 in 16..235, 4:2:0, square pixels.

    Without a tag, readers assume BT.601 for small pictures, so colours are right with and without the tag.

    Raises
    ------
    OutputError
        If a picture has another size than the first.
    """
    chain: Chain | None = None
    shape = (0, 0, "")
    for index, picture in enumerate(pictures):
        frame = encodable(picture)
        if chain is None:
            shape = frame.width, frame.height, frame.format.name
            chain = Chain(
                frame,
                ("crop", f"{crop.side}:{crop.side}:{crop.left}:{crop.top}:exact=1"),
                ("scale", f"{crop.size}:{crop.size}:flags=lanczos+accurate_rnd:out_color_matrix=bt601:out_range=tv"),
                ("format", "yuv420p"),
                ("setsar", "1"),
            )
        if (frame.width, frame.height, frame.format.name) != shape:
            raise OutputError(f"picture {index} of the clip differs in size from the first; a bundle has one size")
        frame.pts, frame.time_base = index, TIME_BASE
        yield chain.filter(frame)


class Jpeg:
    """Frames to JPEG, at the quality of ``-q:v 1``."""

    def __init__(self, size: int) -> None:
        context = av.CodecContext.create("mjpeg", "w")
        assert isinstance(context, VideoCodecContext)  # noqa: S101 - it is one
        context.width = context.height = size
        context.pix_fmt, context.time_base = "yuvj420p", TIME_BASE
        context.options = {"flags": "+qscale", "global_quality": BEST_JPEG, "qmin": "1", "threads": "1"}
        self._context = context
        self._full_range: Chain | None = None

    def encode(self, frame: av.VideoFrame) -> bytes:
        """Return the file of one frame."""
        self._full_range = self._full_range or Chain(
            frame, ("scale", "in_range=tv:out_range=pc:flags=accurate_rnd"), ("format", "yuvj420p")
        )
        return b"".join(bytes(packet) for packet in self._context.encode(self._full_range.filter(frame)))


def image_size(path: Path) -> tuple[int, int] | None:
    """Width and height of a whole JPEG with three channels; None for anything else."""
    if not _ends(path):
        return None
    try:
        with av.open(str(path)) as container:
            frame = next(container.decode(video=0))
    except (av.FFmpegError, IndexError, StopIteration):
        return None
    return (frame.width, frame.height) if len(frame.format.components) == 3 else None


def _ends(path: Path) -> bool:
    """Whether a JPEG has its end: FFmpeg decodes the part of a file that is there."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - JPEG_TAIL))
            return JPEG_END in file.read()
    except OSError:
        return False
