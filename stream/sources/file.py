"""Media files: anything that FFmpeg reads, with its own timestamps.

Times are flicks on the file's own clock. A file is read in three ways: :meth:`MediaFile.media` delivers everything in
order, as any source does; :meth:`MediaFile.scan` takes the sound and the timestamps of the pictures without decoding
one; :meth:`MediaFile.grid_frames` seeks and decodes a stretch of the grid.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import takewhile
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from take5.scoring.errors import MissingTrack, UnreadableMedia
from take5.stream.clock import FRAME_TICKS, TICKS, seconds_to_ticks, to_ticks
from take5.stream.grid import FrameCounts, GridFrame, PictureGrid
from take5.stream.media import AudioBlock, Media, VideoFrame
from take5.stream.soundtrack import cut
from take5.stream.sources.container import (
    AnyPacket,
    audio_stream,
    channels,
    frame_duration,
    mono,
    opened,
    packets,
    sample_aspect,
    video_stream,
)
from take5.stream.sources.pictures import DecodedPicture

PREROLL_TICKS = seconds_to_ticks(1.0)
"""Sound is decoded from so much earlier than it is wanted: decoders begin with what they cannot know."""

TRUNCATED_TICKS = seconds_to_ticks(0.5)
"""A file that ends this much before the duration in its header has been cut off."""


@dataclass(frozen=True)
class Keyframe:
    """Where decoding can begin: presentation time in flicks, and what to seek to, in the stream's time base."""

    pts: int
    seek: int


@dataclass(frozen=True)
class FileIndex:
    """When the pictures of a file are shown, from its packets.

    Attributes
    ----------
    pts : list of int
        Of every source frame, in order, in flicks.
    keyframes : list of Keyframe
        In order.
    video_end : int
        Where the last picture's time ends, in flicks.
    """

    pts: list[int]
    keyframes: list[Keyframe]
    video_end: int

    def keyframe_before(self, pts: int) -> Keyframe:
        """Return the last keyframe at or before ``pts``, or the first."""
        return self.keyframes[max(0, bisect_right([k.pts for k in self.keyframes], pts) - 1)]


