"""Decoding the access units of a stream back to pictures, for clips."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext

from take5.scoring.errors import UnreadableMedia
from take5.stream.ffmpeg.container import AnyPacket, sample_aspect
from take5.stream.ffmpeg.pictures import DecodedPicture
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.media import AccessUnit, Picture, StatedPicture, UnitFormat, VideoFrame


class UnitDecoder:
    """Access units in, frames out, each as soon as it is available.

    Units that cannot be decoded are left out. After a loss or an error, frames count as damaged until the next
    keyframe.

    Raises
    ------
    UnreadableMedia
        If FFmpeg has no such video codec.
    """

    def __init__(self, unit_format: UnitFormat) -> None:
        self._format, self._extradata = unit_format, unit_format.extradata
        self._context = _context(unit_format, self._extradata)
        self._keyframes: set[int] = set()
        self._turns: dict[int, int] = {}
        self._damaged = False

    def decode(self, unit: AccessUnit | None) -> list[VideoFrame]:
        """Decode one unit; None flushes the decoder."""
        before: list[VideoFrame] = []
        if unit is not None:
            self._damaged |= unit.lost_before
            if unit.keyframe:
                before = self._with_extradata(unit.extradata or self._format.extradata)
                self._keyframes.add(unit.pts)
            if unit.quarter_turns:
                self._turns[unit.pts] = unit.quarter_turns
        return [*before, *self._decoded(unit)]

    def _with_extradata(self, extradata: bytes | None) -> list[VideoFrame]:
        """Decode with these extradata from now on; return the frames that remain in the decoder before."""
        if extradata == self._extradata:
            return []
        before, self._extradata = self._decoded(None), extradata
        self._context = _context(self._format, extradata)
        return before

    def _decoded(self, unit: AccessUnit | None) -> list[VideoFrame]:
        try:
            frames = self._context.decode(None if unit is None else _packet(unit))
        except av.FFmpegError:
            self._damaged = True
            return []
        return [self._frame(frame, frame.pts) for frame in frames if frame.pts is not None]

    def _frame(self, frame: av.VideoFrame, pts: int) -> VideoFrame:
        if pts in self._keyframes:
            self._damaged = False
            self._keyframes = {keyframe for keyframe in self._keyframes if keyframe > pts}
        turns = (self._format.quarter_turns + self._turns.get(pts, 0)) % 4
        self._turns = {later: turned for later, turned in self._turns.items() if later > pts}
        picture = DecodedPicture(frame, self._format.aspect, turns, mirrored=self._format.mirrored)
        return VideoFrame(pts, picture, self._damaged or frame.is_corrupt)


def decode_units(units: Iterable[AccessUnit], unit_format: UnitFormat) -> Iterator[VideoFrame]:
    """Decode units, the first of them a keyframe."""
    decoder = UnitDecoder(unit_format)
    for unit in [*units, None]:
        yield from decoder.decode(unit)


def unit_format_of(stream: av.VideoStream, first: Picture) -> UnitFormat:
    """Format of a file's access units, by its header and its first picture."""
    turns, mirrored = (first.quarter_turns, first.mirrored) if isinstance(first, DecodedPicture) else (0, False)
    context = stream.codec_context
    colours = context.colorspace, context.color_range, context.color_primaries, context.color_trc
    stated = StatedPicture(context.codec_tag, context.width, context.height, context.pix_fmt, colours)
    return UnitFormat(context.name, context.extradata, sample_aspect(stream), turns, mirrored, stated)


def _context(unit_format: UnitFormat, extradata: bytes | None) -> VideoCodecContext:
    context = av.CodecContext.create(unit_format.codec, "r")
    if not isinstance(context, VideoCodecContext):
        raise UnreadableMedia(f"{unit_format.codec} is not a video codec")
    if extradata:
        context.extradata = extradata
    if (stated := unit_format.stated) is not None:
        context.codec_tag = stated.codec_tag
        context.width, context.height = stated.width, stated.height
        if stated.layout is not None:
            context.pix_fmt = stated.layout
        context.colorspace, context.color_range, context.color_primaries, context.color_trc = stated.colours
    return context


def _packet(unit: AccessUnit) -> AnyPacket:
    packet = av.Packet(unit.data)
    packet.pts, packet.time_base, packet.is_keyframe = unit.pts, Fraction(1, FLICKS), unit.keyframe
    return packet
