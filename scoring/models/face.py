"""The face in a picture: landmarks, pose and expression, found with MediaPipe's ``FaceLandmarker``.

Scores use VIDEO mode with one face (:class:`FaceTracker`), because the mode affects the score: it smooths the
landmarks, and the jitter of unsmoothed ones is white noise, which motion complexity would measure. The tracker has a
memory, so runs differ until it has settled: begin :data:`~take5.scoring.parameters.LEAD_IN_FRAMES` before the first
frame that counts.

Trainers get what IMAGE mode sees (:class:`FaceReader`): smoothed landmarks lag the picture by up to half a frame.
"""

from contextlib import nullcontext
from dataclasses import dataclass, replace
from operator import index
from pathlib import Path

import numpy as np
import numpy.typing as npt
from mediapipe.tasks.python import BaseOptions, vision

from take5.scoring.errors import ParameterError
from take5.scoring.models.detector import FaceCounter, FaceFinder
from take5.scoring.models.ibug import IBUG_68, LIP_POINTS
from take5.scoring.models.landmarks import Mesh, detect_for_video, detect_in_image
from take5.scoring.models.region import Region
from take5.scoring.models.runtime import Closing, Picture, Quiet, Task, as_image, checked_picture
from take5.scoring.parameters import FPS

__all__ = ["FaceCounter", "FaceFinder", "FaceObservation", "FaceReader", "FaceTracker", "Region", "euler_zyx"]

IBUG = np.array(IBUG_68)

MS_PER_FRAME = 1000 // FPS
"""Milliseconds of one grid frame."""

FIRST_MS = MS_PER_FRAME
"""MediaPipe's time of grid frame 0. Not 0, which its smoothing filter treats as "never": the landmarks of the first
frames then differ by up to 0.2 px (observed). For any other start only the distance between frames matters."""


@dataclass(frozen=True, eq=False)
class FaceObservation:
    """The face observed in one frame.

    Parameters
    ----------
    landmarks : numpy.ndarray
        The 68 iBUG points (x right, y down) in pixels of the picture, float64, shape [68, 2].
    pose : numpy.ndarray
        (yaw, pitch, roll) in degrees, float64, shape [3]; see :func:`euler_zyx`.
    blendshapes : numpy.ndarray
        MediaPipe's 52 coefficients in [0, 1], in its order: ``_neutral`` first; float32, shape [52].
    """

    landmarks: npt.NDArray[np.float64]
    pose: npt.NDArray[np.float64]
    blendshapes: npt.NDArray[np.float32]

    @property
    def lips(self) -> npt.NDArray[np.float64]:
        """Landmarks 48..67, shape [20, 2]."""
        return self.landmarks[LIP_POINTS]


class FaceTracker(Closing):
    """Follows one face through a video.

    Parameters
    ----------
    model_path : pathlib.Path
        ``face_landmarker.task``.
    region : Region, optional
        Part of the pictures to track in, from :class:`~take5.scoring.models.detector.FaceFinder`, for a face
        narrower than about 14 % of the picture, too small for the detector. The pose is then that seen by a camera
        pointed at the region. Default: the whole picture.
    quiet : Quiet
        Suppresses MediaPipe's output; by default nothing does.

    Raises
    ------
    ModelDamaged
        If the file is missing or invalid.
    """

    def __init__(self, model_path: Path, region: Region | None = None, quiet: Quiet = nullcontext) -> None:
        self._task = _landmarker(model_path, vision.RunningMode.VIDEO, quiet)
        self._region = region
        self._last = -1

    def track(self, rgb: Picture, frame: int) -> FaceObservation | None:
        """Track the next frame.

        Parameters
        ----------
        rgb : numpy.ndarray
            Picture, uint8, shape [H, W, 3], of any memory layout.
        frame : int
            Grid frame, above that of the previous call; it represents ``frame`` * 40 ms.

        Returns
        -------
        FaceObservation or None
            None if no face is seen.

        Raises
        ------
        ParameterError
            If the picture or the frame number is invalid, or the tracker is closed.
        """
        rgb = checked_picture(rgb)
        frame = index(frame)
        if frame <= self._last:
            raise ParameterError(f"frame={frame} must be above the frame before, {self._last}")
        region, part = part_of(rgb, self._region)
        mesh = self._task.run(detect_for_video, as_image(part), FIRST_MS + frame * MS_PER_FRAME, settled=bool)
        self._last = frame
        return None if mesh is None else _observation(mesh, region)


