"""Head poses from the meshes of single pictures."""

from dataclasses import dataclass, replace

import numpy as np

from take5.scoring.errors import ParameterError
from take5.scoring.head_pose.adjust import STAGES, Adjusted, Estimate, Expected, adjusted
from take5.scoring.head_pose.camera import Cameras, Floats
from take5.scoring.head_pose.focal import expected_focal
from take5.scoring.head_pose.head import RIGID, head_points
from take5.scoring.head_pose.start import first_poses
from take5.scoring.head_pose.steady import steadied

SHAPE_SD = 0.004
"""By how much a coordinate of a person's landmark differs from the canonical face, in metres."""

ALIKE = 100.0
"""How many landmarks count as one when shape and focal length are weighed against what is expected of them. Residuals
of one picture and of the next err alike; with this number, focal lengths from stretches of 5 s agree within what is
stated of them, on four clips."""

ALIKE_IN_PICTURE = 10.0
"""The same once the focal length is known, for poses and shape."""

KNOWN = 1e-4
"""Standard deviation of log f then."""

START_FOCAL = 2.0
"""Focal length that poses are first found with, in sides of the picture."""

WORST = 0.03
"""Largest median residual of landmarks that are a face's, in widths of the face."""


@dataclass(frozen=True, eq=False)
class HeadPose:
    """Poses of a head.

    Attributes
    ----------
    cameras : Cameras
        Of N consecutive pictures.
    shape : ndarray float64 [J, 3]
        This head's landmarks that do not move with speech, in metres.
    focal_log_sd : float
        Standard deviation of the logarithm of the focal length.
    residuals : ndarray float64 [N, J]
        Distances of the landmarks from where the poses put them, in pixels.
    """

    cameras: Cameras
    shape: Floats
    focal_log_sd: float
    residuals: Floats

    @property
    def reprojection_px(self) -> float:
        """Median distance of a landmark from where its pose puts it, in pixels."""
        return float(np.median(self.residuals))

    @property
    def distance_m(self) -> float:
        """Mean distance of the head's origin from the camera's plane, in metres."""
        return float(-self.cameras.translations[:, 2].mean())


def head_pose(
    meshes: Floats,
    size: tuple[int, int],
    canonical: Floats,
    *,
    longer_side: float | None = None,
    more: Floats | None = None,
) -> HeadPose:
    """Find the poses of a head in consecutive pictures.

    Parameters
    ----------
    meshes : ndarray float64 [N, 468 or 478, 2]
        MediaPipe's landmarks, each picture's seen by itself, in pixels.
    size : tuple of int
        Width and height of the pictures in pixels.
    canonical : ndarray float64 [468, 3]
        MediaPipe's canonical face in cm.
    longer_side : float, optional
        Of the whole picture that these are cut from, in their pixels.
    more : ndarray float64 [M, 468 or 478, 2], optional
        Landmarks of other pictures of this head by the same camera, cut and scaled alike, in any order. Where the head
        turns further in them, they help to find shape and focal length.

    Raises
    ------
    ParameterError
        If there is no picture, landmarks are not finite or not of a face, or they are mirrored.
    """
    seen = _rigid(meshes, "frame")
    every = seen if more is None or not len(more) else np.concatenate([seen, _rigid(more, "other picture")])
    face, centre = head_points(canonical[RIGID]), (size[0] / 2, size[1] / 2)
    start = first_poses(every, face, START_FOCAL * max(size), centre)
    _check_facing(start)
    scale = float(np.median(start.focal / -start.translations[:, 2]))
    prior = expected_focal(scale, longer_side, max(size))
    expected = Expected(face, SHAPE_SD, prior.focal, prior.log_sd, ALIKE)
    found = adjusted(Estimate(first_poses(every, face, prior.focal, centre), face), every, expected)
    _check_fit(found.estimate, every)
    known = replace(expected, focal=found.estimate.cameras.focal, focal_log_sd=KNOWN, alike=ALIKE_IN_PICTURE)
    return _steady(adjusted(found.estimate, every, known, STAGES[-1:]), seen, found.focal_log_sd)


def _rigid(meshes: Floats, what: str) -> Floats:
    if meshes.ndim != 3 or meshes.shape[0] == 0 or meshes.shape[1] <= RIGID.max() or meshes.shape[2] != 2:
        raise ParameterError(f"meshes of shape {list(meshes.shape)} must be [pictures, 468 or 478 landmarks, 2]")
    seen = np.asarray(meshes[:, RIGID], np.float64)
    lost = np.flatnonzero(~np.isfinite(seen).all(axis=(1, 2)))
    if len(lost):
        shown = ", ".join(map(str, lost[:5])) + (", ..." if len(lost) > 5 else "")
        raise ParameterError(f"{what} {shown}: landmarks must be finite; leave out pictures without a face")
    return seen


def _check_facing(start: Cameras) -> None:
    away = np.flatnonzero(start.rotations[:, 2, 2] <= 0)
    if len(away):
        raise ParameterError(
            f"the face of frame {away[0]} looks away from the camera: its landmarks are mirrored, or in another order"
        )


def _check_fit(found: Estimate, seen: Floats) -> None:
    width = float(np.median(np.ptp(seen[..., 0], axis=1)))
    off = float(np.median(np.linalg.norm(found.residuals(seen), axis=2)))
    if not off <= WORST * width:
        raise ParameterError(f"landmarks are {off:.1f} px from any pose of one face {width:.0f} px wide: not of a face")


def _steady(found: Adjusted, seen: Floats, focal_log_sd: float) -> HeadPose:
    frames, cameras = len(seen), found.estimate.cameras
    own = replace(cameras, rotations=cameras.rotations[:frames], translations=cameras.translations[:frames])
    steady = steadied(own, found.equations.poses[:frames])
    residuals = np.linalg.norm(steady.project(found.estimate.shape) - seen, axis=2)
    return HeadPose(steady, found.estimate.shape, focal_log_sd, residuals)
