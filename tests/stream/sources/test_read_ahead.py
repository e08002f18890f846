"""What is read a little ahead in a thread of its own: the same items, the same errors, and an end at any time."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from media_files import clicks, numbered_media, steady

from take5.stream.sources.file import MediaFile
from take5.stream.sources.read_ahead import AHEAD, read_ahead


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "take5-ahead"]


def test_everything_comes_in_order_and_the_thread_ends() -> None:
    assert list(read_ahead(lambda: iter(range(100)))) == list(range(100))
    assert threads() == []


def test_an_error_is_raised_after_what_came_before_it() -> None:
    def items() -> Iterator[int]:
        yield from range(3)
        raise OSError("torn")

    got: list[int] = []
    with pytest.raises(OSError, match="torn"):
        got.extend(read_ahead(items))
    assert got == [0, 1, 2]
    assert threads() == []


def test_no_more_is_made_than_is_wanted_and_it_ends_when_nobody_reads_on() -> None:
    made, full = list[int](), threading.Event()

    def items() -> Iterator[int]:
        for number in range(1000):
            made.append(number)
            if number == AHEAD + 1:
                full.set()
            yield number

    reading = read_ahead(items)
    assert next(reading) == 0
    assert full.wait(10)
    reading.close()
    assert threads() == []
    assert len(made) <= AHEAD + 3


def test_pictures_of_a_file_are_the_same_read_ahead(tmp_path: Path) -> None:
    file = MediaFile(numbered_media(tmp_path / "film.mkv", steady(60, 30), clicks([0.5], 2.0)))
    index = file.scan(lambda _: None)
    plain = list(file.grid_frames(index, 3, 20, 25))
    ahead = list(file.ready_frames(index, 3, 20, 25))
    assert [frame.index for frame in ahead] == list(range(3, 20)) == [frame.index for frame in plain]
    for one, other in zip(plain, ahead, strict=True):
        assert one.shown.pts == other.shown.pts
        assert one.shown.picture.size == other.shown.picture.size
        assert [each.picture.digest for each in one.arrived] == [each.picture.digest for each in other.arrived]
        np.testing.assert_array_equal(one.shown.picture.rgb(), other.shown.picture.rgb())
