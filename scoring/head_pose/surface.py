"""The whole face, as it looks on average: its landmarks from all pictures, and points spread over it."""

import numpy as np
import numpy.typing as npt

from take5.scoring.head_pose.camera import Cameras, Floats

PASSES = 4
"""Steps of Gauss and Newton; the problem of one point is nearly linear."""

HELD = 0.01
"""How strongly a point is held where it is expected, relative to what the pictures say of it: enough where all of them
are taken from one side."""


def average_face(cameras: Cameras, seen: Floats, expected: Floats) -> Floats:
    """Where each landmark is on average, from its places in all pictures (intersection).

    Parameters
    ----------
    cameras : Cameras
        Of N pictures.
    seen : ndarray float64 [N, J, 2]
        Landmarks in pixels.
    expected : ndarray float64 [J, 3]
        Where they are expected, in metres.

    Returns
    -------
    ndarray float64 [J, 3]
        Metres.
    """
    points = expected
    for _ in range(PASSES):
        slopes = cameras.slopes(points)
        residuals = slopes.seen - seen
        squares = (residuals**2).sum(axis=2)
        weights = 1 / (1 + squares / np.maximum(np.median(squares, axis=0), 1e-12))
        information = np.einsum("njap,njaq,nj->jpq", slopes.by_point, slopes.by_point, weights)
        gradient = np.einsum("njap,nja,nj->jp", slopes.by_point, residuals, weights)
        held = HELD / 3 * np.trace(information, axis1=1, axis2=2)[:, np.newaxis]
        both = information + held[..., np.newaxis] * np.eye(3)
        points = points - np.linalg.solve(both, (gradient + held * (points - expected))[..., np.newaxis])[..., 0]
    return points


def spread_points(vertices: Floats, triangles: npt.NDArray[np.intp], count: int, seed: int = 0) -> Floats:
    """Points [count, 3] spread evenly, but at random, over a surface of vertices [J, 3] and triangles [T, 3]."""
    chance = np.random.default_rng(seed)
    corners = vertices[triangles]
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    chosen = corners[chance.choice(len(triangles), count, p=areas / areas.sum())]
    first, second = chance.random((2, count, 1))
    root = np.sqrt(first)  # evenly over a triangle: Osada et al., "Shape distributions", 2002, section 4.2
    return np.asarray((1 - root) * chosen[:, 0] + root * (1 - second) * chosen[:, 1] + root * second * chosen[:, 2])
