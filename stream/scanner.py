"""What is seen in each grid frame: the tracked face, the sparse count of faces, damage and repetition."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from take5.scoring.algorithm1 import camera_views, motion_complexity
from take5.scoring.eligibility import Looks, Timing, look_reasons, timing_reasons
from take5.scoring.models.audio import AudioEncoder
from take5.scoring.models.region import Region
from take5.scoring.parameters import FPS, LEAD_IN_FRAMES, LOOK_EVERY_FRAMES, Parameters
from take5.scoring.score import WindowScore
from take5.scoring.window import JudgedWindow
from take5.stream.grid import GridFrame
from take5.stream.media import AnyFrame, Picture, UnseenFrame

SEEK_FRAMES = 10 * FPS
"""So much of the beginning is searched for a face too small for the tracker."""

NO_LIPS = np.full((20, 2), np.nan)
NO_POSE = np.full(3, np.nan)


class Face(Protocol):
    """What the tracker says of a face."""

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
    resized: bool = False
    seen: bool = True

    @property
    def lips(self) -> NDArray[np.float64]:
        """Lip landmarks [20, 2], NaN without a face."""
        return NO_LIPS if self.face is None else self.face.lips

    @property
    def pose(self) -> NDArray[np.float64]:
        """Yaw, pitch, roll [3], NaN without a face."""
        return NO_POSE if self.face is None else self.face.pose


UNDECODABLE = FrameLook(face=None, faces=-1, damaged=True, missing=False, repeats=())
"""What is known of a frame that was promised and that no decoder delivers."""


class FrameScanner:
    """Looks at grid frames in order: one run of the tracker.

    After frames that nobody decoded the tracker has to settle again: so many looks do not count as looks.
    """

    def __init__(self, faces: Faces) -> None:
        self._faces = faces
        self._digest: int | None = None
        self._size: tuple[int, int] | None = None
        self._settling = 0

    def look(self, frame: GridFrame[AnyFrame]) -> FrameLook:
        """Look at the next grid frame."""
        repeats = tuple(self._repeats(source) for source in frame.arrived)
        shown = frame.shown
        if isinstance(shown, UnseenFrame) or None in repeats:
            self._settling = LEAD_IN_FRAMES
            return unseen(frame.missing)
        rgb = shown.picture.rgb()
        look = FrameLook(
            face=self._faces.track(rgb, frame.index),
            faces=self._faces.count(rgb) if frame.index % LOOK_EVERY_FRAMES == 0 else -1,
            damaged=shown.damaged,
            missing=frame.missing,
            repeats=tuple(bool(repeat) for repeat in repeats),
            resized=self._resized(shown.picture),
            seen=not self._settling,
        )
        self._settling = max(0, self._settling - 1)
        return look

    def _repeats(self, source: AnyFrame) -> bool | None:
        """Whether a source frame is identical to the one before it; None where nobody decoded it."""
        digest, self._digest = self._digest, None if isinstance(source, UnseenFrame) else source.picture.digest
        return None if self._digest is None else digest == self._digest

    def _resized(self, picture: Picture) -> bool:
        size, self._size = self._size, picture.size
        return size is not None and size != self._size


def unseen(missing: bool) -> FrameLook:
    """Return what is known of a grid frame that nobody looked at."""
    return FrameLook(face=None, faces=-1, damaged=False, missing=missing, repeats=(), seen=False)


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
            resized=np.array([look.resized for look in looks]),
            seen=np.array([look.seen for look in looks]),
        ),
    )


def judge_window(
    window: WindowScore, looks: Sequence[FrameLook], timing: Timing, parameters: Parameters
) -> JudgedWindow:
    """Score the motion of a window whose grid frames have all been looked at, and decide whether it may win."""
    lips, pose, seen = stack_looks(looks)
    motion = views = None
    if seen.tracked.all():
        motion, views = motion_complexity(lips, parameters.hfr_threshold), camera_views(pose)
    reasons = (*timing_reasons(timing, window.start), *look_reasons(seen, motion, window.start))
    return JudgedWindow(replace(window, motion=motion, views=views), reasons)
