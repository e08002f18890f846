# ruff: noqa: PT012 - what fails is the block itself
"""What is on disk is whole or not there at all."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from take5.scoring.errors import OutputError, OutputExists
from take5.stream.output.atomic import (
    new_file,
    new_folder,
    refuse_existing,
    remove_leftovers,
    remove_unfinished,
)


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder with its text; a folder has none."""
    return {
        path.relative_to(folder).as_posix(): path.read_text() if path.is_file() else ""
        for path in sorted(folder.rglob("*"))
    }


def write(target: Path, text: str = "new", *, force: bool = False) -> None:
    with new_folder(target, force=force) as temporary:
        (temporary / "clip").write_text(text)
        (temporary / "deep").mkdir()
        (temporary / "deep" / "report").write_text(text)


def write_file(target: Path, text: str = "new") -> None:
    with new_file(target) as temporary:
        temporary.write_text(text)


def test_a_folder_appears_whole_with_the_folders_above_it(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "talk"
    with new_folder(target) as temporary:
        (temporary / "clip").write_text("new")
        assert temporary.parent == target.parent
        assert not target.exists()
    assert tree(tmp_path) == {"a": "", "a/b": "", "a/b/talk": "", "a/b/talk/clip": "new"}


def test_an_existing_folder_is_refused_and_not_touched(tmp_path: Path) -> None:
    write(tmp_path / "talk", "old")
    before = tree(tmp_path)
    with pytest.raises(OutputExists, match=r"talk: exists already.*--force"):
        write(tmp_path / "talk")
    assert tree(tmp_path) == before


def test_force_replaces_everything_in_it(tmp_path: Path) -> None:
    write(tmp_path / "talk", "old")
    (tmp_path / "talk" / "of another run").write_text("old")
    write(tmp_path / "talk", force=True)
    assert tree(tmp_path) == {"talk": "", "talk/clip": "new", "talk/deep": "", "talk/deep/report": "new"}


def test_force_replaces_as_late_as_possible(tmp_path: Path) -> None:
    write(tmp_path / "talk", "old")
    with new_folder(tmp_path / "talk", force=True):
        assert (tmp_path / "talk" / "clip").read_text() == "old"


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("force", [False, True])
def test_nothing_is_left_behind_by_a_failure(tmp_path: Path, error: type[BaseException], force: bool) -> None:
    if force:
        write(tmp_path / "out" / "talk", "old")
    before = tree(tmp_path)
    with pytest.raises((error, OutputError)), new_folder(tmp_path / "out" / "talk", force=force) as temporary:
        (temporary / "clip").write_text("half")
        raise error
    assert tree(tmp_path) == before


def test_folders_made_for_a_failure_are_kept_if_somebody_uses_them(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="mine"), new_folder(tmp_path / "a" / "b" / "talk"):
        (tmp_path / "a" / "other").write_text("theirs")
        raise ValueError("mine")
    assert tree(tmp_path) == {"a": "", "a/other": "theirs"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_a_failure_between_the_two_renames_brings_the_old_folder_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    write(tmp_path / "talk", "old")
    before = tree(tmp_path)
    rename = Path.rename

    def fails(self: Path, target: Path) -> Path:
        if self.name.endswith(".partial"):
            raise error
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises((error, OutputError)):
        write(tmp_path / "talk", force=True)
    assert tree(tmp_path) == before


def test_a_folder_that_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    with pytest.raises(OutputExists), new_folder(tmp_path / "talk") as temporary:
        (temporary / "clip").write_text("mine")
        write(tmp_path / "talk", "theirs")
    assert tree(tmp_path) == {"talk": "", "talk/clip": "theirs", "talk/deep": "", "talk/deep/report": "theirs"}


@pytest.mark.parametrize("force", [False, True])
def test_a_file_in_the_place_of_the_folder_is_never_replaced(tmp_path: Path, force: bool) -> None:
    (tmp_path / "talk").write_text("a file")
    with pytest.raises(OutputError, match="talk: "):
        write(tmp_path / "talk", force=force)
    assert tree(tmp_path) == {"talk": "a file"}


@pytest.mark.parametrize("make", [new_folder, new_file])
@pytest.mark.parametrize("below", ["talk", "deeper/talk"])
def test_a_file_in_the_place_of_a_folder_above_is_an_error_that_names_the_place(
    tmp_path: Path, make: Callable[[Path], AbstractContextManager[Path]], below: str
) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match=r"talk: cannot be written \(.+\)"), make(tmp_path / "out" / below):
        pytest.fail("there is nowhere to write")
    assert tree(tmp_path) == {"out": "a file"}


def test_force_replaces_a_link_and_not_what_it_leads_to(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", "old")
    (tmp_path / "talk").symlink_to(tmp_path / "elsewhere")
    write(tmp_path / "talk", force=True)
    assert not (tmp_path / "talk").is_symlink()
    assert (tmp_path / "talk" / "clip").read_text() == "new"
    assert (tmp_path / "elsewhere" / "clip").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "talk"]


@pytest.mark.parametrize("name", ["x" * 250, "Grüße 你好 'quoted' \"twice\"", "-o", "100%03d:a"])
def test_any_name_that_the_system_takes_is_written(tmp_path: Path, name: str) -> None:
    write(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_refusal_looks_but_does_not_touch(tmp_path: Path) -> None:
    refuse_existing(tmp_path / "none", force=False)
    refuse_existing(tmp_path, force=True)
    with pytest.raises(OutputExists):
        refuse_existing(tmp_path, force=False)
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("name", ["features.npz", "features", "out/features.npz"])
def test_a_file_appears_whole_under_exactly_its_name(tmp_path: Path, name: str) -> None:
    with new_file(tmp_path / name) as temporary:
        temporary.write_text("new")
        assert not (tmp_path / name).exists()
    assert [path for path in tree(tmp_path) if path != "out"] == [name]


def test_a_file_that_exists_is_replaced_when_the_new_one_is_whole(tmp_path: Path) -> None:
    write_file(tmp_path / "f", "old")
    with pytest.raises(KeyboardInterrupt), new_file(tmp_path / "f") as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert tree(tmp_path) == {"f": "old"}
    write_file(tmp_path / "f")
    assert tree(tmp_path) == {"f": "new"}


def test_a_file_that_was_never_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="f: cannot be written"), new_file(tmp_path / "out" / "f"):
        pass
    assert tree(tmp_path) == {}


def half_written(target: Path, name: str = "clip") -> Path:
    """A folder that a killed process was writing for ``target``."""
    with pytest.raises(KeyboardInterrupt), new_folder(target) as temporary:
        kept = temporary
        raise KeyboardInterrupt
    kept.mkdir(parents=True)
    (kept / name).write_text("half")
    return kept


NAMES = ("talk", "x" * 250, "你" * 80, "a[b]*?")


@pytest.mark.parametrize("name", NAMES)
def test_a_temporary_name_begins_with_the_final_one_and_is_not_too_long(tmp_path: Path, name: str) -> None:
    with new_folder(tmp_path / name) as folder, new_file(tmp_path / f"{name}.j") as file:
        for temporary in (folder, file):
            assert temporary.name.startswith(f".{name[:60]}")
            assert temporary.name.endswith(".partial")
            assert len(os.fsencode(temporary.name)) <= 255
        file.touch()


@pytest.mark.parametrize("name", NAMES)
def test_leftovers_of_a_take_are_removed_beside_it_and_in_it(tmp_path: Path, name: str) -> None:
    take = tmp_path / name
    half_written(take)
    write(take)
    half_written(take / "synctalk" / "alice")
    (take / "synctalk" / "ready").write_text("whole")
    (take / ".bundle-x1").mkdir()
    (take / ".report-x2").mkdir()
    half_written(take / "deliveries.json").rename(take / f".deliveries.json-1-{'0' * 32}.partial")
    remove_leftovers(take)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert tree(take) == {"clip": "new", "deep": "", "deep/report": "new", "synctalk": "", "synctalk/ready": "whole"}


def test_leftovers_of_others_stay(tmp_path: Path) -> None:
    others = {half_written(tmp_path / name) for name in ("talk-2", "talk-2-3", "tal", "a talk")}
    mine = tmp_path / "talk-notes.partial"
    mine.write_text("mine")
    write(tmp_path / "talk")
    (tmp_path / "talk" / "mine.partial").write_text("mine")
    (tmp_path / "talk" / "link").symlink_to(tmp_path / "elsewhere")
    elsewhere = half_written(tmp_path / "elsewhere" / "talk")
    remove_leftovers(tmp_path / "talk")
    assert {path for path in tmp_path.iterdir() if path.is_dir()} >= others
    assert mine.exists()
    assert elsewhere.exists()
    assert (tmp_path / "talk" / "mine.partial").exists()


def test_nothing_to_remove_is_fine(tmp_path: Path) -> None:
    remove_leftovers(tmp_path / "nowhere" / "talk")
    remove_leftovers(tmp_path / "talk")
    assert tree(tmp_path) == {}


def test_the_leftovers_of_one_process_are_removed_without_those_of_another(tmp_path: Path) -> None:
    kept = half_written(tmp_path / "talk").rename(tmp_path / f".talk-{os.getpid() + 1}-{'0' * 32}.partial")
    half_written(tmp_path / "talk")
    half_written(tmp_path / "talk" / "synctalk" / "alice")
    remove_unfinished(tmp_path / "talk", os.getpid())
    assert sorted(path.name for path in tmp_path.iterdir()) == [kept.name, "talk"]
    assert tree(tmp_path / "talk") == {"synctalk": ""}
