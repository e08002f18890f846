"""The camera of a head pose, and how its pictures change with pose, shape and focal length.

The camera looks along its -z axis; x points to the picture's right and y up, as in OpenGL. A point of the head, X in
metres, stands at Y = R X + t before the camera, and appears at

    u = cx - f Y_x / Y_z,    v = cy + f Y_y / Y_z

in pixels (u right, v down), f the focal length in pixels. (cx, cy) is the middle of the picture: trainers assume it
there.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cameras:
    """N pictures of one head.

    Attributes
    ----------
    rotations : ndarray float64 [N, 3, 3]
        R, from the head to the camera.
    translations : ndarray float64 [N, 3]
        t in metres.
    focal : float
        f in pixels, the same in all pictures.
    centre : tuple of float
        (cx, cy) in pixels.
    """

    rotations: Floats
    translations: Floats
    focal: float
    centre: tuple[float, float]

    def before(self, points: Floats) -> Floats:
        """Y [N, J, 3] in metres, of points [J, 3] of the head."""
        return np.asarray(points @ self.rotations.transpose(0, 2, 1) + self.translations[:, np.newaxis])

    def project(self, points: Floats) -> Floats:
        """Where points [J, 3] of the head appear, [N, J, 2] in pixels."""
        return self._seen(self.before(points))

    def _seen(self, placed: Floats) -> Floats:
        across = self.focal / -placed[..., 2:]
        return np.asarray(placed[..., :2] * across * (1.0, -1.0) + self.centre)

    def slopes(self, points: Floats) -> "Slopes":
        """Derivatives of :meth:`project`."""
        turned = points @ self.rotations.transpose(0, 2, 1)
        placed = turned + self.translations[:, np.newaxis]
        near = -1.0 / placed[..., 2]
        by_place = np.zeros((*placed.shape[:2], 2, 3))
        by_place[..., 0, 0] = self.focal * near
        by_place[..., 1, 1] = -self.focal * near
        by_place[..., 0, 2] = self.focal * near**2 * placed[..., 0]
        by_place[..., 1, 2] = -self.focal * near**2 * placed[..., 1]
        by_turn = np.cross(turned[:, :, np.newaxis], by_place)  # row . (w x turned) = w . (turned x row)
        by_point = (by_place.reshape(len(placed), -1, 3) @ self.rotations).reshape(by_place.shape)
        seen = self._seen(placed)
        return Slopes(seen, np.concatenate([by_turn, by_place], axis=-1), by_point, seen - self.centre)


@dataclass(frozen=True, eq=False)
class Slopes:
    """Projections, and their derivatives.

    Attributes
    ----------
    seen : ndarray float64 [N, J, 2]
        Pixels.
    by_pose : ndarray float64 [N, J, 2, 6]
        By a further rotation of the head in the camera's axes, in radians, and by t.
    by_point : ndarray float64 [N, J, 2, 3]
        By the point.
    by_log_focal : ndarray float64 [N, J, 2]
        By log f.
    """

    seen: Floats
    by_pose: Floats
    by_point: Floats
    by_log_focal: Floats


def turned_by(vectors: Floats) -> Floats:
    """Rotation matrices [N, 3, 3] of rotation vectors [N, 3] in radians (Rodrigues' formula)."""
    angle = np.linalg.norm(vectors, axis=1)[:, np.newaxis, np.newaxis]
    cross = np.zeros((len(vectors), 3, 3))
    x, y, z = vectors.T
    cross[:, 0, 1], cross[:, 0, 2], cross[:, 1, 2] = -z, y, -x
    cross[:, 1, 0], cross[:, 2, 0], cross[:, 2, 1] = z, -y, x
    # sinc(a) = sin(pi a) / (pi a): both factors are finite at 0
    first, second = np.sinc(angle / np.pi), np.sinc(angle / (2 * np.pi)) ** 2 / 2
    return np.asarray(np.eye(3) + first * cross + second * cross @ cross)
