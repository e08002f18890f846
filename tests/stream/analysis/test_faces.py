"""A run of the tracker: it begins again where the picture changes its size, in the regions that another run found."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from take5.scoring.models.region import Framing, Region, framing_of
from take5.stream.analysis.faces import MOST_FRAMINGS, SEEK_FRAMES, Faces
from take5.stream.analysis.models import Face, Models, Tracker

Rgb = NDArray[np.uint8]
WIDE, TALL = (64, 36), (36, 64)


def picture(size: tuple[int, int]) -> Rgb:
    return np.zeros((size[1], size[0], 3), np.uint8)


@dataclass
class Fakes:
    """Models that note what they are asked for; the finder finds nothing before ``face_from``."""

    face_from: int = 0
    searched: int = 0
    trackers: list[Region | None] = field(default_factory=list)
    running: int = 0
    counted: list[tuple[int, ...]] = field(default_factory=list)

    def find(self, rgb: Rgb) -> Region | None:
        self.searched += 1
        return None if self.searched <= self.face_from else Region(0, 0, rgb.shape[1] // 2, rgb.shape[0] // 2)

    def count(self, rgb: Rgb) -> int:
        self.counted.append(rgb.shape[:2])
        return 1

    def track(self, rgb: Rgb, frame: int) -> Face | None:  # noqa: ARG002 - of every tracker
        return None

    @contextmanager
    def tracker(self, region: Region | None) -> Iterator[Tracker]:
        self.trackers.append(region)
        self.running += 1
        yield self
        self.running -= 1

    @property
    def models(self) -> Models:
        fakes: Any = self
        return Models(encoder=fakes, tracker=self.tracker, counter=self, finder=self, speech=fakes, reader=fakes)


def test_the_region_is_sought_again_and_the_tracker_begins_again_at_a_change_of_size() -> None:
    fakes = Fakes()
    with Faces(fakes.models) as faces:
        for frame in range(20):
            rgb = picture(WIDE if frame < 7 or frame >= 13 else TALL)
            faces.track(rgb, frame)
            faces.count(rgb)
            assert fakes.running == 1
        assert faces.framings == [
            Framing(0, *WIDE, Region(0, 0, 32, 18)),
            Framing(7, *TALL, Region(0, 0, 18, 32)),
            Framing(13, *WIDE, Region(0, 0, 32, 18)),
        ]
    assert fakes.running == 0
    assert fakes.trackers == [framing.region for framing in faces.framings]
    assert set(fakes.counted) == {(18, 32), (32, 18)}


def test_a_face_is_sought_for_ten_seconds_from_the_change_on() -> None:
    fakes = Fakes(face_from=10_000)
    with Faces(fakes.models) as faces:
        for frame in range(100, 100 + SEEK_FRAMES + 10):
            faces.track(picture(TALL), frame)
    assert fakes.searched == SEEK_FRAMES // 5
    assert fakes.trackers == [None]


def test_a_known_region_is_not_sought() -> None:
    known = [Framing(0, *WIDE, Region(1, 2, 3, 4)), Framing(50, *TALL, Region(5, 6, 7, 8))]
    fakes = Fakes()
    with Faces(fakes.models, known) as faces:
        for frame in range(40, 60):
            faces.track(picture(WIDE if frame < 50 else TALL), frame)
    assert fakes.searched == 0
    assert fakes.trackers == [Region(1, 2, 3, 4), Region(5, 6, 7, 8)]


def test_a_framing_is_known_by_time_and_size() -> None:
    known = [Framing(0, *WIDE), Framing(50, *TALL), Framing(90, *WIDE)]
    assert framing_of(known, picture(WIDE), 49) is known[0]
    assert framing_of(known, picture(WIDE), 95) is known[2]
    assert framing_of(known, picture(TALL), 40) is known[1], "the change was not observed when it came"
    assert framing_of(known, picture((8, 8)), 60) is None
    assert framing_of(known[:2], picture(WIDE), 60) is None
    assert framing_of([], picture(WIDE), 0) is None


def test_memory_does_not_grow_with_the_changes() -> None:
    with Faces(Fakes().models) as faces:
        for frame in range(MOST_FRAMINGS + 50):
            faces.track(picture((8, 8 + frame % 2)), frame)
        assert len(faces.framings) == MOST_FRAMINGS
