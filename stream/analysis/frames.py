"""Observations of each grid frame: the tracked face, the sparse count of faces, damage and repetition."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from take5.scoring.eligibility import Observations, Timing
from take5.scoring.gates.change import FaceChange
from take5.scoring.gates.measures import UNOBSERVED, FrameMeasures, measure_frame
from take5.scoring.gates.sound import SoundMeasures
from take5.scoring.parameters import DETECT_EVERY_FRAMES, LEAD_IN_FRAMES
from take5.scoring.stretch import Stretch
from take5.stream.analysis.faces import Faces
from take5.stream.analysis.models import Face
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.grid import GridFrame
from take5.stream.timeline.media import AnyFrame, Picture, UnseenFrame, VideoFrame

NO_LIPS = np.full((20, 2), np.nan)
NO_POSE = np.full(3, np.nan)


@dataclass(frozen=True)
class FrameObservation:
    """What was seen in one grid frame.

    See :class:`take5.scoring.eligibility.Observations` for the shared fields.
    """

    face: Face | None
    faces: int
    damaged: bool
    missing: bool
    repeats: tuple[bool, ...]
    resized: bool = False
    seen: bool = True
    measures: FrameMeasures = UNOBSERVED

    @property
    def lips(self) -> NDArray[np.float64]:
        """Lip landmarks [20, 2], NaN without a face."""
        return NO_LIPS if self.face is None else self.face.lips

    @property
    def pose(self) -> NDArray[np.float64]:
        """Yaw, pitch, roll [3], NaN without a face."""
        return NO_POSE if self.face is None else self.face.pose


UNDECODABLE = FrameObservation(face=None, faces=-1, damaged=True, missing=False, repeats=())
"""Observation of an expected frame that could not be decoded."""


class FrameScanner:
    """Analyses grid frames in order: one run of the tracker.

    After frames that were not decoded the tracker must settle again: observations of a lead-in are marked unseen.
    """

    def __init__(self, faces: Faces) -> None:
        self._faces = faces
        self._digest: int | None = None
        self._size: tuple[int, int] | None = None
        self._settling = 0
        self._shown: int | None = None
        self._change = FaceChange()

    def observe(self, frame: GridFrame[AnyFrame]) -> FrameObservation:
        """Analyse the next grid frame."""
        repeats = tuple(self._repeats(source) for source in frame.arrived)
        shown = frame.shown
        if isinstance(shown, UnseenFrame) or None in repeats:
            self._settling, self._shown = LEAD_IN_FRAMES, None
            self._change.start_again()
            return unseen(frame.missing)
        rgb = shown.picture.rgb()
        face = self._faces.track(rgb, frame.index)
        observation = FrameObservation(
            face=face,
            faces=self._faces.count(rgb) if frame.index % DETECT_EVERY_FRAMES == 0 else -1,
            damaged=shown.damaged,
            missing=frame.missing,
            repeats=tuple(bool(repeat) for repeat in repeats),
            resized=self._resized(shown.picture),
            seen=not self._settling,
            measures=self._measured(shown, rgb, face),
        )
        self._settling = max(0, self._settling - 1)
        return observation

    def _measured(self, shown: VideoFrame, rgb: NDArray[np.uint8], face: Face | None) -> FrameMeasures:
        before, self._shown = self._shown, shown.pts
        step_ms = math.nan if before is None else (shown.pts - before) * 1000 / FLICKS
        change = self._change.push(rgb, None if face is None else face.landmarks)
        return measure_frame(rgb, face, step_ms, change)

    def _repeats(self, source: AnyFrame) -> bool | None:
        """Whether a source frame is identical to the one before it; None if it was not decoded."""
        digest, self._digest = self._digest, None if isinstance(source, UnseenFrame) else source.picture.digest
        return None if self._digest is None else digest == self._digest

    def _resized(self, picture: Picture) -> bool:
        size, self._size = self._size, picture.size
        return size is not None and size != self._size


def unseen(missing: bool) -> FrameObservation:
    """Return the observation of a grid frame that was not analysed."""
    return FrameObservation(face=None, faces=-1, damaged=False, missing=missing, repeats=(), seen=False)


def stack_observations(frames: Sequence[FrameObservation]) -> Observations:
    """What eligibility needs of n grid frames."""
    return Observations(
        tracked=np.array([frame.face is not None for frame in frames]),
        faces=np.array([frame.faces for frame in frames], dtype=np.int8),
        damaged=np.array([frame.damaged for frame in frames]),
        repeats=tuple(frame.repeats for frame in frames),
        resized=np.array([frame.resized for frame in frames]),
        seen=np.array([frame.seen for frame in frames]),
    )


def stretch_of(frames: Sequence[FrameObservation], timing: Timing, sound: SoundMeasures) -> Stretch:
    """What was seen and heard in n grid frames."""
    return Stretch(
        measures=FrameMeasures.concatenate([frame.measures for frame in frames]),
        sound=sound,
        lips=np.stack([frame.lips for frame in frames]),
        pose=np.stack([frame.pose for frame in frames]),
        observations=stack_observations(frames),
        timing=timing,
    )
