"""What head poses are measured by: optical flow, MediaPipe's own rotations, and points that stay where they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from take5.scoring.head_pose import Cameras

Floats = NDArray[np.float64]

CORNERS = (133, 362)
"""Inner corners of the eyes in MediaPipe's mesh: static, and not among the landmarks that poses are fitted to."""

STRETCHES = 5
"""Parts of a clip from which a static point is found anew."""


def rms(values: NDArray[np.floating]) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(np.square(values))))


def speed_errors(grey: Sequence[NDArray[np.uint8]], tracks: Sequence[Floats]) -> list[float]:
    """How far tracks of points [N, J, 2] move otherwise than the picture, in pixels a frame.

    Of each picture the median over the points of the distance between a point's step and the optical flow (DIS) there;
    of those the RMS over the pictures.
    """
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    off: list[list[float]] = [[] for _ in tracks]
    for number, (before, after) in enumerate(pairwise(grey)):
        field = flow.calc(before, after, np.zeros((*before.shape, 2), np.float32))
        for errors, track in zip(off, tracks, strict=True):
            x, y = track[number].astype(np.float32).T[..., np.newaxis]
            moved = np.asarray(cv2.remap(field, x, y, cv2.INTER_LINEAR))[:, 0]
            errors.append(float(np.median(np.linalg.norm(track[number + 1] - track[number] - moved, axis=1))))
    return [rms(np.array(errors)) for errors in off]


def apart(rotations: Floats, others: Floats) -> float:
    """RMS angle between rotations [N, 3, 3] and others, in degrees, after a constant rotation of the head."""
    between = Rotation.from_matrix(others).inv() * Rotation.from_matrix(rotations)
    return rms(np.rad2deg((between * between.mean().inv()).magnitude()))


@dataclass(frozen=True)
class Turned:
    """By how much turns differ from the truth, RMS in degrees: in the picture's plane, and out of it."""

    within: float
    out: float


def turn_error(rotations: Floats, translations: Floats, rolls: Floats) -> Turned:
    """Compare poses [N] of a picture that is moved and turned in its own plane with its true rolls in radians.

    A picture that is moved shows no other side of the head: its head turns with the line of sight.
    """
    sight = translations / np.linalg.norm(translations, axis=1)[:, np.newaxis]
    aside = Rotation.from_rotvec(np.cross((0.0, 0.0, -1.0), sight))
    true = aside * Rotation.from_rotvec(np.outer(rolls, (0.0, 0.0, 1.0)))
    left = true.inv() * Rotation.from_matrix(rotations)
    off = np.rad2deg((left * left.mean().inv()).as_rotvec())
    return Turned(rms(off[:, 2]), rms(np.linalg.norm(off[:, :2], axis=1)))


@dataclass(frozen=True)
class Fixed:
    """How well static points are found from all pictures.

    Attributes
    ----------
    residual_px : float
        Median distance of a landmark from where the point appears.
    across_mm, depth_mm : float
        Spread of the point over stretches of the clip, along the face and towards the camera (RMS).
    """

    residual_px: float
    across_mm: float
    depth_mm: float


def fixed_points(cameras: Cameras, seen: Floats) -> Fixed:
    """Find static points from their landmarks [N, J, 2] in all pictures, and in each stretch of them."""
    whole = np.stack([_met(cameras, seen[:, j]) for j in range(seen.shape[1])])
    residuals = np.linalg.norm(cameras.project(whole) - seen, axis=2)
    parts = np.array_split(np.arange(len(seen)), min(STRETCHES, len(seen) // 2))
    again = np.stack([[_met(_of(cameras, part), seen[part, j]) for j in range(seen.shape[1])] for part in parts])
    spread = 1000 * (again - again.mean(axis=0))
    return Fixed(float(np.median(residuals)), rms(np.linalg.norm(spread[..., :2], axis=-1)), rms(spread[..., 2]))


def _of(cameras: Cameras, part: NDArray[np.intp]) -> Cameras:
    return Cameras(cameras.rotations[part], cameras.translations[part], cameras.focal, cameras.centre)


def _met(cameras: Cameras, seen: Floats) -> Floats:
    """The point [3] in metres that is nearest to the lines of sight of a landmark [N, 2], in the head's coordinates."""
    sight = np.column_stack([(seen - cameras.centre) * (1.0, -1.0), np.full(len(seen), -cameras.focal)])
    along = np.einsum("nji,nj->ni", cameras.rotations, sight / np.linalg.norm(sight, axis=1)[:, np.newaxis])
    eyes = -np.einsum("nji,nj->ni", cameras.rotations, cameras.translations)
    across = np.eye(3) - along[:, :, np.newaxis] * along[:, np.newaxis]
    return np.asarray(np.linalg.solve(across.sum(axis=0), np.einsum("nij,nj->i", across, eyes)))
