"""What sources deliver: pictures and sound with their time, in flicks on the source's own clock."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from take5.stream.timeline.clock import FLICKS


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
class UnseenFrame:
    """A source frame that was not decoded: only its time is known."""

    pts: int


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
    lost_before : bool
        Sound before it was lost on the way.
    """

    pts: int
    samples: NDArray[np.float32]
    rate: int
    channels: NDArray[np.float32] | None = None
    lost_before: bool = False

    @property
    def end(self) -> int:
        """Time of the sample after its last, in flicks."""
        return self.pts + len(self.samples) * FLICKS // self.rate

    @property
    def audible(self) -> NDArray[np.float32]:
        """What a clip gets to hear [C, n]."""
        return self.samples[None] if self.channels is None else self.channels


@dataclass(frozen=True)
class AccessUnit:
    """One encoded picture as it was received.

    Attributes
    ----------
    pts : int
        When it is shown, in flicks on the source's clock.
    data : bytes
        Its bytes.
    keyframe : bool
        Decoding can begin with it.
    lost_before : bool
        Units before it were lost on the way: until the next keyframe, pictures are damaged.
    quarter_turns : int
        Counterclockwise quarter turns that bring it upright, beyond those of its format.
    extradata : bytes, optional
        Of a keyframe, if the decoder's extradata differ from its format's from here on.
    """

    pts: int
    data: bytes
    keyframe: bool
    lost_before: bool = False
    quarter_turns: int = 0
    extradata: bytes | None = None


@dataclass(frozen=True)
class StatedPicture:
    """What a file states of its pictures, for codecs whose units do not.

    Attributes
    ----------
    codec_tag : str
        The file's name of the codec.
    width, height : int
        As coded.
    layout : str or None
        FFmpeg's name of the pixel format.
    colours : tuple of int
        FFmpeg's numbers of matrix, range, primaries and transfer function.
    """

    codec_tag: str
    width: int
    height: int
    layout: str | None
    colours: tuple[int, int, int, int]


@dataclass(frozen=True)
class UnitFormat:
    """What a decoder of access units has to know: FFmpeg's name of the codec, and its extradata.

    Pictures have pixels of width over height ``aspect``; they are mirrored left to right if ``mirrored``, and turned
    counterclockwise by ``quarter_turns``. What arrives live is never mirrored.
    """

    codec: str
    extradata: bytes | None
    aspect: Fraction = Fraction(1)
    quarter_turns: int = 0
    mirrored: bool = False
    stated: StatedPicture | None = None


AnyFrame = VideoFrame | UnseenFrame

Timed = AnyFrame | AudioBlock
"""What the aligner places."""

Received = AccessUnit | AudioBlock
"""What a live source delivers: nothing decoded but the sound."""

Media = Timed | AccessUnit
