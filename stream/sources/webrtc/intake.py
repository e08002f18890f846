"""Encoded frames of two tracks in, media on one clock out."""

from collections.abc import Callable
from dataclasses import replace
from threading import Lock

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

from take5.stream.ffmpeg.container import channels, mono
from take5.stream.sources.webrtc.aiortc_internals.encoded import RtpFrame
from take5.stream.sources.webrtc.headers import NAL_START, nal_starts
from take5.stream.sources.webrtc.track_clocks import AUDIO_RATE, BACK_FLICKS, ClockReading, RtpClock, TrackClocks
from take5.stream.timeline.clock import FLICKS, seconds_to_flicks
from take5.stream.timeline.media import AccessUnit, AudioBlock, Received, UnitFormat

UNIT_FORMATS = {"H264": UnitFormat("h264", None), "VP8": UnitFormat("vp8", None)}

PATIENCE_FLICKS = seconds_to_flicks(8.0)
"""How much of each track to buffer while waiting for clock readings; after that, fall back to arrival times."""

OPUS_LOOK_AHEAD = FLICKS * 312 // AUDIO_RATE
"""Look-ahead of Opus encoders (OPUS_GET_LOOKAHEAD: 6.5 ms), by which decoders give back later what went in."""

HELD = 2000
"""Frames that may be held, of both tracks together."""

PICTURE_HOLE, SOUND_HOLE = seconds_to_flicks(0.11), seconds_to_flicks(0.03)
"""Length of the hole around a jump, at least: as long as counts for windows."""

STATE_EVERY = seconds_to_flicks(10.0)
"""Jumps are stated no more often."""

NAL_IDR, NAL_SEI, NAL_SPS, NAL_DELIMITER = 5, 6, 7, 9


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
    jumped : callable
        Called with the number of jumps of RTP time so far, when there has been one: what follows comes after a hole.
    """

    def __init__(
        self,
        put: Callable[[Received], None],
        unplaced: Callable[[], None],
        look_ahead: int = 0,
        jumped: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._put, self._unplaced, self._look_ahead, self._jumped = put, unplaced, look_ahead, jumped
        self._lock = Lock()
        self._clocks = TrackClocks()
        self._opus = OpusDecoder()
        self._held: list[Received] = []
        self._placed = self._sound_lost = False
        self._picture_hole = HoleAtJump(self._clocks.picture, PICTURE_HOLE)
        self._sound_hole = HoleAtJump(self._clocks.sound, SOUND_HOLE)
        self._stated, self._stated_at = 0, 0
        self._shown: int | None = None
        self._went_back = False
        self.dropped = 0

    @property
    def waits_for_keyframe(self) -> bool:
        """Whether pictures are left out until the next keyframe."""
        return self._picture_hole.open

    def picture(self, frame: RtpFrame, arrival: int) -> None:
        """Take an encoded picture that arrived at ``arrival``, in flicks of any steady clock."""
        with self._lock:
            pts = self._clocks.picture.unwrap(frame.rtp, frame.source, arrival)
            unit = AccessUnit(pts, frame.data, is_keyframe(frame), frame.lost_before, frame.quarter_turns)
            if self._picture_hole.over(pts, fresh=unit.keyframe):
                self._accept(unit)
            self._state_jumps(arrival)

    def sound(self, frame: RtpFrame, arrival: int) -> None:
        """Take an Opus packet that arrived at ``arrival``, in flicks of the same clock."""
        with self._lock:
            pts = self._clocks.sound.unwrap(frame.rtp, frame.source, arrival)
            self._sound_lost |= frame.lost_before
            if self._sound_hole.over(pts):
                for block in self._opus.decode(frame.data, pts - self._look_ahead):
                    self._accept(replace(block, lost_before=self._sound_lost))
                    self._sound_lost = False
            self._state_jumps(arrival)

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

    def _state_jumps(self, arrival: int) -> None:
        jumps = self._clocks.picture.jumps + self._clocks.sound.jumps
        if jumps > self._stated and (not self._stated or arrival - self._stated_at >= STATE_EVERY):
            self._stated, self._stated_at = jumps, arrival
            self._jumped(jumps)

    def _accept(self, media: Received) -> None:
        if self._placed:
            self._deliver(media)
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
            self._deliver(media)

    def _tired(self) -> bool:
        """Whether both tracks have waited long enough; then they are placed by their arrival."""
        times = {kind: [m.pts for m in self._held if isinstance(m, kind)] for kind in (AccessUnit, AudioBlock)}
        if not all(pts and max(pts) - min(pts) > PATIENCE_FLICKS for pts in times.values()):
            return False
        self._clocks.trust_arrival()
        self._unplaced()
        return True

    def _deliver(self, media: Received) -> None:
        if isinstance(media, AudioBlock):
            self._put(media)
            return
        unit = replace(media, pts=media.pts + (self._clocks.shift or 0))
        if self._goes_on(unit):
            self._put(unit)

    def _goes_on(self, unit: AccessUnit) -> bool:
        """Whether a picture counts: those that readings have put back are left out, up to a keyframe after a hole."""
        if self._shown is not None:
            self._went_back |= unit.pts < self._shown - BACK_FLICKS
            if self._went_back and not (unit.keyframe and unit.pts >= self._shown + PICTURE_HOLE):
                return False
        self._went_back = False
        self._shown = unit.pts if self._shown is None else max(self._shown, unit.pts)
        return True


class HoleAtJump:
    """Makes a hole of a jump of a track's clock: what follows is left out until it is clear of what came before.

    Parameters
    ----------
    clock : RtpClock
        Counts the jumps.
    length : int
        Of the hole, at least, in flicks.
    """

    def __init__(self, clock: RtpClock, length: int) -> None:
        self._clock, self._length = clock, length
        self._jumps = 0
        self._last: int | None = None
        self._until: int | None = None

    @property
    def open(self) -> bool:
        """Whether there is a hole that has not ended."""
        return self._until is not None

    def over(self, pts: int, *, fresh: bool = True) -> bool:
        """Whether what has this time counts; a hole ends with what is ``fresh``, so that decoding can begin with it."""
        if self._jumps != self._clock.jumps:
            self._jumps = self._clock.jumps
            self._until = pts if self._last is None else self._last + self._length
        if self._until is not None and not (fresh and pts >= self._until):
            return False
        self._until = None
        self._last = pts if self._last is None else max(self._last, pts)
        return True


class OpusDecoder:
    """Opus packets in, blocks of 48 kHz sound out; a packet that cannot be decoded is a hole."""

    def __init__(self) -> None:
        context = av.CodecContext.create("libopus", "r")
        assert isinstance(context, AudioCodecContext)  # noqa: S101 - what this name stands for in FFmpeg
        context.layout, context.sample_rate = "stereo", AUDIO_RATE
        self._context = context

    def decode(self, data: bytes, pts: int) -> list[AudioBlock]:
        """Decode one packet whose sound begins at ``pts``, in flicks."""
        if not data:  # FFmpeg would take it for the end
            return []
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
    kinds = [frame.data[at + len(NAL_START)] & 0x1F for at in nal_starts(frame.data)]
    whole = frame.data.startswith(NAL_START) and kinds[:1] and kinds[0] in (NAL_SPS, NAL_DELIMITER, NAL_SEI)
    return NAL_IDR in kinds and (bool(whole) or not frame.lost_before)
