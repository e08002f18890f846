"""The common interface of recordings, in a file or in a ring."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from take5.scoring.eligibility import Timing
from take5.stream.analysis.frames import FrameObservation
from take5.stream.timeline.media import Picture


class ClipMedia(Protocol):
    """The media of a clip."""

    def pictures(self, start: int, stop: int) -> Iterator[Picture]:
        """Pictures of grid frames [start, stop)."""

    def sound(self, start: int, stop: int) -> tuple[NDArray[np.float32], int]:
        """Sound of grid frames [start, stop): float32 [C, n] with 1 or 2 channels, and samples per second."""

    def pcm(self, start: int, stop: int) -> NDArray[np.int16]:
        """Scored sound of grid frames [start, stop): 16 kHz, int16 [(stop - start) * 640]."""


class Recording(ClipMedia, Protocol):
    """A recording from which clips and bundles are made."""

    @property
    def frames(self) -> int:
        """Number of grid frames with both picture and sound."""

    def spread(self, start: int, stop: int) -> Iterator[Picture]:
        """A few pictures that are spread over the rest of the recording, without grid frames [start, stop)."""

    def observations(self, start: int, stop: int) -> Sequence[FrameObservation]:
        """Observations of grid frames [start, stop); frames not analysed yet are analysed on demand."""

    def timing_of(self, start: int, stop: int) -> Timing:
        """What is missing in grid frames [start, stop)."""
