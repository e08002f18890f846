"""Packets in, pictures and sound out; failures to decode are counted."""

from fractions import Fraction
from heapq import heappop, heappush

import av

from take5.stream.ffmpeg.container import AnyPacket, channels, mono, sample_aspect
from take5.stream.ffmpeg.orientation import Orientations
from take5.stream.ffmpeg.pictures import DecodedPicture
from take5.stream.timeline.clock import to_flicks
from take5.stream.timeline.media import AudioBlock, VideoFrame
from take5.stream.timeline.one_rate import OneRate
from take5.stream.timeline.sound_shift import UNMOVED, SoundShift


def packet_flicks(pts: int, stream: av.VideoStream) -> int:
    """Flicks of a time stamp of ``stream``."""
    return to_flicks(pts, stream.time_base or Fraction(1, av.time_base))


class PictureDecoder:
    """Packets in, frames in order of time out; after an error, pictures count as damaged until the next keyframe.

    Pictures without a time are left out. AVI has no presentation times, and FFmpeg's guess for H.264 with B-frames
    runs back and forth: the pictures, which are in the right order, get the sorted times of the packets.
    """

    def __init__(self, stream: av.VideoStream) -> None:
        self._stream = stream
        self._aspect = sample_aspect(stream)
        self._orientations = Orientations()
        self._damaged = False
        self._guessed = stream.container.format.name == "avi" and stream.codec_context.name in ("h264", "hevc")
        self._times: list[int] = []
        self.errors = 0

    def decode(self, packet: "AnyPacket | None") -> list[VideoFrame]:
        """Decode one packet; None flushes the decoder."""
        if packet is not None:
            self._damaged |= packet.is_corrupt
            if self._guessed and packet.pts is not None:
                heappush(self._times, packet.pts)
        try:
            frames = self._stream.codec_context.decode(packet)
        except av.FFmpegError:
            self.errors += 1
            self._damaged = True
            return []
        return [self._frame(frame, frame.pts) for frame in frames if frame.pts is not None]

    def _frame(self, frame: av.VideoFrame, pts: int) -> VideoFrame:
        if frame.key_frame and not frame.is_corrupt:
            self._damaged = False
        damaged = self._damaged or frame.is_corrupt
        time = heappop(self._times) if self._times else pts
        turns, mirrored = self._orientations.of(frame)
        picture = DecodedPicture(frame, self._aspect, turns, mirrored=mirrored)
        return VideoFrame(packet_flicks(time, self._stream), picture, damaged)


class SoundDecoder:
    """Packets in, blocks of sound out, all at the first one's rate; what cannot be decoded leaves a gap.

    Parameters
    ----------
    stream : av.AudioStream
        The track.
    channel : int, optional
        The only channel to use, from 0, where there is one; by default all are mixed.
    shift : SoundShift
        How the sound is moved against the picture.
    """

    def __init__(self, stream: av.AudioStream, channel: int | None = None, shift: SoundShift = UNMOVED) -> None:
        self._stream = stream
        self._channel, self._shift = channel, shift
        self._one_rate = OneRate()
        self.errors = 0

    def decode(self, packet: "AnyPacket | None") -> list[AudioBlock]:
        """Decode one packet; None flushes the decoder."""
        blocks = [block for frame in self._frames(packet) for block in self._one_rate.push(frame)]
        return blocks if packet is not None else [*blocks, *self._one_rate.finish()]

    def _frames(self, packet: "AnyPacket | None") -> list[AudioBlock]:
        try:
            frames = self._stream.codec_context.decode(packet)
        except av.FFmpegError:
            self.errors += 1
            return []
        return [
            self._shift.moved(self._block(frame, to_flicks(frame.pts, frame.time_base)))
            for frame in frames
            if frame.pts is not None and frame.time_base
        ]

    def _block(self, frame: av.AudioFrame, ticks: int) -> AudioBlock:
        sound = channels(frame)
        if self._channel is not None and self._channel < len(sound):
            return AudioBlock(ticks, sound[self._channel], frame.sample_rate)
        mixed = mono(frame, sound)
        return AudioBlock(ticks, mixed, frame.sample_rate, sound if len(sound) <= 2 else mixed[None])
