"""Access units back to pictures: what a clip is made of after a stream."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from take5.scoring.errors import UnreadableMedia
from take5.scoring.parameters import SAMPLES_PER_FRAME
from take5.stream.clock import FRAME_TICKS, TICKS, seconds_to_ticks
from take5.stream.grid import PictureGrid
from take5.stream.media import AccessUnit, Picture, UnitFormat, VideoFrame
from take5.stream.ring import Ring
from take5.stream.soundtrack import SoundTrack, cut, to_pcm16
from take5.stream.sources.container import AnyPacket
from take5.stream.sources.pictures import DecodedPicture

MARGIN_TICKS = seconds_to_ticks(0.2)
"""Neighbouring pictures and sound that the nearest frame and the filter of the resampler reach for."""


def decode_units(units: Iterable[AccessUnit], unit_format: UnitFormat) -> Iterator[VideoFrame]:
    """Decode units, the first of them a keyframe; what cannot be decoded is absent."""
    context = av.CodecContext.create(unit_format.codec, "r")
    if not isinstance(context, VideoCodecContext):
        raise UnreadableMedia(f"{unit_format.codec} is no codec of pictures")
    if unit_format.extradata:
        context.extradata = unit_format.extradata
    for unit in [*units, None]:
        try:
            frames = context.decode(None if unit is None else _packet(unit))
        except av.FFmpegError:
            continue
        for frame in frames:
            if frame.pts is not None:
                yield VideoFrame(
                    frame.pts, DecodedPicture(frame, unit_format.aspect, unit_format.quarter_turns), frame.is_corrupt
                )


def _packet(unit: AccessUnit) -> AnyPacket:
    packet = av.Packet(unit.data)
    packet.pts, packet.time_base, packet.is_keyframe = unit.pts, Fraction(1, TICKS), unit.keyframe
    return packet


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
        grid = PictureGrid[VideoFrame](self._origin, first=start)
        begin, end = self._span(start, stop)
        frames = decode_units(self._ring.units(begin - MARGIN_TICKS, end + MARGIN_TICKS), self._format)
        shown = [cell for frame in frames for cell in grid.push(frame.pts, frame)]
        shown += grid.finish(end)
        return (cell.shown.picture for cell in shown if cell.index < stop)

    def sound(self, start: int, stop: int) -> tuple[NDArray[np.float32], int]:
        """What grid frames [start, stop) sound like: float32 [C, n], and samples per second."""
        begin, end = self._span(start, stop)
        return cut(self._ring.sound(begin, end), begin, end)

    def pcm(self, start: int, stop: int) -> NDArray[np.int16]:
        """What was scored of grid frames [start, stop): 16 kHz, int16."""
        begin, end = self._span(start, stop)
        track = SoundTrack(begin)
        blocks = self._ring.sound(begin - MARGIN_TICKS, end + MARGIN_TICKS)
        samples = np.concatenate([*map(track.push, blocks), track.finish()])
        wanted = (stop - start) * SAMPLES_PER_FRAME
        return to_pcm16(np.pad(samples, (0, max(0, wanted - len(samples))))[:wanted])

    def _span(self, start: int, stop: int) -> tuple[int, int]:
        return self._origin + start * FRAME_TICKS, self._origin + stop * FRAME_TICKS
