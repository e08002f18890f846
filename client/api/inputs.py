"""What a program pushes: its frames and its sound, checked before anything is taken."""

import math
from collections import deque
from fractions import Fraction
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from take5.scoring.errors import ParameterError
from take5.scoring.parameters import FPS
from take5.stream.ffmpeg.pictures import DIGEST_ROWS
from take5.stream.sources.channel import MIX, place_of
from take5.stream.timeline.clock import FLICKS, seconds_to_flicks, to_seconds
from take5.stream.timeline.media import AudioBlock, VideoFrame
from take5.stream.timeline.resampler import MAX_RATE
from take5.stream.timeline.soundtrack import Continuity

SMALLEST_SIDE = 16
"""Pixels of the shorter side of a picture."""

HIGHEST_FPS = 1000

LONGEST_TIME_S = 1e10
"""Largest distance of a time from 0; seconds since 1970 are within it."""

LOWEST_RATE = 8000
LOUDEST = 8.0
"""Sound beyond this was not scaled to [-1, 1]."""

PIECE_S = 0.1
"""Sound is passed on in pieces of at most this length."""

OVERLAP_FLICKS = seconds_to_flicks(0.1)
"""How far a block may overlap the one before it, by clocks that drift; the overlap is cut off, as in a file."""

MOST_CHANNELS = 16

STEPS = FPS
"""Frame steps whose median is the frame rate."""

Samples = NDArray[np.float32] | NDArray[np.int16]


class RgbPicture:
    """A picture that is an array: uint8 [H, W, 3] RGB, upright, with square pixels."""

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self._pixels = pixels

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self._pixels.shape[1], self._pixels.shape[0]

    @property
    def digest(self) -> int:
        """Checksum: equal for identical pictures."""
        return crc32(self._pixels[::DIGEST_ROWS].tobytes())

    def rgb(self) -> NDArray[np.uint8]:
        """The picture as uint8 [H, W, 3], C-contiguous."""
        return self._pixels


