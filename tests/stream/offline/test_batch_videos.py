"""Which videos a folder or a list has, and which folder each one's take gets."""

import errno
import io
import os
from pathlib import Path, PurePath

import pytest

from take5.stream.offline.batch.videos import Video, folders, listed, named


def tree(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def places(*paths: Path, output: Path = Path("no-output")) -> tuple[list[str], list[str]]:
    """Places of the videos, and what is told of the others."""
    told: list[str] = []
    found = list(named(paths, output, lambda _, error: told.append(str(error))))
    assert all(Path(str(source.path)).exists() or not source.mirrored for source in found)
    return [source.place.as_posix() for source in found], told


def mirrored(*names: str) -> list[str]:
    return [path.as_posix() for path in folders([Video(Path(name), PurePath(name), mirrored=True) for name in names])]


def alone(*names: str) -> list[str]:
    return [str(path) for path in folders([Video(Path(name), PurePath(name), mirrored=False) for name in names])]


def test_a_folder_gives_its_videos_in_order(tmp_path: Path) -> None:
    tree(tmp_path, "b/2.MP4", "b/10.mkv", "a.webm", "notes.txt", "b/c/x.mov", "z.wav", ".hidden.mp4", ".git/x.mp4")
    assert places(tmp_path) == (["a.webm", "b/10.mkv", "b/2.MP4", "b/c/x.mov"], [])


def test_takes_and_the_output_folder_are_no_videos(tmp_path: Path) -> None:
    tree(tmp_path, "talk.mp4", "out/new.mp4", "older/talk/clip.mp4", "older/talk/report.json", "older/talk/x/aud.mp4")
    assert places(tmp_path, output=tmp_path / "out") == (["talk.mp4"], [])
    assert places(tmp_path, output=tmp_path)[0] == ["talk.mp4", "out/new.mp4"]


def test_links_are_followed_and_lead_nowhere_twice(tmp_path: Path) -> None:
    tree(tmp_path, "in/a/talk.mp4", "elsewhere/far.mp4")
    (tmp_path / "in" / "a" / "loop").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "b").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in" / "c").symlink_to(tmp_path / "in" / "a")
    assert places(tmp_path / "in") == (["a/talk.mp4", "b/far.mp4"], [])


def test_a_broken_link_is_found_so_that_somebody_hears_of_it_and_a_pipe_is_not(tmp_path: Path) -> None:
    (tmp_path / "gone.mp4").symlink_to(tmp_path / "nowhere.mp4")
    os.mkfifo(tmp_path / "pipe.mp4")
    found = list(named([tmp_path], Path("out"), lambda *_: None))
    assert [source.place.name for source in found] == ["gone.mp4"]


def test_a_folder_without_a_video_is_told(tmp_path: Path) -> None:
    tree(tmp_path, "notes.txt")
    assert places(tmp_path) == ([], [f"{tmp_path}: is a folder with no video in it (.mp4, .mkv, .mov and so on)"])


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is closed to root, so the system's answer is put in its place."""
    tree(tmp_path, "closed/x.mp4", "open/y.mp4")
    listed = os.scandir

    def scandir(path: str | Path) -> object:
        if Path(path) == tmp_path / "closed":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found, told = places(tmp_path)
    assert found == ["open/y.mp4"]
    assert told == [f"{tmp_path / 'closed'}: cannot be listed (Permission denied)"]


def test_trees_of_several_folders_stand_side_by_side(tmp_path: Path) -> None:
    tree(tmp_path, "one/x.mp4", "two/x.mp4", "y.mp4")
    assert places(tmp_path / "one", tmp_path / "two", tmp_path / "y.mp4")[0] == ["one/x.mp4", "two/x.mp4", "y.mp4"]


@pytest.mark.parametrize(
    ("text", "null", "expected"),
    [
        (b"a.mp4\n\n# a comment\n  sub/b.mp4 \r\n./#c.mp4", False, ["a.mp4", "sub/b.mp4", "#c.mp4"]),
        (b"\xef\xbb\xbfa.mp4\n", False, ["a.mp4"]),
        (b"# no\ncomment.mp4\0 b.mp4\0", True, ["# no\ncomment.mp4", " b.mp4"]),
        (b"/data/x/1.mp4\n../up/2.mp4\n./x/../3.mp4\n", False, ["data/x/1.mp4", "up/2.mp4", "3.mp4"]),
        (b"\n# nothing\n", False, []),
    ],
)
def test_lists(text: bytes, null: bool, expected: list[str]) -> None:
    assert [source.place.as_posix() for source in listed(io.BytesIO(text), null=null)] == expected


def test_a_list_keeps_names_that_are_no_unicode() -> None:
    (source,) = listed(io.BytesIO(b"caf\xe9.mp4\n"))
    assert os.fsencode(str(source.path)) == b"caf\xe9.mp4"


def test_videos_that_are_named_get_numbers() -> None:
    assert alone("a.mp4", "A.mkv", "b.mp4") == ["a", "A-2", "b"]
    assert alone("a.mp4", "a.mov", "a-2.mp4") == ["a", "a-2", "a-2-2"]


def test_a_tree_is_mirrored() -> None:
    assert mirrored("a.mp4", "x/a.mp4", "x/y/a.mp4") == ["a", "x/a", "x/y/a"]


def test_in_a_tree_what_else_would_be_the_same_keeps_its_ending() -> None:
    assert mirrored("a.mp4", "a.mov", "b.mp4") == ["a.mp4", "a.mov", "b"]
    assert mirrored("talk.mp4", "talk/part.mp4") == ["talk.mp4", "talk/part"]
    assert mirrored("Talk.mp4", "talk.MOV") == ["Talk.mp4", "talk.MOV"]


def test_no_take_lies_in_another_one_or_has_its_name() -> None:
    names = ["a.mp4", "a.mov", "a.mp4.mkv", "a/x.mp4", "a.mov/y.mp4", "b/c.mp4", "B.mp4", "same.mp4", "same.mp4"]
    found = [PurePath(name.casefold()) for name in mirrored(*names)]
    assert len(set(found)) == len(names)
    assert not {parent for path in found for parent in path.parents} & set(found)
