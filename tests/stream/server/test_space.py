"""A disk that does not answer holds up nothing but itself."""

import asyncio
import threading
from pathlib import Path

import pytest

from take5.stream.server import space as module
from take5.stream.server.space import Space


def test_while_a_disk_does_not_answer_its_free_space_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, asked = threading.Event(), list[Path]()

    def slow(folder: Path) -> int:
        asked.append(folder)
        assert answers.wait(30)
        return 7

    monkeypatch.setattr(module, "free_space", slow)
    monkeypatch.setattr(module, "ANSWER_S", 0.05)
    space = Space(tmp_path, 8)

    async def ask() -> list[int | None]:
        unknown = [await space.free() for _ in range(3)]
        answers.set()
        while (free := await space.free()) is None:
            await asyncio.sleep(0.01)
        return [*unknown, free]

    assert asyncio.run(ask()) == [None, None, None, 7]
    assert len(asked) <= 2, "one measurement at a time"
    assert [space.too_low(free) for free in (None, 7, 8)] == [False, True, False]


def test_a_disk_that_is_gone_has_unknown_free_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: Path) -> int:
        raise OSError("gone")

    monkeypatch.setattr(module, "free_space", gone)
    assert asyncio.run(Space(tmp_path, 8).free()) is None


def test_a_folder_that_cannot_be_written_to_is_known_beside_its_free_space(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    space = Space(tmp_path / "file" / "sub", 8)
    free = asyncio.run(space.free())
    assert free is not None
    assert not space.usable
