"""The footage of a bundle: the window, the frames after it that a trainer validates on, and their faces."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from take5.scoring.eligibility import observation_reasons, timing_reasons
from take5.scoring.errors import NoFace, NoIdle
from take5.scoring.gates.findings import Finding
from take5.scoring.idle import Idle
from take5.scoring.parameters import FPS, frames_after
from take5.stream.analysis.frames import FrameObservation, stack_observations
from take5.stream.analysis.models import Face
from take5.stream.recording.base import Recording

SPLIT = (10, 11)
"""Trainers train on the first ``N * 10 // 11`` of N frames."""


HOW_TO_IDLE = (
    "look into the camera for 5 s, still and silent, with closed lips (take5 webcam and take5 serve ask for it with "
    "--ask-idle 20), or give a clip of that to take5 bundle"
)
IDLE_REMARK = "the idle clip, in the whole picture: not the window that was scored"


@dataclass(frozen=True)
class Footage:
    """N frames of one face with their sound.

    Attributes
    ----------
    material : Recording
        Pictures and sound.
    start, frames : int
        First grid frame, and N.
    landmarks : ndarray float64 [N, 68, 2]
        iBUG points in pixels of the upright pictures.
    blendshapes : ndarray float32 [N, 52]
        MediaPipe's, ``_neutral`` first.
    note : str
        Why there are no validation frames after the window, or empty.
    remark : str
        Anything else to be said of what it shows.
    """

    material: Recording
    start: int
    frames: int
    landmarks: NDArray[np.float64]
    blendshapes: NDArray[np.float32]
    note: str = ""
    remark: str = ""

    @property
    def stop(self) -> int:
        """The grid frame after the last."""
        return self.start + self.frames

    @property
    def train(self) -> int:
        """Frames that trainers train on: the first 10/11."""
        return self.frames * SPLIT[0] // SPLIT[1]

    def after(self, frames: int) -> "Footage":
        """The same without its first frames."""
        left = self.landmarks[frames:], self.blendshapes[frames:]
        return Footage(self.material, self.start + frames, self.frames - frames, *left, self.note, self.remark)

    @cached_property
    def pcm(self) -> NDArray[np.int16]:
        """Sound at 16 kHz [N * 640]."""
        return self.material.pcm(self.start, self.stop)


def footage(recording: Recording, start: int, window_frames: int) -> Footage:
    """Footage of a window, with the frames after it, a tenth of it, if each of them meets the window's rules.

    Raises
    ------
    NoFace
        If a frame of the window has no face: trainers stop at it.
    """
    note = _why_not_after(recording, start, start + window_frames)
    stop = start + window_frames + (0 if note else frames_after(window_frames))
    return whole(recording, start, stop, note)


def whole(recording: Recording, start: int, stop: int, note: str = "") -> Footage:
    """Footage of grid frames [start, stop) as they are; each of them must have a face."""
    faces = [_face(one, frame) for frame, one in enumerate(recording.observations(start, stop), start)]
    landmarks = np.stack([face.landmarks for face in faces])
    return Footage(recording, start, stop - start, landmarks, np.stack([face.blendshapes for face in faces]), note)


def idle_footage(recording: Recording, idle: Idle | None, title: str) -> Footage:
    """Footage of the idle clip.

    Raises
    ------
    NoIdle
        If there is none.
    """
    if idle is None:
        raise NoIdle(f"{title} wants the idle clip, and there is none: {HOW_TO_IDLE}")
    return replace(whole(recording, idle.start, idle.stop), remark=IDLE_REMARK)


def _face(observation: FrameObservation, frame: int) -> Face:
    if observation.face is None:
        raise NoFace(
            f"no face in the picture at {frame / FPS:.2f} s: trainers stop at a frame without one; "
            "cut the clip so that every frame shows the face"
        )
    return observation.face


def _why_not_after(recording: Recording, start: int, window_stop: int) -> str:
    """Why the frames after a window cannot be validated on; empty if they can."""
    needed = frames_after(window_stop - start)
    after = window_stop + needed
    if recording.frames < after:
        left = max(0, recording.frames - window_stop)
        return f"the recording ends {left} frames after the window; {needed} are needed"
    # Include the window's last second: a picture that freezes at its end is recognised by the frames before.
    first = max(start, window_stop - FPS)
    seen = stack_observations(recording.observations(first, after))
    reasons = [*timing_reasons(recording.timing_of(first, after), first), *observation_reasons(seen, None, first)]
    late = next((reason for reason in reasons if reason.stop > window_stop), None)
    return "" if late is None else _described(late, needed)


def _described(reason: Finding, needed: int) -> str:
    when = f"{reason.start / FPS:.2f} s"
    return f"one of the {needed} frames after the window cannot be used: {reason.code} at {when}"
