"""Decoded pictures: turned upright, with square pixels, as arrays for the tracker and as frames for the encoder."""

from fractions import Fraction
from zlib import crc32

import av
import numpy as np
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from take5.stream.ffmpeg.orientation import oriented
from take5.stream.ffmpeg.tone_mapping import BT709, hdr_of, tone_mapped
from take5.stream.timeline.media import Picture

DIGEST_ROWS = 4
"""Step between the luma rows in a picture's checksum: a real camera's noise is in all rows."""

UNSPECIFIED = 2
"""FFmpeg's number for colours that are not stated."""

EXACT = 0x4 | 0x2000 | 0x40000
"""FFmpeg's flags ``bicubic``, ``full_chroma_int`` and ``accurate_rnd``: a change of matrix shifts no colour."""


class DecodedPicture:
    """One decoded frame.

    Parameters
    ----------
    frame : av.VideoFrame
        As decoded.
    aspect : Fraction
        Sample aspect ratio, width over height of one pixel.
    quarter_turns : int
        Counterclockwise quarter turns to apply.
    mirrored : bool
        Whether to mirror it left to right before these turns.
    """

    def __init__(
        self, frame: av.VideoFrame, aspect: Fraction, quarter_turns: int = 0, *, mirrored: bool = False
    ) -> None:
        self._frame = frame
        self._width = max(1, round(frame.width * aspect))
        self.quarter_turns, self.mirrored = quarter_turns, mirrored

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in square pixels, upright."""
        size = (self._width, self._frame.height)
        return size[::-1] if self.quarter_turns % 2 else size

    @property
    def digest(self) -> int:
        """Checksum of the decoded luma: equal for identical pictures."""
        plane, layout = self._frame.planes[0], self._frame.format
        pixel_bytes = (layout.components[0].bits + 7) // 8 if layout.is_planar else layout.bits_per_pixel // 8
        used = plane.width * pixel_bytes  # the rest of a row is padding
        return crc32(_rows(plane)[: plane.height : DIGEST_ROWS, :used].tobytes())

    def rgb(self) -> NDArray[np.uint8]:
        """The picture as uint8 [H, W, 3], C-contiguous."""
        frame = self._sdr()
        pixels = frame.to_ndarray(format="rgb24", width=self._width, height=frame.height)
        return np.ascontiguousarray(oriented(pixels, self.quarter_turns, mirrored=self.mirrored))

    def encodable(self) -> av.VideoFrame:
        """The picture as 8-bit 4:2:0 with even width and height: an odd last row or column is cut off.

        What is RGB, of full range or HDR becomes BT.709 of limited range, and says so.
        """
        frame = self._sdr()
        if frame.format.is_rgb or _is_full_range(frame):
            frame = _limited(frame, self._width)
        elif frame.format.name != "yuv420p" or self._width != frame.width:
            frame = frame.reformat(width=self._width, height=frame.height, format="yuv420p")
        if self.quarter_turns or self.mirrored or frame.width % 2 or frame.height % 2:
            frame = _oriented(frame, self.quarter_turns, mirrored=self.mirrored)
        return frame

    @property
    def hdr(self) -> str | None:
        """Transfer function that is mapped to SDR, ``hlg`` or ``pq``; None if the frame is SDR."""
        return hdr_of(self._frame)

    def _sdr(self) -> av.VideoFrame:
        return self._frame if self.hdr is None else tone_mapped(self._frame)


def encodable(picture: Picture) -> av.VideoFrame:
    """Any picture as 8-bit 4:2:0 with even width and height."""
    if isinstance(picture, DecodedPicture):
        return picture.encodable()
    return DecodedPicture(av.VideoFrame.from_ndarray(picture.rgb(), format="rgb24"), Fraction(1)).encodable()


def _is_full_range(frame: av.VideoFrame) -> bool:
    return frame.color_range == int(ColorRange.JPEG) or frame.format.name.startswith("yuvj")


def _limited(frame: av.VideoFrame, width: int) -> av.VideoFrame:
    """A frame as 4:2:0 in BT.709 of limited range."""
    limited = frame.reformat(
        width=width,
        height=frame.height,
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        interpolation=EXACT,
    )
    limited.colorspace, limited.color_range = BT709, int(ColorRange.MPEG)
    limited.color_primaries = BT709 if frame.color_primaries == UNSPECIFIED else frame.color_primaries
    limited.color_trc = BT709 if frame.color_trc == UNSPECIFIED else frame.color_trc
    return limited


def _oriented(frame: av.VideoFrame, quarter_turns: int, *, mirrored: bool) -> av.VideoFrame:
    """Mirror a 4:2:0 frame if need be, turn it counterclockwise, and cut it to even width and height."""
    width, height = frame.width // 2 * 2, frame.height // 2 * 2
    sizes = [(height, width), (height // 2, width // 2), (height // 2, width // 2)]
    planes = [
        oriented(_rows(plane)[:rows, :columns], quarter_turns, mirrored=mirrored)
        for plane, (rows, columns) in zip(frame.planes, sizes, strict=True)
    ]
    turned = av.VideoFrame(planes[0].shape[1], planes[0].shape[0], frame.format.name)
    for target, pixels in zip(turned.planes, planes, strict=True):
        padded = np.zeros((target.height, target.line_size), np.uint8)
        padded[:, : pixels.shape[1]] = pixels
        target.update(padded.tobytes())
    turned.colorspace, turned.color_range = frame.colorspace, frame.color_range
    turned.color_primaries, turned.color_trc = frame.color_primaries, frame.color_trc
    return turned


def _rows(plane: VideoPlane) -> NDArray[np.uint8]:
    """The plane's bytes, one row each, padding included."""
    return np.asarray(memoryview(plane), dtype=np.uint8).reshape(-1, plane.line_size)
