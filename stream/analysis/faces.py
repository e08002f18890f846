"""One run of the face tracker over a recording, and the region that it tracks in."""

from contextlib import ExitStack
from typing import Self

import numpy as np
from numpy.typing import NDArray

from take5.scoring.models.region import Region
from take5.scoring.parameters import DETECT_EVERY_FRAMES, FPS
from take5.stream.analysis.models import Face, Models, Tracker

SEEK_FRAMES = 10 * FPS
"""How many frames from the beginning to search for a face too small for the tracker."""


class Faces:
    """One run over the faces of a recording: in the region given, or in the one where the first face is found.

    A face too small for the tracker is searched for in every fifth frame of the recording's first ten seconds; after
    that the tracker uses the whole picture.
    """

    def __init__(self, models: Models, region: Region | None = None) -> None:
        self._models = models
        self.region = region
        self._tracker: Tracker | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def track(self, rgb: NDArray[np.uint8], frame: int) -> Face | None:
        """Return the face in the picture of a grid frame; frames increase."""
        if self._tracker is None and not self.seek(rgb, frame):
            return None
        if self._tracker is None:
            self._tracker = self._open.enter_context(self._models.tracker(self.region))
        return self._tracker.track(rgb, frame)

    def count(self, rgb: NDArray[np.uint8]) -> int:
        """Count the faces in the region of this one: 0, 1 or 2 (two or more)."""
        return self._models.counter.count(rgb if self.region is None else self.region.crop(rgb))

    def seek(self, rgb: NDArray[np.uint8], frame: int) -> bool:
        """Search for an unknown region; True if it is known or the search is over."""
        if self.region is None and frame < SEEK_FRAMES and frame % DETECT_EVERY_FRAMES == 0:
            self.region = self._models.finder.find(rgb)
        return self.region is not None or frame >= SEEK_FRAMES
