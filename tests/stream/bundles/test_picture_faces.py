"""Faces of pictures, each seen alone: looked for twice, never another's, and the tracker's where there is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from take5.scoring.models.face import FaceObservation
from take5.scoring.models.region import Region
from take5.stream.analysis.models import Models
from take5.stream.bundles.picture_faces import PictureFaces, seen_face, square_around

SIZE = 256
TRACKED = np.stack([np.linspace(90, 170, 68), np.linspace(100, 190, 68)], axis=1)


def face(shift: float = 0.0) -> FaceObservation:
    return FaceObservation(TRACKED + shift, np.zeros(3), np.full(52, shift, np.float32))


@dataclass
class Seeing:
    """A reader that sees ``whole`` in a picture and ``part`` in a region of it."""

    whole: FaceObservation | None
    part: FaceObservation | None = None
    asked: list[Region | None] = field(default_factory=list)

    def see(self, rgb: NDArray[np.uint8], region: Region | None = None) -> Any:  # noqa: ARG002 - of every reader
        self.asked.append(region)
        return self.whole if region is None else self.part


def seen_by(reader: Seeing) -> Any:
    return seen_face(reader, np.zeros((SIZE, SIZE, 3), np.uint8), TRACKED)


def test_what_is_seen_in_the_picture_is_taken() -> None:
    reader = Seeing(face(3.0))
    assert seen_by(reader) is reader.whole
    assert reader.asked == [None]


@pytest.mark.parametrize("whole", [None, face(80.0)], ids=["no face", "another face"])
def test_a_face_is_looked_for_again_around_the_tracked_one(whole: FaceObservation | None) -> None:
    reader = Seeing(whole, face(-2.0))
    assert seen_by(reader) is reader.part
    region = reader.asked[1]
    assert region is not None
    assert region.left <= TRACKED[:, 0].min() < TRACKED[:, 0].max() <= region.left + region.width
    assert region.top <= TRACKED[:, 1].min() < TRACKED[:, 1].max() <= region.top + region.height


@pytest.mark.parametrize("part", [None, face(80.0)], ids=["no face", "another face"])
def test_a_face_that_is_not_seen_again_is_none(part: FaceObservation | None) -> None:
    assert seen_by(Seeing(None, part)) is None


@pytest.mark.parametrize(("shift", "size"), [(-80.0, (256, 256)), (70.0, (256, 256)), (0.0, (200, 120))])
def test_the_square_stays_in_the_picture(shift: float, size: tuple[int, int]) -> None:
    region = square_around(TRACKED + shift, *size)
    assert region.width == region.height > 0
    assert min(region.left, region.top) >= 0
    assert region.left + region.width <= size[0]
    assert region.top + region.height <= size[1]


class Counting:
    """Sees a face in all pictures but the dark ones, shifted by the picture's level."""

    def see(self, rgb: NDArray[np.uint8], region: Region | None = None) -> Any:  # noqa: ARG002 - of every reader
        level = float(rgb.mean())
        return None if level < 20 else face(level / 50)


def test_a_gap_has_the_trackers_and_is_named(models: Models) -> None:
    @contextmanager
    def reader() -> Iterator[Counting]:
        yield Counting()

    levels = [100, 120, 0, 140, *[200] * 40, 0, 160]
    tracked = np.repeat(TRACKED[None], len(levels), axis=0)
    shapes = np.full((len(levels), 52), -1, np.float32)
    with PictureFaces(replace(models, reader=reader), tracked, shapes) as faces:
        for level in levels:
            faces.add(av.VideoFrame.from_ndarray(np.full((SIZE, SIZE, 3), level, np.uint8), format="rgb24"))
        seen = faces.seen()
    assert seen.tracked == (2, 44)
    for index, level in enumerate(levels):
        expected = 0.0 if level == 0 else level / 50
        np.testing.assert_allclose(seen.landmarks[index], TRACKED + expected, atol=0.1)
        np.testing.assert_allclose(seen.blendshapes[index], -1 if level == 0 else expected, atol=0.1)
    (warning,) = seen.warnings()
    assert warning.startswith("2 of 46 frames (2, 44): ")
    np.testing.assert_array_equal(tracked, np.repeat(TRACKED[None], len(levels), axis=0))


def test_what_a_reader_raises_is_not_lost(models: Models) -> None:
    @contextmanager
    def reader() -> Iterator[Any]:
        yield None

    with PictureFaces(replace(models, reader=reader), TRACKED[None], np.zeros((1, 52), np.float32)) as faces:
        faces.add(av.VideoFrame.from_ndarray(np.zeros((SIZE, SIZE, 3), np.uint8), format="rgb24"))
        with pytest.raises(AttributeError):
            faces.seen()
