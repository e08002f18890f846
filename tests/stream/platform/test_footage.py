"""What a session has left on disk."""

from pathlib import Path

import pytest

from take5.scoring.errors import OutputError
from take5.stream.platform.footage import delete_footage, found_footage

ID = "0123456789abcdef01234567"
TAKE = f"20260101-000000-{ID}"


def take(output: Path) -> Path:
    folder = output / TAKE
    folder.mkdir(parents=True)
    (folder / "clip.mp4").write_bytes(b"x" * 1000)
    return folder


def test_a_take_that_was_recorded_with_a_relative_path_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = take(tmp_path / "out")
    monkeypatch.chdir(tmp_path)
    recorded = [Path("out") / TAKE, folder]
    assert found_footage(tmp_path / "out", ID, recorded) == [folder]
    deleted = delete_footage(tmp_path / "out", ID, recorded)
    assert (deleted.paths, deleted.files, deleted.bytes) == ((str(folder),), 1, 1000)


@pytest.mark.parametrize("spelled", ["out", "x/../out", "link"])
def test_a_folder_that_is_spelled_in_another_way_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelled: str
) -> None:
    folder, consent = take(tmp_path / "out"), tmp_path / "out" / ID / "consent.webm"
    consent.parent.mkdir()
    consent.write_bytes(b"I agree")
    (tmp_path / "x").mkdir()
    (tmp_path / "link").symlink_to("out")
    monkeypatch.chdir(tmp_path)
    deleted = delete_footage(Path(spelled), ID, [folder], consent)
    assert (deleted.paths, deleted.files) == ((f"{spelled}/{TAKE}", f"{spelled}/{ID}"), 2)
    assert (folder.exists(), consent.parent.exists()) == (False, False)


def test_a_link_is_deleted_and_what_it_leads_to_neither_counts_nor_goes(tmp_path: Path) -> None:
    elsewhere = take(tmp_path / "elsewhere")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / TAKE).symlink_to(elsewhere)
    deleted = delete_footage(tmp_path / "out", ID)
    assert (len(deleted.paths), deleted.files) == (1, 0)
    assert not (tmp_path / "out" / TAKE).is_symlink()
    assert (elsewhere / "clip.mp4").exists()


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take(tmp_path)

    def refuse(self: Path) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(OutputError, match=rf"^{tmp_path}: cannot be read \(Permission denied\)$"):
        delete_footage(tmp_path, ID)


def test_what_cannot_be_deleted_is_named_with_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = take(tmp_path)

    def refuse(_path: Path) -> None:
        raise PermissionError(13, "Permission denied", "clip.mp4")  # as rmtree does, within the folder

    monkeypatch.setattr("take5.stream.platform.footage.shutil.rmtree", refuse)
    with pytest.raises(OutputError, match=rf"^{folder} \(clip.mp4 in it\): cannot be deleted \(Permission denied\)$"):
        delete_footage(tmp_path, ID)
