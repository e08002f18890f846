"""One run of the face tracker over a recording, and the region that it tracks in."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from take5.scoring.models.region import Framing, Region, framing_of
from take5.scoring.parameters import DETECT_EVERY_FRAMES, FPS
from take5.stream.analysis.models import Face, Models, Tracker

SEEK_FRAMES = 10 * FPS
"""How many frames from the beginning, or from a change of size, to search for a face too small for the tracker."""

MOST_FRAMINGS = 1000
"""How many changes of size to remember."""


class Faces:
    """One run over the faces of a recording: in known regions, or in the one where the first face is found.

    A face too small for the tracker is searched for in every fifth frame of the first ten seconds; after that the
    tracker uses the whole picture. When the size of the picture changes, both begin again.

    Parameters
    ----------
    models : Models
        The networks.
    known : sequence of Framing
        Regions that another run has found, in order of time.
    """

    def __init__(self, models: Models, known: Sequence[Framing] = ()) -> None:
        self._models, self._known = models, known
        self.framings: list[Framing] = []
        self._tracker: Tracker | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def region(self) -> Region | None:
        """The region in use; None if no face has been found."""
        return self.framings[-1].region if self.framings else None

    def track(self, rgb: NDArray[np.uint8], frame: int) -> Face | None:
        """Return the face in the picture of a grid frame; frames increase."""
        if not self.seek(rgb, frame):
            return None
        if self._tracker is None:
            self._tracker = self._open.enter_context(self._models.tracker(self.region))
        return self._tracker.track(rgb, frame)

    def count(self, rgb: NDArray[np.uint8]) -> int:
        """Count the faces in the region of the latest picture: 0, 1 or 2 (two or more)."""
        return self._models.counter.count(rgb if self.region is None else self.region.crop(rgb))

    def seek(self, rgb: NDArray[np.uint8], frame: int) -> bool:
        """Search for an unknown region; True if it is known or the search is over."""
        if not self.framings or not self.framings[-1].fits(rgb):
            self._begin(rgb, frame)
        if self._tracker is not None:
            return True
        framing = self.framings[-1]
        age = frame - framing.start
        searching = age < SEEK_FRAMES
        if framing.region is None and searching and age % DETECT_EVERY_FRAMES == 0:
            framing = self.framings[-1] = replace(framing, region=self._models.finder.find(rgb))
        return framing.region is not None or not searching

    def _begin(self, rgb: NDArray[np.uint8], frame: int) -> None:
        """Begin with pictures of another size."""
        self._open.close()
        self._tracker = None
        known = framing_of(self._known, rgb, frame)
        self.framings.append(known or Framing(frame, rgb.shape[1], rgb.shape[0]))
        del self.framings[:-MOST_FRAMINGS]
