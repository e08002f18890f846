"""The square that trainers see, and the names that they can use."""

import numpy as np
import pytest
from numpy.typing import NDArray

from take5.scoring.errors import ParameterError
from take5.stream.bundles.crop import square_crop
from take5.stream.bundles.write import bundle_name


def face(x: float, y: float, width: float, frames: int = 5) -> NDArray[np.float64]:
    points = np.random.default_rng(0).uniform(-0.5, 0.5, (68, 2)) * width
    points[:4] = np.array([[-0.5, 0], [0.5, 0], [0, -0.5], [0, 0.5]]) * width
    return np.tile(points + np.array([x, y]), (frames, 1, 1))


def test_the_face_is_half_of_the_square_and_a_little_below_its_middle() -> None:
    crop = square_crop(face(640, 360, 256), (1280, 720))
    assert (crop.side, crop.size, crop.face_cut) == (512, 512, False)
    assert abs(crop.left + 256 - 640) <= 1
    assert abs(crop.top + 512 * 0.57 - 360) <= 2
    assert not crop.warnings(512)


def test_every_landmark_of_every_frame_is_inside() -> None:
    wandering = face(640, 360, 200, 50)
    wandering[:, :, 0] += np.linspace(-250, 250, 50)[:, None]
    crop = square_crop(wandering, (1280, 720))
    moved = crop.moved(wandering)
    assert crop.side > 700
    assert not crop.face_cut
    assert moved.min() > 0
    assert moved.max() < crop.size


def test_the_square_stays_in_the_picture_and_even() -> None:
    crop = square_crop(face(101, 99, 150), (1280, 719))
    assert (crop.left, crop.top) == (0, 0)
    assert all(value % 2 == 0 for value in (crop.left, crop.top, crop.side, crop.size))
    huge = square_crop(face(640, 360, 900), (1280, 720))
    assert (huge.side, huge.face_cut) == (720, True)
    assert "cut by the edge" in huge.warnings(512)[0]


def test_a_small_face_is_not_blown_up() -> None:
    small = square_crop(face(640, 360, 100), (1280, 720))
    assert (small.side, small.size) == (200, 300)
    assert "300x300, not 512x512" in small.warnings(512)[0]
    assert "1.28 times" in square_crop(face(640, 360, 200), (1280, 720)).warnings(512)[0]


@pytest.mark.parametrize("size", [0, 63, 511, -2])
def test_a_size_that_is_none_is_refused(size: int) -> None:
    with pytest.raises(ParameterError, match="even"):
        square_crop(face(640, 360, 100), (1280, 720), size)


@pytest.mark.parametrize(
    ("text", "name"), [("Ann Lee (2)", "Ann_Lee_2"), ("..", "talker"), ("my.jpg", "my"), ("é", "talker")]
)
def test_names_suit_trainers(text: str, name: str) -> None:
    assert bundle_name(text) == name
