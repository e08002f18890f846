"""Where the fit of head poses begins: each picture by itself, seen without perspective.

DeMenthon and Davis, "Model-based object pose in 25 lines of code", 1995, the first of their iterations (POS): the
affine map from the head to the picture gives two rows of the rotation, their length the distance.
"""

import numpy as np

from take5.scoring.errors import ParameterError
from take5.scoring.head_pose.camera import Cameras, Floats


def first_poses(seen: Floats, face: Floats, focal: float, centre: tuple[float, float]) -> Cameras:
    """Poses of a known face in N pictures.

    Parameters
    ----------
    seen : ndarray float64 [N, J, 2]
        Its points in pixels.
    face : ndarray float64 [J, 3]
        Its points in metres.
    focal : float
        In pixels.
    centre : tuple of float
        The middle of the picture in pixels.

    Raises
    ------
    ParameterError
        If the points of a picture lie on a line or at one place.
    """
    middle, seen_middle = face.mean(axis=0), seen.mean(axis=1)
    affine = np.linalg.pinv(face - middle) @ (seen - seen_middle[:, np.newaxis])  # [N, 3, 2]
    left, lengths, right = np.linalg.svd(affine, full_matrices=False)
    flat = np.flatnonzero(~(lengths[:, 1] > FLATTEST * lengths[:, 0]))
    if len(flat):
        raise ParameterError(f"the landmarks of frame {flat[0]} lie on a line or at one place: they are not of a face")
    axes = (left @ right).transpose(0, 2, 1) * np.array([[1.0], [-1.0]])  # the picture's y points down
    rotations = np.concatenate([axes, np.cross(axes[:, 0], axes[:, 1])[:, np.newaxis]], axis=1)
    distance = focal / lengths.mean(axis=1)
    across = (seen_middle - centre) * (1.0, -1.0) * (distance / focal)[:, np.newaxis]
    translations = np.column_stack([across, -distance]) - rotations @ middle
    return Cameras(rotations, translations, focal, centre)


FLATTEST = 0.02
"""Least ratio of the two lengths of an affine map."""
