"""What is seen in each grid frame: the tracked face, the sparse count of faces, damage and repetition."""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from take5.scoring.algorithm1 import camera_views, motion_complexity
from take5.scoring.eligibility import Looks, Timing
from take5.scoring.gates.measures import NOT_LOOKED_AT, FrameMeasures, measure_frame
from take5.scoring.gates.sound import SoundMeasures, SpeechStream
from take5.scoring.judging import JudgedWindow, heard_findings, judged, seen_findings
from take5.scoring.models.audio import AudioEncoder
from take5.scoring.models.region import Region
from take5.scoring.parameters import FPS, LEAD_IN_FRAMES, LOOK_EVERY_FRAMES
from take5.scoring.score import WindowScore
from take5.scoring.stretch import Stretch
from take5.stream.clock import TICKS
from take5.stream.grid import GridFrame
from take5.stream.media import AnyFrame, Picture, UnseenFrame, VideoFrame
from take5.stream.selection import Settings

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
    """What looks and listens. Each run of the tracker, and of ``speech``, is a new one, since it has a memory."""

    encoder: AudioEncoder
    tracker: Callable[[Region | None], AbstractContextManager[Tracker]]
    counter: Counter
    finder: Finder
    speech: Callable[[], SpeechStream]


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
    measures: FrameMeasures = NOT_LOOKED_AT

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
        self._shown: int | None = None

    def look(self, frame: GridFrame[AnyFrame]) -> FrameLook:
        """Look at the next grid frame."""
        repeats = tuple(self._repeats(source) for source in frame.arrived)
        shown = frame.shown
        if isinstance(shown, UnseenFrame) or None in repeats:
            self._settling, self._shown = LEAD_IN_FRAMES, None
            return unseen(frame.missing)
        rgb = shown.picture.rgb()
        face = self._faces.track(rgb, frame.index)
        look = FrameLook(
            face=face,
            faces=self._faces.count(rgb) if frame.index % LOOK_EVERY_FRAMES == 0 else -1,
            damaged=shown.damaged,
            missing=frame.missing,
            repeats=tuple(bool(repeat) for repeat in repeats),
            resized=self._resized(shown.picture),
            seen=not self._settling,
            measures=self._measured(shown, rgb, face),
        )
        self._settling = max(0, self._settling - 1)
        return look

    def _measured(self, shown: VideoFrame, rgb: NDArray[np.uint8], face: Face | None) -> FrameMeasures:
        before, self._shown = self._shown, shown.pts
        step_ms = math.nan if before is None else (shown.pts - before) * 1000 / TICKS
        return measure_frame(rgb, face, step_ms)

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


@dataclass(frozen=True)
class Stacked:
    """What was seen in n grid frames: lips [n, 20, 2], pose [n, 3], what eligibility needs, and what gates measure."""

    lips: NDArray[np.float64]
    pose: NDArray[np.float64]
    looks: Looks
    measures: FrameMeasures

    def with_sound(self, timing: Timing, sound: SoundMeasures) -> Stretch:
        """What was seen and heard."""
        return Stretch(self.measures, sound, self.lips, self.looks, timing)


def stack_looks(looks: Sequence[FrameLook]) -> Stacked:
    """Put the looks at n grid frames side by side."""
    return Stacked(
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
        FrameMeasures.concatenate([look.measures for look in looks]),
    )


def judge_window(
    window: WindowScore, looks: Sequence[FrameLook], timing: Timing, sound: SoundMeasures, settings: Settings
) -> JudgedWindow:
    """Score the motion of a window whose grid frames have all been looked at, and decide whether it may win."""
    stacked, start, gates = stack_looks(looks), window.start, settings.gates
    motion = views = None
    if stacked.looks.tracked.all():
        motion = motion_complexity(stacked.lips, settings.parameters.hfr_threshold)
        views = camera_views(stacked.pose)
    seen = seen_findings(stacked.with_sound(timing, sound), motion, start, gates)
    score = replace(window, motion=motion, views=views)
    return judged(score, [*heard_findings(timing, sound, start, gates), *seen])
