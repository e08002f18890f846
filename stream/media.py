"""What sources deliver: pictures and sound with their time, in flicks on the source's own clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Picture(Protocol):
    """A decoded picture, turned upright and with square pixels whenever it is asked for as an array."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in square pixels, upright."""

    @property
    def digest(self) -> int:
        """Checksum of the decoded luma: equal for identical pictures."""

    def rgb(self) -> NDArray[np.uint8]:
        """The picture as uint8 [H, W, 3], C-contiguous."""


@dataclass(frozen=True)
class VideoFrame:
    """One source frame; ``damaged`` where it was decoded from incomplete data."""

    pts: int
    picture: Picture
    damaged: bool = False


@dataclass(frozen=True)
class AudioBlock:
    """A run of sound.

    Attributes
    ----------
    pts : int
        Time of its first sample, in flicks on the source's clock.
    samples : ndarray float32 [n]
        Mixed to mono, in [-1, 1]; what is scored.
    rate : int
        Samples per second.
    channels : ndarray float32 [C, n], optional
        What a clip gets to hear, 1 or 2 channels; by default the mono mix.
    """

    pts: int
    samples: NDArray[np.float32]
    rate: int
    channels: NDArray[np.float32] | None = None

    @property
    def audible(self) -> NDArray[np.float32]:
        """What a clip gets to hear [C, n]."""
        return self.samples[None] if self.channels is None else self.channels


Media = VideoFrame | AudioBlock


class Source(Protocol):
    """A source of media: frames and blocks, each in order of their time."""

    def media(self) -> Iterator[Media]:
        """Yield what arrives, as it arrives."""

    def video_end(self) -> int:
        """Return where the last picture's time ends, on the source's clock; known once ``media`` is exhausted."""
