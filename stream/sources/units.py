"""Access units back to pictures: what a clip is made of after a stream."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from take5.scoring.eligibility import Timing
from take5.scoring.errors import UnreadableMedia
from take5.scoring.parameters import SAMPLES_PER_FRAME
from take5.stream.clock import FRAME_TICKS, TICKS, seconds_to_ticks
from take5.stream.grid import GridFrame, PictureGrid
from take5.stream.media import AccessUnit, AudioBlock, Picture, UnitFormat, VideoFrame
from take5.stream.ring import Ring
from take5.stream.soundtrack import MISSING_TAIL_TICKS, SoundTrack, cut, silent_frames, to_pcm16
from take5.stream.sources.container import AnyPacket
from take5.stream.sources.pictures import DecodedPicture

MARGIN_TICKS = seconds_to_ticks(0.2)
"""Neighbouring pictures and sound that the nearest frame and the filter of the resampler reach for."""


class UnitDecoder:
    """Access units in, frames out, each as soon as it is known.

    What cannot be decoded is absent. After a loss or an error, frames count as damaged until the next keyframe.

    Raises
    ------
    UnreadableMedia
        If FFmpeg has no such codec of pictures.
    """

    def __init__(self, unit_format: UnitFormat) -> None:
        context = av.CodecContext.create(unit_format.codec, "r")
        if not isinstance(context, VideoCodecContext):
            raise UnreadableMedia(f"{unit_format.codec} is no codec of pictures")
        if unit_format.extradata:
            context.extradata = unit_format.extradata
        self._context, self._format = context, unit_format
        self._keyframes: set[int] = set()
        self._damaged = False

    def decode(self, unit: AccessUnit | None) -> list[VideoFrame]:
        """Decode one unit; None asks for what the decoder still holds."""
        if unit is not None:
            self._damaged |= unit.lost_before
            if unit.keyframe:
                self._keyframes.add(unit.pts)
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
        picture = DecodedPicture(frame, self._format.aspect, self._format.quarter_turns)
        return VideoFrame(pts, picture, self._damaged or frame.is_corrupt)


def decode_units(units: Iterable[AccessUnit], unit_format: UnitFormat) -> Iterator[VideoFrame]:
    """Decode units, the first of them a keyframe."""
    decoder = UnitDecoder(unit_format)
    for unit in [*units, None]:
        yield from decoder.decode(unit)


def _packet(unit: AccessUnit) -> AnyPacket:
    packet = av.Packet(unit.data)
    packet.pts, packet.time_base, packet.is_keyframe = unit.pts, Fraction(1, TICKS), unit.keyframe
    return packet


@dataclass(frozen=True)
class SourceStretch:
    """A stretch of what was received: units in order of decoding, and blocks that touch [start, stop), in flicks."""

    units: list[AccessUnit]
    unit_format: UnitFormat
    blocks: list[AudioBlock]
    start: int
    stop: int


class RingMaterial:
    """What a ring holds, as grid frames and sound of a clip.

    Parameters
    ----------
    ring : Ring
        What was received.
    unit_format : UnitFormat
        Of its access units.
    origin : int
        Instant of grid frame 0, in flicks on the source's clock.
    """

    def __init__(self, ring: Ring, unit_format: UnitFormat, origin: int) -> None:
        self._ring, self._format, self._origin = ring, unit_format, origin

    def pictures(self, start: int, stop: int) -> Iterator[Picture]:
        """Decode the pictures of grid frames [start, stop)."""
        return (cell.shown.picture for cell in self.grid_frames(start, stop))

    def grid_frames(self, start: int, stop: int) -> Iterator[GridFrame[VideoFrame]]:
        """Decode grid frames [start, stop) as they are asked for."""
        grid = PictureGrid[VideoFrame](self._origin, first=start)
        begin, end = self._span(start, stop)
        units = self._ring.units(begin - MARGIN_TICKS, end + MARGIN_TICKS) or self._ring.units(
            begin, end + MARGIN_TICKS
        )
        for frame in decode_units(units, self._format):
            for cell in grid.push(frame.pts, frame):
                if cell.index >= stop:
                    return
                yield cell
        yield from (cell for cell in grid.finish(end) if cell.index < stop)

    def sound(self, start: int, stop: int) -> tuple[NDArray[np.float32], int]:
        """What grid frames [start, stop) sound like: float32 [C, n], and samples per second."""
        begin, end = self._span(start, stop)
        return cut(self._ring.sound(begin, end), begin, end)

    def pcm(self, start: int, stop: int) -> NDArray[np.int16]:
        """What was scored of grid frames [start, stop): 16 kHz, int16."""
        return to_pcm16(self._scored(start, stop)[0])

    @property
    def frames(self) -> int:
        """Grid frames for which there are pictures and sound."""
        picture, sound = self._ring.end
        shown = (picture - self._origin + FRAME_TICKS // 2) // FRAME_TICKS + 1
        heard = (sound + MISSING_TAIL_TICKS - self._origin) // FRAME_TICKS
        return max(0, min(shown, heard))

    def timing_of(self, start: int, stop: int) -> Timing:
        """What is missing in the sound of grid frames [start, stop); of pictures nothing is said."""
        samples, track = self._scored(start, stop)
        missing = track.missing(0, stop - start)
        return Timing(np.zeros(stop - start, dtype=np.bool_), missing, silent_frames(samples))

    def _scored(self, start: int, stop: int) -> tuple[NDArray[np.float32], SoundTrack]:
        begin, end = self._span(start, stop)
        track = SoundTrack(begin)
        blocks = self._ring.sound(begin - MARGIN_TICKS, end + MARGIN_TICKS)
        samples = np.concatenate([*map(track.push, blocks), track.finish()])
        wanted = (stop - start) * SAMPLES_PER_FRAME
        return np.pad(samples, (0, max(0, wanted - len(samples))))[:wanted], track

    def source(self, start: int, stop: int) -> "SourceStretch":
        """What was received of grid frames [start, stop), from the keyframe before them on, untouched."""
        begin, end = self._span(start, stop)
        units = self._ring.units(begin, end)
        first = min((unit.pts for unit in units), default=begin)
        return SourceStretch(units, self._format, self._ring.sound(first, end), first, end)

    def _span(self, start: int, stop: int) -> tuple[int, int]:
        return self._origin + start * FRAME_TICKS, self._origin + stop * FRAME_TICKS
