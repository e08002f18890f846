"""Poses that follow each other as heads move: second differences are small, whatever the pictures.

Landmarks of single pictures tremble. Each pose is moved towards its neighbours as far as its own uncertainty allows:
depth and turns out of the picture, which landmarks hardly determine, further than shifts across it. The smoother looks
both ways, so nothing lags (Whittaker, "On a new method of graduation", 1923, with a matrix for each weight).
"""

from dataclasses import replace

import numpy as np
from scipy.linalg import solveh_banded
from scipy.spatial.transform import Rotation

from take5.scoring.head_pose.camera import Cameras, Floats

TURN, SHIFT = np.deg2rad(0.12), 0.00025
"""Standard deviation of a second difference between frames 40 ms apart: radians about each axis, and metres. Of six
strengths tried on four clips and on a shaking head, the one whose motion is nearest to optical flow."""

POSE, NEIGHBOURS = 6, 2
BAND = POSE * NEIGHBOURS


def steadied(cameras: Cameras, information: Floats) -> Cameras:
    """Smooth consecutive poses.

    Parameters
    ----------
    cameras : Cameras
        Of N consecutive pictures.
    information : ndarray float64 [N, 6, 6]
        Inverse covariance of each pose's rotation (radians, in the camera's axes) and translation (metres).
    """
    if len(information) <= NEIGHBOURS:
        return cameras
    rotations = Rotation.from_matrix(cameras.rotations)
    middle = rotations.mean()
    poses = np.column_stack([(rotations * middle.inv()).as_rotvec(), cameras.translations])
    target = np.einsum("nab,nb->na", information, poses).ravel()
    smooth = solveh_banded(_banded(information), target).reshape(-1, POSE)
    turned = (Rotation.from_rotvec(smooth[:, :3]) * middle).as_matrix()
    return replace(cameras, rotations=turned, translations=smooth[:, 3:])


def _banded(information: Floats) -> Floats:
    """Upper bands of the equations, as ``solveh_banded`` reads them."""
    frames = len(information)
    bands = np.zeros((BAND + 1, frames * POSE))
    for row in range(POSE):
        for column in range(row, POSE):
            bands[BAND + row - column, column::POSE] = information[:, row, column]
    differences = np.diff(np.eye(frames), n=NEIGHBOURS, axis=0)
    penalty = differences.T @ differences
    strength = np.repeat([TURN**-2, SHIFT**-2], POSE // 2)
    for apart in range(NEIGHBOURS + 1):
        coupled = np.outer(np.diag(penalty, apart), strength)
        bands[BAND - POSE * apart, POSE * apart :] += coupled.ravel()
    return bands
