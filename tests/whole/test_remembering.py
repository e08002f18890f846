"""The memory around the tests' models answers as the models do, and asks them about everything that is new."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from remembering import Memories, Memory, Picture, remembering
from shelf import Shelf

from take5.client.cli.options import load_models
from take5.scoring.models.region import Region
from take5.stream.analysis.models import Models

PICTURES = [np.full((4, 4, 3), value, np.uint8) for value in range(5)]
OTHER = np.full((4, 4, 3), 99, np.uint8)


class Summing:
    """A tracker and a speech detector whose answers follow from all that they were given."""

    def __init__(self, asked: list[int]) -> None:
        self.sum, self.asked = 0, asked

    def track(self, rgb: Picture, frame: int) -> Any:
        self.asked.append(int(rgb[0, 0, 0]))
        self.sum = self.sum * 7 + int(rgb.sum()) + frame
        return self.sum

    def push(self, block: NDArray[np.float32]) -> Any:
        self.asked.append(int(block[0]))
        self.sum = self.sum * 7 + int(block.sum())
        return np.array([self.sum], np.float32)


@pytest.fixture
def asked() -> list[int]:
    return []


@pytest.fixture
def summing(models: Models, asked: list[int]) -> Models:
    @contextmanager
    def tracker(_: Region | None) -> Iterator[Summing]:
        yield Summing(asked)

    return replace(models, tracker=tracker, speech=lambda: Summing(asked))


def tracked(models: Models, pictures: list[Picture], first: int = 0, region: Region | None = None) -> list[Any]:
    with models.tracker(region) as tracker:
        return [tracker.track(rgb, first + number) for number, rgb in enumerate(pictures)]


def heard(models: Models, values: list[int]) -> list[float]:
    stream = models.speech()
    return [float(stream.push(np.full(3, value, np.float32))[0]) for value in values]


@pytest.mark.parametrize(
    ("pictures", "first", "region", "new"),
    [
        (PICTURES, 0, None, []),
        (PICTURES[:2], 0, None, []),
        ([*PICTURES[:3], OTHER], 0, None, [0, 1, 2, 99]),
        ([*PICTURES, OTHER], 0, None, [0, 1, 2, 3, 4, 99]),
        (PICTURES[1:], 0, None, [1, 2, 3, 4]),
        (PICTURES[:2], 1, None, [0, 1]),
        (PICTURES[:2], 0, Region(0, 0, 2, 2), [0, 1]),
    ],
)
def test_a_tracker_answers_as_without_a_memory(
    summing: Models,
    asked: list[int],
    pictures: list[Picture],
    first: int,
    region: Region | None,
    new: list[int],
) -> None:
    models = remembering(summing, Memories())
    assert tracked(models, PICTURES) == tracked(summing, PICTURES)
    expected = tracked(summing, pictures, first, region)
    asked.clear()
    assert tracked(models, pictures, first, region) == expected
    assert asked == new


@pytest.mark.parametrize(("values", "new"), [([1, 2, 3], []), ([1, 2, 4], [1, 2, 4]), ([2, 3], [2, 3])])
def test_a_speech_detector_does_too(summing: Models, asked: list[int], values: list[int], new: list[int]) -> None:
    models = remembering(summing, Memories())
    assert heard(models, [1, 2, 3]) == heard(summing, [1, 2, 3])
    expected = heard(summing, values)
    asked.clear()
    assert heard(models, values) == expected
    assert asked == new


def test_the_models_answers_are_the_same_and_cannot_be_changed() -> None:
    bare = load_models("speech-embedding", None, "cpu")
    models = remembering(bare, Memories())
    start, stop = bare.encoder.span(0)
    segments = np.random.default_rng(1).normal(0, 0.1, (2, stop - start)).astype(np.float32)
    for _ in range(2):
        assert np.array_equal(models.encoder.encode(segments), bare.encoder.encode(segments))
    assert models.encoder.version == bare.encoder.version
    assert models.counter.count(OTHER) == models.counter.count(OTHER) == 0
    assert models.finder.find(OTHER) == models.finder.find(OTHER) == bare.finder.find(OTHER)
    with pytest.raises(ValueError, match="read-only"):
        models.encoder.encode(segments)[0] = 0


def test_another_process_finds_what_was_answered(summing: Models, asked: list[int], tmp_path: Path) -> None:
    first, second = (Shelf(tmp_path / "shelf") for _ in range(2))
    models = remembering(summing, Memories(first))
    expected = tracked(models, PICTURES), heard(models, [1, 2, 3])
    first.write()
    asked.clear()
    models = remembering(summing, Memories(second))
    assert (tracked(models, PICTURES), heard(models, [1, 2, 3])) == expected
    assert asked == []


def test_arrays_come_back_as_they_were_and_cannot_be_changed(tmp_path: Path) -> None:
    known, answer = Memory[NDArray[np.float32]]("kind", Shelf(tmp_path / "shelf")), np.arange(6, dtype=np.float32)
    known.keep(b"key", answer.reshape(2, 3))
    known.write()
    again = Memory[NDArray[np.float32]]("kind", Shelf(tmp_path / "shelf"))
    found = again.of(b"key", lambda: pytest.fail("asked again"))
    np.testing.assert_array_equal(found, answer.reshape(2, 3), strict=True)
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 0
    assert b"key" not in Memory[NDArray[np.float32]]("another", Shelf(tmp_path / "shelf"))
    assert b"other" not in again


@pytest.mark.parametrize("content", [None, b"no database at all"])
def test_a_shelf_that_cannot_be_used_costs_no_answer(content: bytes | None, tmp_path: Path) -> None:
    if content is None:
        (tmp_path / "shelf").mkdir()
    else:
        (tmp_path / "shelf").write_bytes(100 * content)
    known = Memory[int]("kind", Shelf(tmp_path / "shelf"))
    assert [known.of(b"key", lambda: 7) for _ in range(2)] == [7, 7]
    known.write()
