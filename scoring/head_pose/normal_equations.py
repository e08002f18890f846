"""One step of the bundle adjustment: poses are eliminated, then shape and focal length are solved for.

Of the normal equations, the poses' part is block diagonal, 6 unknowns a picture. With the Schur complement a dense
system of 3 J + 1 unknowns is left, whatever the number of pictures: Triggs, McLauchlan, Hartley and Fitzgibbon, "Bundle
adjustment: a modern synthesis", 2000, section 6.
"""

from dataclasses import dataclass

import numpy as np

from take5.scoring.head_pose.camera import Floats, Slopes


@dataclass(frozen=True, eq=False)
class Step:
    """Changes of all unknowns.

    Attributes
    ----------
    poses : ndarray float64 [N, 6]
        A further rotation of each head in radians, in the camera's axes, and a shift in metres.
    shared : ndarray float64 [3 J + 1]
        Of the points of the shape in metres, and of log f.
    """

    poses: Floats
    shared: Floats


@dataclass(frozen=True, eq=False)
class NormalEquations:
    """Second derivatives and gradients, of the poses and of what all pictures share.

    Attributes
    ----------
    poses : ndarray float64 [N, 6, 6]
        Of each pose with itself.
    across : ndarray float64 [N, 6, 3 J + 1]
        Of each pose with what is shared.
    shared : ndarray float64 [3 J + 1, 3 J + 1]
        Of what is shared, with what is expected of it.
    pose_gradients : ndarray float64 [N, 6]
        Of the poses.
    shared_gradients : ndarray float64 [3 J + 1]
        Of what is shared.
    expected_gradient : ndarray float64 [3 J + 1]
        Of what is expected of shape and focal length.
    """

    poses: Floats
    across: Floats
    shared: Floats
    pose_gradients: Floats
    shared_gradients: Floats
    expected_gradient: Floats

    def left(self) -> Floats:
        """Second derivatives of what is shared, once the poses are eliminated: its inverse covariance."""
        return np.asarray(self.shared - self._through_poses(_solved(self.poses, self.across)))

    def step(self, damping: float) -> Step:
        """Solve, with diagonals enlarged by ``damping`` (Levenberg and Marquardt).

        Raises
        ------
        numpy.linalg.LinAlgError
            If the equations are singular.
        """
        poses = self.poses * (1 + damping * np.eye(6))
        shared = self.shared + damping * np.diag(np.diag(self.shared))
        eliminated = _solved(poses, self.across)
        by_pose = _solved(poses, self.pose_gradients[..., np.newaxis])[..., 0]
        left = shared - self._through_poses(eliminated)
        gradient = self.shared_gradients + self.expected_gradient - self._through_poses(by_pose[..., np.newaxis])[:, 0]
        change = -_solved(left, gradient)
        return Step(-by_pose - eliminated @ change, change)

    def _through_poses(self, changes: Floats) -> Floats:
        """What changes of the poses [N, 6, K] do to what is shared [3 J + 1, K]."""
        return np.asarray(self.across.reshape(-1, len(self.shared)).T @ changes.reshape(-1, changes.shape[2]))


def _solved(equations: Floats, right: Floats) -> Floats:
    return np.asarray(np.linalg.solve(equations, right), np.float64)


def normal_equations(
    slopes: Slopes, residuals: Floats, weights: Floats, information: Floats, off: Floats
) -> NormalEquations:
    """Build the equations.

    Parameters
    ----------
    slopes : Slopes
        Derivatives at the present estimate.
    residuals : ndarray float64 [N, J, 2]
        Projections minus landmarks in pixels.
    weights : ndarray float64 [N, J]
        Of the landmarks, in 1 / pixel^2.
    information : ndarray float64 [3 J + 1]
        Of what is expected of shape (1 / metre^2) and log f.
    off : ndarray float64 [3 J + 1]
        Present estimate minus what is expected.
    """
    frames, points = weights.shape
    root = np.sqrt(weights)[..., np.newaxis]
    by_pose = (slopes.by_pose * root[..., np.newaxis]).reshape(frames, 2 * points, 6)
    by_point = slopes.by_point * root[..., np.newaxis]
    by_focal = (slopes.by_log_focal * root).reshape(frames, 2 * points, 1)
    off_by = (residuals * root).reshape(frames, 2 * points, 1)
    turned = by_pose.transpose(0, 2, 1)
    pairs = by_pose.reshape(frames, points, 2, 6, 1) * by_point[:, :, :, np.newaxis]
    with_points = pairs.sum(axis=2).transpose(0, 2, 1, 3)
    across = np.concatenate([with_points.reshape(frames, 6, 3 * points), turned @ by_focal], axis=2)
    point_gradients = (by_point * off_by.reshape(frames, points, 2, 1)).sum(axis=(0, 2))
    return NormalEquations(
        poses=turned @ by_pose,
        across=across,
        shared=_shared(by_point, by_focal.reshape(frames, points, 2)) + np.diag(information),
        pose_gradients=(turned @ off_by)[..., 0],
        shared_gradients=np.append(point_gradients.ravel(), (by_focal * off_by).sum()),
        expected_gradient=information * off,
    )


def _shared(by_point: Floats, by_focal: Floats) -> Floats:
    """Second derivatives of shape and focal length: 3 x 3 blocks on the diagonal, and a border."""
    points = by_point.shape[1]
    made = np.zeros((3 * points + 1, 3 * points + 1))
    blocks = made[:-1, :-1].reshape(points, 3, points, 3)
    own = np.arange(points)
    by_each = by_point.transpose(1, 0, 2, 3).reshape(points, -1, 3)
    blocks[own, :, own, :] = by_each.transpose(0, 2, 1) @ by_each
    border = (by_point * by_focal[..., np.newaxis]).sum(axis=(0, 2)).ravel()
    made[-1, :-1] = made[:-1, -1] = border
    made[-1, -1] = float((by_focal**2).sum())
    return made
