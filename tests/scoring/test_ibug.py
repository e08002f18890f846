from pathlib import Path

import numpy as np
import pytest
from face_pictures import close_up

from take5.scoring.models import ibug
from take5.scoring.models.face import FaceTracker
from take5.stream.model_files.cache import ensure

MIRROR = [
    *range(16, -1, -1),
    *range(26, 16, -1),
    *range(27, 31),
    *range(35, 30, -1),
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),
    *(64, 63, 62, 61, 60, 67, 66, 65),
]
"""iBUG number of each point's partner on the other side of the face."""


@pytest.fixture(scope="module")
def model() -> Path:
    return ensure("face_landmarker")


@pytest.fixture(scope="module")
def points(model: Path) -> np.ndarray:
    with FaceTracker(model) as tracker:
        seen = tracker.track(close_up(), 0)
    assert seen is not None
    return seen.landmarks


def test_lips_are_the_measured_vertices() -> None:
    outer = (61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91)
    inner = (78, 82, 13, 312, 308, 317, 14, 87)
    assert outer + inner == ibug.LIPS == ibug.IBUG_68[ibug.LIP_POINTS]


def test_68_different_vertices_of_the_mesh() -> None:
    assert len(ibug.IBUG_68) == len(set(ibug.IBUG_68)) == 68
    assert all(0 <= vertex < ibug.MESH_VERTICES for vertex in ibug.IBUG_68)


def test_jaw_runs_from_the_left_ear_over_the_chin_to_the_right(points: np.ndarray) -> None:
    jaw = points[:17]
    assert (np.diff(jaw[:, 0]) > 0)[2:-2].all()
    assert jaw[0, 0] < points[17, 0]
    assert jaw[16, 0] > points[26, 0]
    assert (np.diff(jaw[:9, 1]) > 0).all()
    assert (np.diff(jaw[8:, 1]) < 0).all()


def test_brows_run_from_left_to_right_above_the_eyes(points: np.ndarray) -> None:
    assert (np.diff(points[17:27, 0]) > 0).all()
    assert points[17:22, 1].max() < points[36:42, 1].min()
    assert points[22:27, 1].max() < points[42:48, 1].min()


def test_nose_runs_down_then_left_to_right(points: np.ndarray) -> None:
    assert (np.diff(points[27:31, 1]) > 0).all()
    assert (np.diff(points[31:36, 0]) > 0).all()
    assert points[31:36, 1].min() > points[29, 1]
    assert points[31, 0] < points[30, 0] < points[35, 0]


@pytest.mark.parametrize("first", [36, 42])
def test_eyes_begin_at_their_left_corner_and_go_over_the_upper_lid(points: np.ndarray, first: int) -> None:
    corner_left, upper_a, upper_b, corner_right, lower_b, lower_a = points[first : first + 6]
    assert corner_left[0] < upper_a[0] < upper_b[0] < corner_right[0]
    assert corner_left[0] < lower_a[0] < lower_b[0] < corner_right[0]
    assert upper_a[1] < lower_a[1]
    assert upper_b[1] < lower_b[1]


def test_left_eye_is_left_of_the_nose_and_the_right_one_right(points: np.ndarray) -> None:
    assert points[36:42, 0].max() < points[27, 0] < points[42:48, 0].min()


@pytest.mark.parametrize(("first", "count"), [(48, 12), (60, 8)])
def test_lips_begin_at_the_left_corner_and_go_over_the_upper_lip(points: np.ndarray, first: int, count: int) -> None:
    ring, half = points[first : first + count], count // 2
    assert (np.diff(ring[: half + 1, 0]) > 0).all()
    assert (np.diff(np.vstack([ring[half:], ring[:1]])[:, 0]) < 0).all()
    assert ring[half // 2, 1] < ring[half + half // 2, 1]


def test_a_mirrored_face_gives_the_mirrored_points(model: Path, points: np.ndarray) -> None:
    picture = close_up()
    with FaceTracker(model) as tracker:
        seen = tracker.track(picture[:, ::-1], 0)
    assert seen is not None
    mirrored = seen.landmarks[MIRROR] * (-1, 1) + (picture.shape[1], 0)
    assert np.abs(mirrored - points).max() < 0.05 * np.linalg.norm(points[45] - points[36])
