"""Free space where clips go: sizes, the nearest folder that exists, and one warning for each time that it gets low."""

import shutil
import threading
from pathlib import Path
from typing import NamedTuple

import pytest

from take5.scoring.errors import OutputError, ParameterError
from take5.stream.output import free_space as module
from take5.stream.output.free_space import SpaceWatch, free_space, parse_size, require_space, size_text, watch_space


class Usage(NamedTuple):
    free: int


def test_a_folder_that_is_not_there_yet_has_the_space_of_the_nearest_one_that_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def usage(path: Path) -> Usage:
        asked.append(path)
        return Usage(7)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    assert free_space(tmp_path / "a" / "b") == 7
    monkeypatch.chdir(tmp_path)
    assert free_space(Path("out")) == 7
    assert asked == [tmp_path, tmp_path]
    monkeypatch.undo()
    assert free_space(tmp_path) > 0


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0), ("500", 500), ("500MB", 500_000_000), ("500M", 500_000_000), ("2 GiB", 2 * 2**30),
        ("1.5g", 1_500_000_000), ("10kib", 10_240), ("1TB", 10**12), ("7b", 7),
    ],
)  # fmt: skip
def test_sizes_are_read(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "M", "-1", "1 0", "1XB", "five", "1e9", "0x10"])
def test_what_is_not_a_size_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match="is not a size"):
        parse_size(text)


def test_sizes_are_written_for_people_and_read_again() -> None:
    assert [size_text(size) for size in (0, 499_999_999, 10**9, 12_345_678_901)] == [
        "0 MB",
        "499 MB",
        "1000 MB",
        "12.3 GB",
    ]
    assert parse_size(size_text(module.MIN_FREE)) == module.MIN_FREE


def test_too_little_space_names_both_numbers_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(120_000_000))
    require_space(tmp_path, 120_000_000)
    with pytest.raises(OutputError, match=r"120 MB are free.*needs 500 MB.*make room.*-o.*--min-free"):
        require_space(tmp_path, 500_000_000)


def test_without_a_limit_or_an_answer_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: Path) -> Usage:
        raise OSError("the disk is gone")

    monkeypatch.setattr(shutil, "disk_usage", gone)
    require_space(tmp_path, 0)
    require_space(tmp_path, 1)


def test_it_is_said_once_and_again_only_after_it_has_recovered() -> None:
    watch = SpaceWatch(100)
    said = [watch.look(free) for free in (300, 200, 199, 150, 201, 219, 190, 220, 300, 199, 50)]
    assert said == [False, False, True, False, False, False, False, False, False, True, False]
    assert not SpaceWatch(0).look(0)


def test_it_is_watched_until_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free, low, over = [400_000_000, 150_000_000, 150_000_000, 900_000_000, 1_000_000], list[int](), threading.Event()

    def usage(_: Path) -> Usage:
        if len(free) == 1:
            over.set()
        return Usage(free.pop(0))

    monkeypatch.setattr(shutil, "disk_usage", usage)
    monkeypatch.setattr(module, "EVERY_S", 0.0)
    watch_space(tmp_path, 100_000_000, low.append, over)
    assert low == [150, 1]
