"""What clips, bundles and reports are made of, whether it lies in a file or in a ring."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from take5.scoring.eligibility import Timing
from take5.stream.analysis.frames import FrameObservation
from take5.stream.timeline.media import Picture


class ClipMedia(Protocol):
    """What a clip is made of."""

    def pictures(self, start: int, stop: int) -> Iterator[Picture]:
        """Pictures of grid frames [start, stop)."""

    def sound(self, start: int, stop: int) -> tuple[NDArray[np.float32], int]:
        """What grid frames [start, stop) sound like: float32 [C, n] with 1 or 2 channels, and samples per second."""

    def pcm(self, start: int, stop: int) -> NDArray[np.int16]:
        """What was scored of grid frames [start, stop): 16 kHz, int16 [(stop - start) * 640]."""


class Recording(ClipMedia, Protocol):
    """A recording of which clips and bundles are made."""

    @property
    def frames(self) -> int:
        """Grid frames for which there are pictures and sound."""

    def observations(self, start: int, stop: int) -> Sequence[FrameObservation]:
        """What is seen in grid frames [start, stop); whoever was not looked at is looked at now."""

    def timing_of(self, start: int, stop: int) -> Timing:
        """What is missing in grid frames [start, stop)."""
