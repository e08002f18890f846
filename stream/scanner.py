"""What is seen in each grid frame: the tracked face, the sparse count of faces, damage and repetition."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from take5.scoring.eligibility import Looks
from take5.scoring.models.audio import AudioEncoder
from take5.scoring.models.region import Region
from take5.scoring.parameters import FPS, LOOK_EVERY_FRAMES
from take5.stream.grid import GridFrame
from take5.stream.media import VideoFrame

SEEK_FRAMES = 10 * FPS
"""So much of the beginning is searched for a face too small for the tracker."""

NO_LIPS = np.full((20, 2), np.nan)
NO_POSE = np.full(3, np.nan)


class Face(Protocol):
    """What the tracker says of a face."""

    @property
    def lips(self) -> NDArray[np.float64]:
        """Lip landmarks iBUG 48..67 [20, 2] in pixels of the picture given."""

    @property
    def pose(self) -> NDArray[np.float64]:
        """Yaw, pitch, roll in degrees [3]."""


class Tracker(Protocol):
    """Follows one face from frame to frame."""

    def track(self, rgb: NDArray[np.uint8], frame: int) -> Face | None:
        """Return the face in the picture of a grid frame; frames increase."""


class Finder(Protocol):
    """Finds the part of a picture in which the tracker sees the face."""

    def find(self, rgb: NDArray[np.uint8]) -> Region | None:
        """Return the whole picture, a part of it where the face is small, or None without a face."""


class Counter(Protocol):
    """Counts the faces in one picture."""

    def count(self, rgb: NDArray[np.uint8]) -> int:
        """Return 0, 1 or 2 (two or more)."""


@dataclass(frozen=True)
class Models:
    """What looks and listens. Each run of the tracker is a new one, since it has a memory."""

    encoder: AudioEncoder
    tracker: Callable[[Region | None], AbstractContextManager[Tracker]]
    counter: Counter
    finder: Finder


class Faces:
    """One run of looks at faces: in the region given, or in the one where the first face is found.

    A face too small for the tracker is looked for with a closer look at the frames divisible by 5 of the recording's
    first ten seconds; after that the tracker has to do with the whole picture.
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
        """Return how many faces there are where this one is: 0, 1 or 2 (two or more)."""
        return self._models.counter.count(rgb if self.region is None else self.region.crop(rgb))

    def seek(self, rgb: NDArray[np.uint8], frame: int) -> bool:
        """Look for the region if it is not known; True if it is now, or will not be looked for any more."""
        if self.region is None and frame < SEEK_FRAMES and frame % LOOK_EVERY_FRAMES == 0:
            self.region = self._models.finder.find(rgb)
        return self.region is not None or frame >= SEEK_FRAMES


@dataclass(frozen=True)
class FrameLook:
    """What was seen in one grid frame; see :class:`take5.scoring.eligibility.Looks` for the fields that it shares."""

    face: Face | None
    faces: int
    damaged: bool
    missing: bool
    repeats: tuple[bool, ...]

    @property
    def lips(self) -> NDArray[np.float64]:
        """Lip landmarks [20, 2], NaN without a face."""
        return NO_LIPS if self.face is None else self.face.lips

    @property
    def pose(self) -> NDArray[np.float64]:
        """Yaw, pitch, roll [3], NaN without a face."""
        return NO_POSE if self.face is None else self.face.pose


class FrameScanner:
    """Looks at grid frames in order: one run of the tracker."""

    def __init__(self, faces: Faces) -> None:
        self._faces = faces
        self._digest: int | None = None

    def look(self, frame: GridFrame[VideoFrame]) -> FrameLook:
        """Look at the next grid frame."""
        repeats = tuple(self._repeats(source) for source in frame.arrived)
        rgb = frame.shown.picture.rgb()
        return FrameLook(
            face=self._faces.track(rgb, frame.index),
            faces=self._faces.count(rgb) if frame.index % LOOK_EVERY_FRAMES == 0 else -1,
            damaged=frame.shown.damaged,
            missing=frame.missing,
            repeats=repeats,
        )

    def _repeats(self, source: VideoFrame) -> bool:
        digest, self._digest = self._digest, source.picture.digest
        return digest == self._digest


def stack_looks(looks: Sequence[FrameLook]) -> tuple[NDArray[np.float64], NDArray[np.float64], Looks]:
    """Lips [n, 20, 2], pose [n, 3] and what eligibility needs of n grid frames."""
    return (
        np.stack([look.lips for look in looks]),
        np.stack([look.pose for look in looks]),
        Looks(
            tracked=np.array([look.face is not None for look in looks]),
            faces=np.array([look.faces for look in looks], dtype=np.int8),
            damaged=np.array([look.damaged for look in looks]),
            repeats=tuple(look.repeats for look in looks),
        ),
    )
