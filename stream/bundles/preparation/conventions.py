"""Axes, angles and units in which the trainers' own head tracking writes poses.

All six descend from one tracker. Its camera is that of :mod:`take5.scoring.head_pose.camera`, and so are the axes of
its head; its angles are those of R = Rx(theta) Ry(phi) Rz(-psi), in radians. Translations in ``track_params.pt`` are
in units of its face model: decimetres, with SyncTalk millimetres. Its step to ``transforms_*.json`` makes metres of
them, and turns poses of the head into poses of a camera around the head.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from take5.scoring.head_pose import Cameras

Floats = NDArray[np.float64]

DECIMETRES, MILLIMETRES = 10.0, 1000.0
"""Units of a face model in a metre."""


def euler_angles(rotations: Floats) -> Floats:
    """Angles (theta, phi, psi) [N, 3] in radians of rotations [N, 3, 3] from the head to the camera."""
    return np.asarray(Rotation.from_matrix(rotations).as_euler("XYZ") * (1.0, 1.0, -1.0))


def camera_poses(cameras: Cameras) -> Floats:
    """Poses [N, 4, 4] of the camera in the head's coordinates, in metres."""
    back = cameras.rotations.transpose(0, 2, 1)
    poses = np.tile(np.eye(4), (len(back), 1, 1))
    poses[:, :3, :3] = back
    poses[:, :3, 3:] = -back @ cameras.translations[:, :, np.newaxis]
    return poses