@dataclass
class MediaFile:
    """A media file.

    Raises
    ------
    UnreadableMedia
        If FFmpeg cannot read it, or nothing in it can be decoded.
    MissingTrack
        If it has no moving picture or no sound.
    """

    path: Path
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        with opened(self.path) as container:
            video, audio = video_stream(container, self.path), audio_stream(container, self.path)
            self.source_fps = float(1 / frame_duration(video))
            self._header_end = self._duration(container)
            self._first_key = -1
            starts: dict[str, int] = {}
            for packet in packets(container, video, audio):
                if packet.stream_index == video.index:
                    if packet.is_keyframe and packet.pts is not None:
                        starts.setdefault("video", _ticks(packet.pts, video))
                elif "audio" not in starts and (blocks := _blocks(audio, packet)):
                    starts["audio"] = blocks[0].pts
                if len(starts) == 2:
                    break
        if "video" not in starts:
            raise UnreadableMedia(f"{self.path}: no picture in its video track can be decoded")
        if "audio" not in starts:
            raise MissingTrack(f"{self.path}: no sound in its audio track can be decoded")
        self._first_key = starts["video"]
        self.origin = max(starts.values())
        self._video_end = self._first_key

    def media(self) -> Iterator[Media]:
        """Decode everything in the order of the file."""
        with opened(self.path) as container:
            video, audio = video_stream(container, self.path), audio_stream(container, self.path)
            video.thread_type = "AUTO"
            decoder = _PictureDecoder(video)
            duration = to_ticks(1, frame_duration(video))
            for packet in packets(container, video, audio):
                if packet.stream_index == audio.index:
                    yield from _blocks(audio, packet)
                    continue
                for frame in decoder.decode(packet):
                    yield from self._delivered(frame, duration)
            for frame in decoder.flush():
                yield from self._delivered(frame, duration)
        self._warn(decoder.errors)

    def _delivered(self, frame: VideoFrame, duration: int) -> Iterator[VideoFrame]:
        if frame.pts >= self._first_key:
            self._video_end = max(self._video_end, frame.pts + duration)
            yield frame

    def video_end(self) -> int:
        """Where the last picture's time ends, once :meth:`media` is exhausted."""
        return self._video_end

    def scan(self, on_sound: Callable[[AudioBlock], None]) -> FileIndex:
        """Read the whole file once: sound goes to ``on_sound``, of the pictures only their timestamps are taken."""
        times: list[int] = []
        keyframes: list[Keyframe] = []
        with opened(self.path) as container:
            video, audio = video_stream(container, self.path), audio_stream(container, self.path)
            duration = to_ticks(1, frame_duration(video))
            for packet in packets(container, video, audio):
                if packet.stream_index == audio.index:
                    for block in _blocks(audio, packet):
                        on_sound(block)
                elif packet.pts is not None and (pts := _ticks(packet.pts, video)) >= self._first_key:
                    times.append(pts)
                    if packet.is_keyframe:
                        keyframes.append(Keyframe(pts, packet.pts if packet.dts is None else packet.dts))
        times.sort()
        keyframes.sort(key=lambda key: key.pts)
        index = FileIndex(times, keyframes, times[-1] + duration)
        self._video_end = index.video_end
        self._warn(0)
        return index

    def grid(self, index: FileIndex) -> tuple[list[GridFrame[int]], FrameCounts]:
        """Lay the timestamps of ``index`` on the grid, without their pictures."""
        grid = PictureGrid[int](self.origin)
        frames = [frame for pts in index.pts for frame in grid.push(pts, pts)]
        frames += grid.finish(index.video_end)
        return frames, grid.counts

    def grid_frames(self, index: FileIndex, start: int, stop: int) -> Iterator[GridFrame[VideoFrame]]:
        """Decode grid frames [start, stop), from the keyframe before them on.

        A source frame that cannot be decoded is absent.
        """
        grid = PictureGrid[VideoFrame](self.origin, first=start)
        begin = self.origin + start * FRAME_TICKS
        wanted = index.pts[max(0, bisect_right(index.pts, begin) - 1)]
        for frame in self._decode_from(index.keyframe_before(wanted)):
            for shown in grid.push(frame.pts, frame):
                if shown.index >= stop:
                    return
                yield shown
        for shown in grid.finish(index.video_end):
            if shown.index < stop:
                yield shown

    def sound(self, start: int, stop: int) -> tuple[NDArray[np.float32], int]:
        """Decode the sound between two times in flicks: float32 [C, n] with 1 or 2 channels, and samples per second."""
        with opened(self.path) as container:
            audio = audio_stream(container, self.path)
            container.seek((start - PREROLL_TICKS) * av.time_base // TICKS, backward=True)
            decoded = (block for packet in packets(container, audio) for block in _blocks(audio, packet))
            return cut(takewhile(lambda block: block.pts < stop, decoded), start, stop)

    def _decode_from(self, keyframe: Keyframe) -> Iterator[VideoFrame]:
        """Decode from a keyframe on; where seeking does not lead to it, read up to it from the start."""
        for seek in (keyframe.seek, None):
            begun = False
            with opened(self.path) as container:
                video = video_stream(container, self.path)
                video.thread_type = "AUTO"
                if seek is not None:
                    container.seek(seek, stream=video, backward=True)
                decoder = _PictureDecoder(video)
                for packet in packets(container, video):
                    begun = begun or (packet.pts is not None and _ticks(packet.pts, video) == keyframe.pts)
                    if begun:
                        yield from (frame for frame in decoder.decode(packet) if frame.pts >= keyframe.pts)
                yield from decoder.flush()
            if begun:
                return

    def _duration(self, container: av.container.InputContainer) -> int | None:
        start = container.start_time or 0
        return None if container.duration is None else to_ticks(start + container.duration, Fraction(1, av.time_base))

    def _warn(self, errors: int) -> None:
        if self._header_end is not None and self._video_end < self._header_end - TRUNCATED_TICKS:
            seconds = (self._header_end - self._video_end) / seconds_to_ticks(1)
            self.warnings.append(f"the picture ends {seconds:.1f} s before the file's stated end: cut off or damaged")
        if errors:
            self.warnings.append(f"{errors} packets of the picture could not be decoded")


class _PictureDecoder:
    """Packets in, frames in order of time out; after an error pictures count as damaged until the next keyframe."""

    def __init__(self, stream: av.VideoStream) -> None:
        self._stream = stream
        self._aspect = sample_aspect(stream)
        self._damaged = False
        self.errors = 0

    def decode(self, packet: AnyPacket) -> list[VideoFrame]:
        """Decode one packet."""
        self._damaged |= packet.is_corrupt
        try:
            frames = self._stream.codec_context.decode(packet)
        except av.FFmpegError:
            self.errors += 1
            self._damaged = True
            return []
        return [self._frame(frame) for frame in frames if frame.pts is not None]

    def flush(self) -> list[VideoFrame]:
        """Return what the decoder still holds."""
        try:
            frames = self._stream.codec_context.decode(None)
        except av.FFmpegError:
            return []
        return [self._frame(frame) for frame in frames if frame.pts is not None]

    def _frame(self, frame: av.VideoFrame) -> VideoFrame:
        if frame.key_frame and not frame.is_corrupt:
            self._damaged = False
        damaged = self._damaged or frame.is_corrupt
        return VideoFrame(_ticks(frame.pts or 0, self._stream), DecodedPicture(frame, self._aspect), damaged)


def _blocks(stream: av.AudioStream, packet: AnyPacket) -> list[AudioBlock]:
    """Decode a packet of sound; one that cannot be decoded is a hole."""
    try:
        frames = stream.codec_context.decode(packet)
    except av.FFmpegError:
        return []
    return [_block(frame, frame.pts, frame.time_base) for frame in frames if frame.pts is not None and frame.time_base]


def _block(frame: av.AudioFrame, pts: int, time_base: Fraction) -> AudioBlock:
    sound = channels(frame)
    mixed = mono(frame, sound)
    return AudioBlock(to_ticks(pts, time_base), mixed, frame.sample_rate, sound if len(sound) <= 2 else mixed[None])


def _ticks(pts: int, stream: av.VideoStream) -> int:
    return to_ticks(pts, stream.time_base or Fraction(1, av.time_base))
