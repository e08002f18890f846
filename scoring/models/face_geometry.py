"""Pose of a face from its landmarks, as MediaPipe's face geometry module finds it.

The canonical face is fitted to the landmarks, seen by a camera with a vertical field of view of 63 degrees: weighted
orthogonal Procrustes (Akca, "Generalized Procrustes analysis and its applications in photogrammetry", 2003, section
2.4), three times, since the depth of the landmarks is relative and its scale follows from the fit before.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from take5.scoring.errors import ModelDamaged
from take5.scoring.models.runtime import bundled_model

Floats = npt.NDArray[np.float64]

MEMBER = "geometry_pipeline_metadata_landmarks.binarypb"
"""The canonical face in the ``.task`` file."""

VERTICES = 468
"""Landmarks that the canonical face has: all but the irises."""

VERTEX_FIELDS = 5
"""Numbers per vertex: x, y, z, and its place in a texture."""

FIELD_OF_VIEW = np.deg2rad(63.0)
"""Vertical, of the camera that MediaPipe assumes."""

MESH, WEIGHTS, VERTEX_BUFFER, INDEX_BUFFER = 1, 2, 3, 4
"""Field numbers in MediaPipe's ``geometry_pipeline_metadata.proto`` and ``mesh_3d.proto``."""


@dataclass(frozen=True, eq=False)
class CanonicalFace:
    """The canonical face.

    Attributes
    ----------
    vertices : ndarray float64 [468, 3]
        In cm: x to the picture's right, y up, z out of the face.
    triangles : ndarray intp [898, 3]
        Numbers of vertices.
    """

    vertices: Floats
    triangles: npt.NDArray[np.intp]


def canonical_face(task_path: Path) -> CanonicalFace:
    """The canonical face in ``face_landmarker.task``.

    Raises
    ------
    ModelDamaged
        If the file does not have it.
    """
    content = bundled_model(task_path, MEMBER)
    try:
        fields = list(_fields(content))
        mesh = list(_fields(next(value for field, value in fields if field == MESH)))
        buffer = [value for field, value in mesh if field == VERTEX_BUFFER]
        vertices = np.array(buffer, np.float64).reshape(VERTICES, VERTEX_FIELDS)[:, :3]
        triangles = np.array([value for field, value in mesh if field == INDEX_BUFFER], np.intp).reshape(-1, 3)
    except (ValueError, IndexError, StopIteration, TypeError, struct.error) as error:
        raise _no_face(task_path, error) from error
    return CanonicalFace(vertices, triangles)


def _no_face(task_path: Path, error: Exception) -> ModelDamaged:
    return ModelDamaged(f"{task_path}: {MEMBER} in this model file is not a face: {error}")


class FaceGeometry:
    """Fits the canonical face to landmarks.

    Parameters
    ----------
    task_path : pathlib.Path
        ``face_landmarker.task``.

    Raises
    ------
    ModelDamaged
        If the file does not have it.
    """

    def __init__(self, task_path: Path) -> None:
        vertices = canonical_face(task_path).vertices
        try:
            entries = [value for field, value in _fields(bundled_model(task_path, MEMBER)) if field == WEIGHTS]
            table = np.array([[value for _, value in _fields(entry)] for entry in entries], dtype=np.float64)
            self._used, weights = table[:, 0].astype(np.intp), table[:, 1]
        except (ValueError, IndexError, TypeError, struct.error) as error:
            raise _no_face(task_path, error) from error
        source = vertices[self._used]
        self._centred = (source - weights @ source / weights.sum()) * weights[:, np.newaxis]
        self._size = float(np.sum(self._centred * source))

    def rotation(self, points: npt.NDArray[np.floating], width: int, height: int) -> Floats:
        """Rotation [3, 3] from the canonical face to the camera, from landmarks [478, 3] in pixels of a picture."""
        tall = 2 * np.tan(FIELD_OF_VIEW / 2)
        wide = tall * width / height
        depth = float(points[:VERTICES, 2].mean()) * wide / width
        used = points[self._used] / (width, height, width)
        seen = used * (wide, -tall, wide) + (-wide / 2, tall / 2, 0.0)

        def at(scale: float) -> Floats:
            """The landmarks in space, as far away as their scale says."""
            z = (seen[:, 2] - depth + 1) / scale
            return np.column_stack([seen[:, :2] * z[:, np.newaxis], -z])

        first = self._scale(seen * (1, 1, -1))
        second = self._scale(at(first))
        return self._fit(at(first * second))

    def _scale(self, target: Floats) -> float:
        """Scale of the canonical face that fits points best."""
        covariance = target.T @ self._centred
        singular = np.linalg.svd(covariance, compute_uv=False)
        return float(singular[0] + singular[1] + np.copysign(singular[2], np.linalg.det(covariance))) / self._size

    def _fit(self, target: Floats) -> Floats:
        """The best rotation, without reflection."""
        left, _, right = np.linalg.svd(target.T @ self._centred)
        if np.linalg.det(left @ right) < 0:
            left[:, 2] *= -1
        rotation: Floats = left @ right
        return rotation


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """The fields of a protobuf message: varints, 32-bit floats, and what has a length."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        field, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield field, value
        elif kind == 5:
            yield field, struct.unpack_from("<f", message, at)[0]
            at += 4
        elif kind == 2:
            length, at = _varint(message, at)
            yield field, message[at : at + length]
            at += length
        else:
            raise ValueError(f"wire type {kind}")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value, at, shift = value | (byte & 0x7F) << shift, at + 1, shift + 7
        if byte < 0x80:
            return value, at
