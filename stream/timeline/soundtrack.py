"""The sound track: blocks with timestamps in, one unbroken run of 16 kHz sound out, holes filled and named."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from take5.scoring.eligibility import ROUNDING_S, SILENCE_PEAK, SOUND_HOLE_S
from take5.scoring.errors import ParameterError
from take5.scoring.parameters import FPS, SAMPLES_PER_FRAME
from take5.stream.timeline.clock import FLICKS, FRAME_FLICKS, seconds_to_flicks
from take5.stream.timeline.grid import ROUNDING_FLICKS
from take5.stream.timeline.holes import SOUND_FRAMES, Frames, passed_over
from take5.stream.timeline.media import AudioBlock
from take5.stream.timeline.resampler import Resampler

HOLE_FLICKS = seconds_to_flicks(SOUND_HOLE_S + ROUNDING_S)

MISSING_TAIL_FLICKS = seconds_to_flicks(SOUND_HOLE_S)
"""Sound may end this much before its last frame does; the rest is silence, as in any hole of this length."""


BEGIN_AGAIN_FLICKS = seconds_to_flicks(1.0)
"""After a longer hole that begins before sample 0, the track begins again: nothing before the hole is heard."""


@dataclass(frozen=True)
class Placement:
    """Where a block goes: after ``gap`` samples of nothing, without its first ``skip`` samples."""

    gap: int
    skip: int


class Continuity:
    """Follows a track's timestamps: what follows on, what is missing, what was there already.

    A timestamp within 5 ms of where the sound before it ended is rounding, and the block follows on.

    Parameters
    ----------
    rate : int
        Samples per second.
    start : int
        Time of the first block, in flicks.
    """

    def __init__(self, rate: int, start: int) -> None:
        self.rate = rate
        self.start = start
        self._taken = 0

    @property
    def end(self) -> int:
        """Where the sound ends so far, in flicks."""
        return self.start + self._taken * FLICKS // self.rate

    def place(self, pts: int, count: int) -> Placement:
        """Add a block of ``count`` samples."""
        early = pts - self.end
        samples = 0 if abs(early) <= ROUNDING_FLICKS else round(Fraction(early * self.rate, FLICKS))
        placement = Placement(gap=max(0, samples), skip=min(count, max(0, -samples)))
        self._taken += placement.gap + count - placement.skip
        return placement


class SoundTrack:
    """Places blocks by their timestamps and resamples them.

    Where sound is missing zeros stand in; a missing stretch of more than 20 ms is remembered. Sound that was there
    already is cut off.

    Parameters
    ----------
    origin : int
        Instant of sample 0 on the source's clock, in flicks; not before the first block.
    hop : int, optional
        Frames of a chunk: whole chunks inside a hole are then left out (:mod:`take5.stream.timeline.holes`).

    Attributes
    ----------
    left_out : list of (int, int)
        Grid frames whose samples were left out.
    """

    def __init__(self, origin: int, hop: int | None = None) -> None:
        self._origin, self._hop = origin, hop
        self.left_out: list[Frames] = []
        self._track: tuple[Continuity, Resampler] | None = None
        self._missing: list[tuple[int, int]] = []

    def push(self, block: AudioBlock) -> NDArray[np.float32]:
        """Add a block; return the 16 kHz samples that are complete."""
        continuity, resampler = self._track = self._track or self._open(block)
        if block.rate != continuity.rate:
            raise ParameterError(f"sound changed from {continuity.rate} to {block.rate} Hz; a track has one rate")
        end = continuity.end
        if self._hop is not None and end <= self._origin and block.pts - end > BEGIN_AGAIN_FLICKS:
            continuity, resampler = self._track = self._begin(block.rate, min(block.pts, self._origin))
        placement = continuity.place(block.pts, len(block.samples))
        gap = placement.gap
        if block.pts - end > HOLE_FLICKS:
            self._missing.append((end, block.pts))
            gap -= self._leave_out((max(end, continuity.start), block.pts), block.rate)
        silence = np.zeros(gap, np.float32)
        return resampler.push(np.concatenate([silence, block.samples[placement.skip :]]))

    def finish(self) -> NDArray[np.float32]:
        """Return the samples up to the end of the sound."""
        return np.zeros(0, np.float32) if self._track is None else self._track[1].finish()

    def frames(self) -> int:
        """How many grid frames the sound so far lasts for, once it has ended."""
        end = self._origin if self._track is None else self._track[0].end
        return max(0, (end + MISSING_TAIL_FLICKS - self._origin) // FRAME_FLICKS)

    def missing(self, start: int, stop: int) -> NDArray[np.bool_]:
        """Which of the grid frames [start, stop) a missing stretch of more than 20 ms touches."""
        flags = np.zeros(stop - start, dtype=np.bool_)
        for hole in self._missing:
            first, last = self._frames_of(hole)
            flags[max(0, first - start) : max(0, last - start)] = True
        return flags

    def forget(self, frame: int) -> None:
        """Drop what is known of holes that end before a grid frame."""
        before = self._origin + frame * FRAME_FLICKS
        self._missing = [hole for hole in self._missing if hole[1] > before]

    def _frames_of(self, hole: tuple[int, int]) -> Frames:
        """Grid frames that a stretch of time touches."""
        return (hole[0] - self._origin) // FRAME_FLICKS, -((self._origin - hole[1]) // FRAME_FLICKS)

    def _leave_out(self, hole: tuple[int, int], rate: int) -> int:
        """Leave out whole chunks of a hole; return how many samples at ``rate`` that are."""
        if self._hop is None:
            return 0
        first, stop = passed_over(self._frames_of(hole), self._hop, SOUND_FRAMES)
        if stop > first:
            self.left_out.append((first, stop))
        return (stop - first) * rate // FPS

    def _open(self, block: AudioBlock) -> tuple[Continuity, Resampler]:
        if block.pts > self._origin:
            raise ParameterError("the sound begins after grid frame 0")
        return self._begin(block.rate, block.pts)

    def _begin(self, rate: int, pts: int) -> tuple[Continuity, Resampler]:
        return Continuity(rate, pts), Resampler(rate, Fraction((self._origin - pts) * rate, FLICKS))


def cut(blocks: Iterable[AudioBlock], start: int, stop: int) -> tuple[NDArray[np.float32], int]:
    """What a clip from ``start`` to ``stop``, in flicks, gets to hear.

    Returns
    -------
    sound : ndarray float32 [C, n]
        With zeros where sound is missing.
    rate : int
        Samples per second.
    """
    continuity: Continuity | None = None
    pieces: list[NDArray[np.float32]] = []
    for block in blocks:
        continuity = continuity or Continuity(block.rate, block.pts)
        placement = continuity.place(block.pts, len(block.samples))
        pieces += [np.zeros((len(block.audible), placement.gap), np.float32), block.audible[:, placement.skip :]]
    if continuity is None:
        raise ParameterError("there is no sound to cut")
    sound = np.concatenate([_with_channels(piece, len(pieces[0])) for piece in pieces], axis=1)
    first = round(Fraction((start - continuity.start) * continuity.rate, FLICKS))
    count = round(Fraction((stop - start) * continuity.rate, FLICKS))
    padded = np.pad(sound, ((0, 0), (max(0, -first), max(0, first + count - sound.shape[1]))))
    return padded[:, max(0, first) :][:, :count], continuity.rate


def _with_channels(sound: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Sound [C, n] with another number of channels, each the mean of what there is."""
    return sound if len(sound) == count else np.repeat(sound.mean(axis=0, keepdims=True), count, axis=0)


def silent_frames(samples: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which grid frames of 16 kHz sound, [n * 640], are digital silence."""
    return np.asarray(np.abs(samples).reshape(-1, SAMPLES_PER_FRAME).max(axis=1, initial=0.0) <= SILENCE_PEAK)


def to_pcm16(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Round samples in [-1, 1] to 16-bit steps, clipping what is louder."""
    return np.asarray(np.clip(np.rint(samples * 32768.0), -32768, 32767), dtype=np.int16)
