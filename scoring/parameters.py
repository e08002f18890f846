"""The frame grid and the parameters of Algorithm 1."""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from take5.scoring.errors import ParameterError

FPS = 25
"""Grid frames per second of the session clock."""

SAMPLE_RATE = 16_000
"""Samples per second of the scored sound."""

SAMPLES_PER_FRAME = SAMPLE_RATE // FPS
"""Samples of sound per grid frame: 640."""

LEAD_IN_FRAMES = 25
"""Frames tracked before a window, to let the tracker settle.

Measured on three real clips, MC of such a run differs from that of a run over the whole clip by up to 0.9 % with
12 frames, by up to 0.5 % with 25, and by no less with 50, 75 or 125.
"""

DETECT_EVERY_FRAMES = 5
"""Grid frames between two counts of the faces in the picture, from frame 0 on."""


@lru_cache(maxsize=256)
def frames_of(seconds: float, name: str) -> int:
    """Length in whole grid frames of ``seconds``; other lengths are refused."""
    frames = Fraction(str(seconds)) * FPS if math.isfinite(seconds) else Fraction(0)
    if frames.denominator != 1 or frames < 1:
        raise ParameterError(f"{name}={seconds} must be a positive multiple of {1 / FPS} s, one frame at {FPS} fps")
    return int(frames)


def frames_after(window_frames: int) -> int:
    """Frames kept after a window, a tenth of it, rounded up: 13 after 125, 25 after 250.

    Trainers train on the first 10/11 of a bundle, rounded down, and hold out the rest: so they train on the window.
    """
    return -(-window_frames // 10)


@dataclass(frozen=True)
class Parameters:
    """Parameters of Algorithm 1.

    Parameters
    ----------
    seconds : float
        Length of a window in seconds; a multiple of ``hop``. The paper's 5 s.
    hop : float
        Distance between the starts of two windows in seconds; a multiple of 0.04 s. Also the length of a chunk.
    pool : int
        m, the number of windows with the highest D among which the highest I wins (Algorithm 1).
    hfr_threshold : float
        T, the frequency in cycles per frame above which motion counts as high-frequency, in [0, 0.5).

    Raises
    ------
    ParameterError
        If a value breaks its rule.
    """

    seconds: float = 5.0
    hop: float = 1.0
    pool: int = 5
    hfr_threshold: float = 0.25

    def __post_init__(self) -> None:
        window, hop = frames_of(self.seconds, "seconds"), frames_of(self.hop, "hop")
        if window % hop:
            raise ParameterError(f"seconds={self.seconds} must be a multiple of hop={self.hop}")
        if window < 2:
            raise ParameterError(f"seconds={self.seconds} must hold at least two frames ({2 / FPS} s)")
        if self.pool < 1:
            raise ParameterError(f"pool={self.pool} must be at least 1")
        if not 0 <= self.hfr_threshold < 0.5:
            raise ParameterError(f"hfr_threshold={self.hfr_threshold} must be in [0, 0.5) cycles per frame")

    @property
    def window_frames(self) -> int:
        """F, grid frames in a window."""
        return frames_of(self.seconds, "seconds")

    @property
    def frames_after(self) -> int:
        """Frames kept after a window, for trainers to validate on."""
        return frames_after(self.window_frames)

    @property
    def hop_frames(self) -> int:
        """Grid frames in a chunk, and between the starts of two windows."""
        return frames_of(self.hop, "hop")

    @property
    def chunks_per_window(self) -> int:
        """Chunks that merge into one window."""
        return self.window_frames // self.hop_frames

    def window_count(self, frames: int) -> int:
        """Number of whole windows in a recording of ``frames`` grid frames."""
        return max(0, (frames - self.window_frames) // self.hop_frames + 1)

    def window_span(self, index: int) -> tuple[int, int]:
        """Grid frames of window ``index``, half-open."""
        start = index * self.hop_frames
        return start, start + self.window_frames
