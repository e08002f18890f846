"""Single pictures as files: JPEG as the bundle's own images are, PNG as trainers read masks."""

from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from take5.scoring.errors import UnreadableMedia
from take5.scoring.masks.filters import decoded
from take5.stream.bundles.frames import BEST_JPEG
from take5.stream.ffmpeg.filters import TIME_BASE
from take5.stream.ffmpeg.pictures import EXACT

Pixels = NDArray[np.uint8]


def read_picture(path: Path) -> Pixels:
    """The pixels of an image as RGB, [H, W, 3].

    Raises
    ------
    UnreadableMedia
        If it is not a readable image.
    """
    try:
        found = decoded(path.read_bytes())
    except OSError as error:
        raise UnreadableMedia(f"{path}: cannot be read ({error.strerror or error}); make the bundle again") from error
    if found is None:
        raise UnreadableMedia(f"{path}: is not a readable image; make the bundle again")
    return found


class ImageEncoder:
    """Pictures of one size and kind to files.

    Parameters
    ----------
    palette : ndarray uint8 [n, 3], optional
        Colours as RGB of pictures that are numbers of colours.
    lossy : bool
        JPEG, for photographs; otherwise PNG.
    """

    def __init__(self, palette: Pixels | None = None, *, lossy: bool = False) -> None:
        self._lossy = lossy
        self._palette = np.zeros((256, 4), dtype=np.uint8)  # as FFmpeg has it: alpha, red, green, blue
        self._palette[:, 0] = 255
        if palette is not None:
            self._palette[: len(palette), 1:] = palette
        self._context: VideoCodecContext | None = None

    def encode(self, pixels: Pixels) -> bytes:
        """Return the file of a picture uint8: [H, W, 3] RGB, [H, W, 4] RGBA, or [H, W] numbers of the palette."""
        frame = self._frame(np.ascontiguousarray(pixels))
        if self._lossy:
            full, matrix = ColorRange.JPEG, Colorspace.ITU601
            frame = frame.reformat(format="yuvj420p", dst_colorspace=matrix, dst_color_range=full, interpolation=EXACT)
        self._context = self._context or self._opened(frame)
        frame.pts, frame.time_base = None, TIME_BASE
        return b"".join(bytes(packet) for packet in self._context.encode(frame))

    def _frame(self, pixels: Pixels) -> av.VideoFrame:
        if pixels.ndim == 3:
            return av.VideoFrame.from_ndarray(pixels, format="rgba" if pixels.shape[2] == 4 else "rgb24")
        paletted: Any = (pixels, self._palette)  # PyAV's stubs do not know of it
        return av.VideoFrame.from_ndarray(paletted, format="pal8")

    def _opened(self, frame: av.VideoFrame) -> VideoCodecContext:
        context = av.CodecContext.create("mjpeg" if self._lossy else "png", "w")
        assert isinstance(context, VideoCodecContext)  # noqa: S101 - it is one
        context.width, context.height, context.time_base = frame.width, frame.height, TIME_BASE
        context.pix_fmt = frame.format.name
        quality = {"flags": "+qscale", "global_quality": BEST_JPEG, "qmin": "1"}
        context.options = {"threads": "1"} | (quality if self._lossy else PNG)
        return context


PNG = {"compression_level": "1", "pred": "sub"}
"""Quick: the files are read once and are mostly flat."""