class FaceReader(Closing):
    """Sees the face of single pictures, whatever the pictures before: nothing is smoothed, nothing lags.

    Parameters
    ----------
    model_path : pathlib.Path
        ``face_landmarker.task``.
    quiet : Quiet
        Suppresses MediaPipe's output; by default nothing does.

    Raises
    ------
    ModelDamaged
        If the file is missing or invalid.
    """

    def __init__(self, model_path: Path, quiet: Quiet = nullcontext) -> None:
        self._task = _landmarker(model_path, vision.RunningMode.IMAGE, quiet)

    def see(self, rgb: Picture, region: Region | None = None) -> FaceObservation | None:
        """The face in ``rgb`` (uint8, [H, W, 3]), or in a region of it, in pixels of ``rgb``; None without one."""
        region, part = part_of(checked_picture(rgb), region)
        mesh = self._mesh(part)
        return None if mesh is None else _observation(mesh, region)

    def mesh(self, rgb: Picture, region: Region | None = None) -> Mesh | None:
        """The same with all 478 landmarks, in pixels of ``rgb``."""
        region, part = part_of(checked_picture(rgb), region)
        mesh = self._mesh(part)
        return None if mesh is None else replace(mesh, points=_placed(mesh.points, region))

    def _mesh(self, part: Picture) -> Mesh | None:
        return self._task.run(detect_in_image, as_image(part), settled=bool)


def _landmarker(model_path: Path, mode: vision.RunningMode, quiet: Quiet) -> Task:
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(model_path)),
        running_mode=mode,
        num_faces=1,
        output_face_blendshapes=True,
        output_facial_transformation_matrixes=True,
    )
    return Task(model_path, lambda: vision.FaceLandmarker.create_from_options(options), quiet)


def part_of(rgb: Picture, region: Region | None) -> tuple[Region, Picture]:
    """A region, by default the whole picture, and its pixels."""
    region = region or Region(0, 0, rgb.shape[1], rgb.shape[0])
    part = region.crop(rgb)
    if part.shape != (region.height, region.width, 3):
        raise ParameterError(f"{region} does not fit in a picture of {rgb.shape[1]}x{rgb.shape[0]} pixels")
    return region, part


def _observation(mesh: Mesh, region: Region) -> FaceObservation:
    """A face in pixels: normalised * (width, height) + the region's corner."""
    return FaceObservation(
        landmarks=_placed(mesh.points[IBUG], region),
        pose=euler_zyx(mesh.transformation[:3, :3]),
        blendshapes=mesh.blendshapes,
    )


def _placed(points: npt.NDArray[np.float64], region: Region) -> npt.NDArray[np.float64]:
    """Shares of a region's width and height in pixels of the picture."""
    return points * (region.width, region.height) + (region.left, region.top)


def euler_zyx(R: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """ZYX Euler angles of a rotation matrix.

    R = Rz(roll) Ry(yaw) Rx(pitch), hence yaw = -asin(R_20), pitch = atan2(R_21, R_22), roll = atan2(R_10, R_00).
    In MediaPipe's camera space x points to the picture's right, y up and z at the viewer, and all three are 0 for a
    face looking straight into the camera. Positive **yaw** turns the nose to the picture's right (the subject's
    left), positive **pitch** turns it down, positive **roll** turns the head counter-clockwise in the picture.

    Parameters
    ----------
    R : numpy.ndarray
        Rotation matrix, shape [3, 3].

    Returns
    -------
    numpy.ndarray
        (yaw, pitch, roll) in degrees, shape [3]; yaw in [-90, 90], the others in (-180, 180].
    """
    yaw = -np.arcsin(np.clip(R[2, 0], -1.0, 1.0))
    pitch = np.arctan2(R[2, 1], R[2, 2])
    roll = np.arctan2(R[1, 0], R[0, 0])
    return np.rad2deg(np.array([yaw, pitch, roll], dtype=np.float64))
