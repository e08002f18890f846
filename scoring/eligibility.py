"""Which windows may win: rules (a) to (g), each with the frames that break it.

Without them a frozen or faceless window has MC = 0 and wins with I = D / 1e-8. Every rule depends only on the window
and what came before its end, so a stream and a finished recording agree.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from take5.scoring.columns import Columns
from take5.scoring.gates.findings import Code, Finding
from take5.scoring.motion import Motion
from take5.scoring.parameters import FPS

Mask = NDArray[np.bool_]

HOLE_S = 0.100
"""Neighbouring source frames further apart than this leave a hole (rule c)."""

SOUND_HOLE_S = 0.020
"""A longer stretch of missing sound is a hole (rule c)."""

ROUNDING_S = 0.005
"""Tolerance for rounded timestamps, added to the length of a hole."""

FROZEN_SOURCE_FRAMES = 10
"""A run of this many identical source frames is a frozen picture (rule e)."""

SILENT_FRAMES = FPS - 1
"""Consecutive grid frames of digital silence that make a whole second, less its filtered edges (rule f)."""

SILENCE_PEAK = 1.0 / 32768
"""Largest magnitude of digital silence: one step of 16-bit sound."""


@dataclass(frozen=True)
class Timing(Columns):
    """What is known of n grid frames from sound and timestamps alone, without decoding a picture.

    Attributes
    ----------
    frames_missing : ndarray bool [n]
        The frame's instant lies between two source frames more than 100 ms apart.
    sound_missing : ndarray bool [n]
        A missing stretch of more than 20 ms touches the frame's 640 samples.
    silent : ndarray bool [n]
        The frame's samples are digital silence.
    """

    frames_missing: Mask
    sound_missing: Mask
    silent: Mask


@dataclass(frozen=True)
class Observations(Columns):
    """What was seen in n grid frames.

    Attributes
    ----------
    tracked : ndarray bool [n]
        The tracker has a face.
    faces : ndarray int8 [n]
        Number of faces; -1 in frames in which they were not counted.
    damaged : ndarray bool [n]
        The picture shown is damaged by loss.
    repeats : tuple of tuple of bool, n long
        For each source frame after the previous instant, up to this frame's instant: is it identical to the source
        frame before it?
    resized : ndarray bool [n]
        The picture's size differs from that of the previous grid frame.
    seen : ndarray bool [n]
        The frame was analysed; if not, its other values mean nothing.
    """

    tracked: Mask
    faces: NDArray[np.int8]
    damaged: Mask
    repeats: tuple[tuple[bool, ...], ...]
    resized: Mask
    seen: Mask

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Join what was seen in neighbouring stretches."""
        return cls(
            np.concatenate([part.tracked for part in parts]),
            np.concatenate([part.faces for part in parts]),
            np.concatenate([part.damaged for part in parts]),
            tuple(frame for part in parts for frame in part.repeats),
            np.concatenate([part.resized for part in parts]),
            np.concatenate([part.seen for part in parts]),
        )


def timing_reasons(timing: Timing, start: int) -> list[Finding]:
    """Rules (c) and (f), the cheap ones, for the window whose first grid frame is ``start``."""
    return [
        *_reasons(Code.FRAMES_MISSING, timing.frames_missing, start),
        *_reasons(Code.SOUND_MISSING, timing.sound_missing, start),
        *_reasons(Code.DIGITAL_SILENCE, timing.silent, start, at_least=SILENT_FRAMES),
    ]


def observation_reasons(observations: Observations, motion: Motion | None, start: int) -> list[Finding]:
    """Rules (a), (b), (d), (e) and (g) for the window whose first grid frame is ``start``."""
    within = np.arange(len(observations.resized)) > 0  # the window's first picture has no predecessor
    reasons = [
        *_reasons(Code.NO_FACE, ~observations.tracked, start),
        *_reasons(Code.SEVERAL_FACES, _held_counts(observations.faces) > 1, start),
        *_reasons(Code.PICTURE_DAMAGED, observations.damaged, start),
        *_reasons(Code.SIZE_CHANGED, observations.resized & within, start),
        *(
            Finding(Code.FROZEN_PICTURE, start + first, start + last + 1)
            for first, last in _frozen(observations.repeats)
        ),
    ]
    if motion is not None and not motion.mouth_moves:
        reasons.append(Finding(Code.STILL_MOUTH, start, start + len(observations.tracked)))
    return reasons


def _reasons(code: Code, mask: Mask, start: int, at_least: int = 1) -> list[Finding]:
    return [Finding(code, start + a, start + b) for a, b in runs(mask) if b - a >= at_least]


def runs(mask: Mask) -> list[tuple[int, int]]:
    """Half-open runs of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _held_counts(faces: NDArray[np.int8]) -> NDArray[np.int8]:
    """Hold each count until the next one; -1 before the first."""
    counted = np.where(faces >= 0, np.arange(len(faces)), -1)
    latest = np.maximum.accumulate(counted)
    return np.where(latest >= 0, faces[np.maximum(latest, 0)], -1).astype(np.int8)


def _frozen(repeats: Sequence[Sequence[bool]]) -> Iterator[tuple[int, int]]:
    """First and last grid frame of each run of identical source frames; the window's first has no predecessor."""
    frame_of = [frame for frame, cell in enumerate(repeats) for _ in cell]
    same = [repeat for cell in repeats for repeat in cell]
    breaks = [0, *(i for i in range(1, len(same)) if not same[i]), len(same)]
    for first, after in pairwise(breaks):
        if after - first >= FROZEN_SOURCE_FRAMES:
            yield frame_of[first], frame_of[after - 1]