class Pictures:
    """The picture track: arrays in, frames with their time out; nothing is taken before :meth:`commit`.

    Parameters
    ----------
    fps : float, optional
        Frames per second, > 0; the time of frames that come without one.
    """

    def __init__(self, fps: float | Fraction | None) -> None:
        if fps is not None and not 1 <= fps <= HIGHEST_FPS:  # nor NaN
            raise ParameterError(f"fps={fps} must be 1 to {HIGHEST_FPS} frames per second")
        self._fps = None if fps is None else Fraction(fps).limit_denominator(1001)
        self._anchor, self._since = 0, 0
        self._steps: deque[int] = deque(maxlen=STEPS)
        self.latest: int | None = None

    @property
    def rate(self) -> Fraction:
        """Frames per second: as given, else by the median step of the latest frames, else 25."""
        if self._fps is not None or not self._steps:
            return self._fps or Fraction(FPS)
        return Fraction(FLICKS, sorted(self._steps)[len(self._steps) // 2]).limit_denominator(1001)

    @property
    def end(self) -> int:
        """Where the last frame's time ends, in flicks."""
        return 0 if self.latest is None else self.latest + round(FLICKS / self.rate)

    def read(self, picture: NDArray[np.uint8], time_s: float | None) -> VideoFrame:
        """Return a picture and its time; the array is copied."""
        check_picture(picture)
        return VideoFrame(self._time(time_s), RgbPicture(np.array(picture, order="C")))

    def commit(self, frame: VideoFrame) -> None:
        """Let the next frame follow this one."""
        if self.latest is not None:
            self._steps.append(frame.pts - self.latest)
        if self.latest is None or frame.pts != self._next():
            self._anchor, self._since = frame.pts, 0
        self._since += 1
        self.latest = frame.pts

    def _time(self, time_s: float | None) -> int:
        if time_s is None:
            return 0 if self.latest is None else self._next()
        pts = ticks("time_s", time_s)
        if self.latest is not None and pts <= self.latest:
            raise ParameterError(
                f"time_s={time_s}: the frame before it was at {to_seconds(self.latest):.6g} s; frames come in order of "
                "time, each at another one: leave this one out"
            )
        return pts

    def _next(self) -> int:
        """When a frame without a time is shown, counted from the last frame with a time."""
        return self._anchor + round(self._since * FLICKS / (self._fps or Fraction(FPS)))


class Sounds:
    """The sound track: arrays in, blocks with their time out; nothing is taken before :meth:`commit`."""

    def __init__(self, channel: str = MIX) -> None:
        self._channel = channel
        self._continuity: Continuity | None = None

    @property
    def latest(self) -> int | None:
        """Where the sound ends so far, in flicks; None before the first block."""
        return None if self._continuity is None else self._continuity.end

    def read(self, samples: Samples, rate: int, time_s: float | None) -> list[AudioBlock]:
        """Return sound and its time, in pieces of at most 0.1 s; one without samples says that there was none."""
        sound = self._chosen(as_channels(samples))
        if not LOWEST_RATE <= whole("sample_rate", rate) <= MAX_RATE:
            raise ParameterError(f"sample_rate={rate} must be {LOWEST_RATE} to {MAX_RATE} Hz")
        start, piece = self._time(time_s), int(rate * PIECE_S)
        cuts = range(0, max(1, sound.shape[1]), piece)
        return [_block(start + first * FLICKS // rate, sound[:, first : first + piece], rate) for first in cuts]

    def _chosen(self, sound: NDArray[np.float32]) -> NDArray[np.float32]:
        place = place_of(self._channel)
        if place is None:
            return sound
        if place >= len(sound):
            raise ParameterError(f"the block has no channel {self._channel}, it has {len(sound)}")
        return sound[place : place + 1]

    def commit(self, block: AudioBlock) -> None:
        """Let the next block follow this one."""
        if self._continuity is None or self._continuity.rate != block.rate:
            self._continuity = Continuity(block.rate, block.pts)
        self._continuity.place(block.pts, len(block.samples))

    def _time(self, time_s: float | None) -> int:
        end = self.latest
        if time_s is None:
            return end or 0
        pts = ticks("time_s", time_s)
        if end is not None and pts < end - OVERLAP_FLICKS:
            raise ParameterError(
                f"time_s={time_s}: there is sound up to {to_seconds(end):.6g} s already, and blocks come in order of "
                "time; leave time_s out where a block follows on"
            )
        return pts


def check_picture(picture: NDArray[np.uint8]) -> None:
    """Raise ParameterError unless it is uint8 [H, W, 3] of a size that can be encoded."""
    if not isinstance(picture, np.ndarray):
        raise ParameterError(f"a frame is a numpy array uint8 [H, W, 3] in RGB; this is a {type(picture).__name__}")
    if picture.dtype != np.uint8:
        raise ParameterError(f"a frame is uint8, 0 to 255; this is {picture.dtype}: scale it and use .astype(np.uint8)")
    if picture.ndim != 3 or picture.shape[2] != 3:
        raise ParameterError(
            f"a frame is [H, W, 3] in RGB; this is {list(picture.shape)}: "
            "leave alpha out, repeat a grey picture three times"
        )
    if min(picture.shape[:2]) < SMALLEST_SIDE:
        raise ParameterError(f"a frame has {SMALLEST_SIDE} pixels a side at least; this is {list(picture.shape)}")


def as_channels(samples: Samples) -> NDArray[np.float32]:
    """Sound [n] or [n, C] as float32 [C, n] in [-1, 1], copied."""
    if not isinstance(samples, np.ndarray):
        raise ParameterError(f"sound is a numpy array [n] or [n, C]; this is a {type(samples).__name__}")
    if samples.dtype not in (np.float32, np.int16):
        raise ParameterError(f"sound is float32 in [-1, 1] or int16; this is {samples.dtype}: use .astype(np.float32)")
    if samples.ndim not in (1, 2) or (samples.ndim == 2 and not 1 <= samples.shape[1] <= MOST_CHANNELS):
        raise ParameterError(
            f"sound is [n] or [n, C], C 1 to {MOST_CHANNELS} channels; this is {list(samples.shape)}: transpose [C, n]"
        )
    scale = 32768.0 if samples.dtype == np.int16 else 1.0
    channels = samples[:, None] if samples.ndim == 1 else samples
    sound = np.ascontiguousarray(channels.T / scale, dtype=np.float32)
    if not np.isfinite(sound).all():
        first = int(np.flatnonzero(~np.isfinite(sound).all(axis=0))[0])
        raise ParameterError(
            f"sample {first} of the block is not a finite number; replace it, by 0 where nothing is known"
        )
    if np.abs(sound).max(initial=0.0) > LOUDEST:
        raise ParameterError(f"the block reaches {np.abs(sound).max():.6g}; float32 sound is in [-1, 1]: scale it")
    return sound


def ticks(name: str, seconds: float) -> int:
    """Flicks of a time in seconds; ParameterError unless it is a finite number."""
    known = isinstance(seconds, float | int | np.floating | np.integer) and math.isfinite(seconds)
    if not known or abs(seconds) > LONGEST_TIME_S:
        raise ParameterError(f"{name}={seconds!r} must be a finite number of seconds, {LONGEST_TIME_S:.0e} at most")
    return seconds_to_flicks(float(seconds))


def whole(name: str, value: int) -> int:
    """A whole number; ParameterError if it is none."""
    if not isinstance(value, int | np.integer):
        raise ParameterError(f"{name}={value!r} must be a whole number")
    return int(value)


def _block(pts: int, sound: NDArray[np.float32], rate: int) -> AudioBlock:
    """A block that is scored as the mean of its channels; a clip gets two at most."""
    mixed = np.asarray(np.full(len(sound), 1.0 / len(sound)) @ sound, dtype=np.float32)
    return AudioBlock(pts, mixed, int(rate), sound if len(sound) <= 2 else mixed[None])
