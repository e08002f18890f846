"""The models in use: protocols of tracker, finder and counter, and the set that a recording is scored with."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from take5.scoring.gates.sound import SpeechStream
from take5.scoring.models.audio import AudioEncoder
from take5.scoring.models.region import Region
from take5.scoring.models.trackers import MEDIAPIPE


class Face(Protocol):
    """A tracked face."""

    @property
    def landmarks(self) -> NDArray[np.float64]:
        """Landmarks [68, 2], iBUG's, in pixels of the picture given."""

    @property
    def blendshapes(self) -> NDArray[np.float32]:
        """MediaPipe's coefficients [52], ``_neutral`` first."""

    @property
    def lips(self) -> NDArray[np.float64]:
        """Landmarks 48..67 [20, 2]."""

    @property
    def pose(self) -> NDArray[np.float64]:
        """Yaw, pitch, roll in degrees [3]."""


class Tracker(Protocol):
    """Follows one face from frame to frame."""

    def track(self, rgb: NDArray[np.uint8], frame: int) -> Face | None:
        """Return the face in the picture of a grid frame; frames increase."""


class Reader(Protocol):
    """Sees the face of single pictures, unsmoothed."""

    def see(self, rgb: NDArray[np.uint8], region: Region | None = None) -> Face | None:
        """Return the face in a picture, or in a region of it, in pixels of the picture."""


class Finder(Protocol):
    """Finds the part of a picture in which the tracker sees the face."""

    def find(self, rgb: NDArray[np.uint8]) -> Region | None:
        """Return the whole picture, a part of it if the face is small, or None without a face."""


class Counter(Protocol):
    """Counts the faces in one picture."""

    def count(self, rgb: NDArray[np.uint8]) -> int:
        """Return 0, 1 or 2 (two or more)."""


@dataclass(frozen=True)
class Models:
    """The loaded models. Each run creates its own tracker and speech detector, since they have a memory.

    ``reader`` opens what sees the faces of a bundle. ``tracker_name`` says whose numbers they are.
    """

    encoder: AudioEncoder
    tracker: Callable[[Region | None], AbstractContextManager[Tracker]]
    counter: Counter
    finder: Finder
    speech: Callable[[], SpeechStream]
    reader: Callable[[], AbstractContextManager[Reader]]
    tracker_name: str = MEDIAPIPE
