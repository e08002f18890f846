"""Encoded frames of two tracks in, media on one clock out."""

from collections.abc import Callable
from threading import Lock

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

from take5.stream.ffmpeg.container import channels, mono
from take5.stream.sources.webrtc.aiortc_internals import RtpFrame
from take5.stream.sources.webrtc.track_clocks import AUDIO_RATE, ClockReading, TrackClocks
from take5.stream.timeline.clock import FLICKS, seconds_to_flicks
from take5.stream.timeline.media import AccessUnit, AudioBlock, Received, UnitFormat

UNIT_FORMATS = {"H264": UnitFormat("h264", None), "VP8": UnitFormat("vp8", None)}

PATIENCE_FLICKS = seconds_to_flicks(8.0)
"""How much of each track to buffer while waiting for clock readings; after that, fall back to arrival times."""

OPUS_LOOK_AHEAD = FLICKS * 312 // AUDIO_RATE
"""Look-ahead of Opus encoders (OPUS_GET_LOOKAHEAD: 6.5 ms), by which decoders give back later what went in."""

HELD = 2000
"""Frames that may be held, of both tracks together."""

NAL_IDR, NAL_SEI, NAL_SPS, NAL_DELIMITER = 5, 6, 7, 9
NAL_START = b"\x00\x00\x00\x01"


class Intake:
    """Places what two tracks deliver on the sound's clock, and decodes the sound.

    Its methods may be called from any thread. Until a reading of both tracks' clocks has come, everything is
    held, encoded as it is.

    Parameters
    ----------
    put : callable
        Takes access units and blocks of sound, each track in order; called from the threads that deliver.
    unplaced : callable
        Called once if no readings come, so that arrival times are used.
    look_ahead : int
        How much older than its RTP time the sound of a packet is, in flicks.
    """

    def __init__(self, put: Callable[[Received], None], unplaced: Callable[[], None], look_ahead: int = 0) -> None:
        self._put, self._unplaced, self._look_ahead = put, unplaced, look_ahead
        self._lock = Lock()
        self._clocks = TrackClocks()
        self._opus = OpusDecoder()
        self._held: list[Received] = []
        self._placed = False
        self.dropped = 0

    def picture(self, frame: RtpFrame, arrival: int) -> None:
        """Take an encoded picture that arrived at ``arrival``, in flicks of any steady clock."""
        with self._lock:
            pts = self._clocks.picture.unwrap(frame.rtp, frame.source, arrival)
            self._accept(AccessUnit(pts, frame.data, is_keyframe(frame), frame.lost_before))

    def sound(self, frame: RtpFrame, arrival: int) -> None:
        """Take an Opus packet that arrived at ``arrival``, in flicks of the same clock."""
        with self._lock:
            pts = self._clocks.sound.unwrap(frame.rtp, frame.source, arrival)
            for block in self._opus.decode(frame.data, pts - self._look_ahead):
                self._accept(block)

    def picture_clock(self, reading: ClockReading) -> None:
        """Take a reading of the picture's clock."""
        with self._lock:
            self._clocks.picture.read(reading)
            self._release()

    def sound_clock(self, reading: ClockReading) -> None:
        """Take a reading of the sound's clock."""
        with self._lock:
            self._clocks.sound.read(reading)
            self._release()

    def _accept(self, media: Received) -> None:
        if self._placed:
            self._put(self._on_sound_clock(media))
            return
        if len(self._held) >= HELD:
            self.dropped += 1
            return
        self._held.append(media)
        self._release()

    def _release(self) -> None:
        """Deliver what was held, once it can be placed."""
        if self._placed or not (self._clocks.shift is not None or self._tired()):
            return
        self._placed = True
        held, self._held = self._held, []
        for media in held:
            self._put(self._on_sound_clock(media))

    def _tired(self) -> bool:
        """Whether both tracks have waited long enough; then they are placed by their arrival."""
        times = {kind: [m.pts for m in self._held if isinstance(m, kind)] for kind in (AccessUnit, AudioBlock)}
        if not all(pts and max(pts) - min(pts) > PATIENCE_FLICKS for pts in times.values()):
            return False
        self._clocks.trust_arrival()
        self._unplaced()
        return True

    def _on_sound_clock(self, media: Received) -> Received:
        if isinstance(media, AudioBlock):
            return media
        return AccessUnit(media.pts + (self._clocks.shift or 0), media.data, media.keyframe, media.lost_before)


class OpusDecoder:
    """Opus packets in, blocks of 48 kHz sound out; a packet that cannot be decoded is a hole."""

    def __init__(self) -> None:
        context = av.CodecContext.create("libopus", "r")
        assert isinstance(context, AudioCodecContext)  # noqa: S101 - what this name stands for in FFmpeg
        context.layout, context.sample_rate = "stereo", AUDIO_RATE
        self._context = context

    def decode(self, data: bytes, pts: int) -> list[AudioBlock]:
        """Decode one packet whose sound begins at ``pts``, in flicks."""
        try:
            frames = self._context.decode(av.Packet(data))
        except av.FFmpegError:
            return []
        return [_block(frame, channels(frame), pts) for frame in frames]


def _block(frame: av.AudioFrame, sound: NDArray[np.float32], pts: int) -> AudioBlock:
    return AudioBlock(pts, mono(frame, sound), frame.sample_rate, sound)


def is_keyframe(frame: RtpFrame) -> bool:
    """Whether decoding can begin with a frame; after a loss only if its beginning is there for certain."""
    if not frame.data:
        return False
    if frame.codec == "VP8":
        return not frame.data[0] & 1 and not frame.lost_before
    kinds = [frame.data[at + len(NAL_START)] & 0x1F for at in _nal_starts(frame.data)]
    whole = frame.data.startswith(NAL_START) and kinds[:1] and kinds[0] in (NAL_SPS, NAL_DELIMITER, NAL_SEI)
    return NAL_IDR in kinds and (bool(whole) or not frame.lost_before)


def _nal_starts(data: bytes) -> list[int]:
    starts, at = [], data.find(NAL_START)
    while 0 <= at < len(data) - len(NAL_START):
        starts.append(at)
        at = data.find(NAL_START, at + len(NAL_START))
    return starts
