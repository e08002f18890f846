"""Pictures with faces for the tests, made from NASA's portrait of Eileen Collins (public domain) in scikit-image."""

import numpy as np
import numpy.typing as npt
from skimage import data, transform

Picture = npt.NDArray[np.uint8]

FACE_WIDTH = 95
"""Width in pixels of the face in :func:`portrait`, as the detector boxes it."""


def portrait() -> Picture:
    """One face, 512 x 512 pixels."""
    return np.asarray(data.astronaut(), np.uint8)


def close_up() -> Picture:
    """The face and little else, 260 x 260 pixels."""
    return np.ascontiguousarray(portrait()[:260, 90:350])


def resized(picture: Picture, width: int) -> Picture:
    """``picture`` scaled to ``width`` pixels."""
    height = round(picture.shape[0] * width / picture.shape[1])
    return np.asarray((transform.resize(picture, (height, width), anti_aliasing=True) * 255).round(), np.uint8)


def turned(picture: Picture, degrees: float) -> Picture:
    """``picture`` turned counter-clockwise about its middle."""
    return np.asarray((transform.rotate(picture, degrees, mode="edge") * 255).round(), np.uint8)


def noise(height: int, width: int, seed: int = 0) -> Picture:
    """No face at all."""
    return np.random.default_rng(seed).integers(90, 140, (height, width, 3), dtype=np.uint8)


def wide_shot(left: int, top: int, face_share: float = 0.08) -> Picture:
    """1920 x 1080 pixels with a face of ``face_share`` of the width; (``left``, ``top``) is the portrait's corner."""
    person = resized(portrait(), round(512 * face_share * 1920 / FACE_WIDTH))
    picture = noise(1080, 1920)
    seen = picture[top : top + person.shape[0], left : left + person.shape[1]]
    seen[:] = person[: seen.shape[0], : seen.shape[1]]
    return picture


def moving(frames: int) -> list[Picture]:
    """A face that wanders a little, 300 x 320 pixels."""
    steps = np.random.default_rng(5).integers(-2, 3, (frames, 2)).cumsum(axis=0)
    return [portrait()[30 + y : 330 + y, 60 + x : 380 + x] for x, y in np.clip(steps, -25, 25)]
