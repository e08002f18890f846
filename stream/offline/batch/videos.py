"""Finding the videos of a batch, and naming the folder of each one's take."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO

from take5.scoring.errors import UnreadableMedia
from take5.stream.sources.given import Given, given

OnError = Callable[[Path, UnreadableMedia], None]
"""Called with a path that could not be searched, and the error."""

VIDEO_SUFFIXES = frozenset({
    ".3g2", ".3gp", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".m2t", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4",
    ".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".rm", ".rmvb", ".ts", ".vob", ".webm", ".wmv",
})  # fmt: skip
"""Suffixes, in any case, of the files in a folder that count as videos."""

CLIP = re.compile(r"clip(-[0-9.]+s)?\.mp4")
"""The name of a take's clip."""


@dataclass(frozen=True)
class Video:
    """A video, and its place in the output tree.

    Attributes
    ----------
    path : Path or Address
        The recording.
    place : PurePath
        Relative, with the file's suffix.
    mirrored : bool
        Whether it is part of a tree rather than named alone.
    """

    path: Given
    place: PurePath
    mirrored: bool


def listed(names: BinaryIO, *, null: bool = False) -> Iterator[Video]:
    """Videos of a list: one path per line, or NUL-terminated; empty lines and those that begin with # are skipped.

    The place of a video is its path as written.
    """
    for name in names.read().removeprefix(b"\xef\xbb\xbf").split(b"\0" if null else b"\n"):
        plain = name if null else name.strip()
        if plain and (null or not plain.startswith(b"#")):
            path = given(os.fsdecode(plain))
            place = _relative(path) if isinstance(path, Path) else PurePath(path.name)
            yield Video(path, place, mirrored=True)


def _relative(path: Path) -> PurePath:
    """The path without drive, root and leading parent references."""
    plain = PurePath(os.path.normpath(path))
    return PurePath(*(part for part in plain.parts if part not in (plain.anchor, os.pardir)))


def named(paths: Sequence[Given], output: Path, on_error: OnError) -> Iterator[Video]:
    """Named videos, and those of named folders; the trees of several folders are put side by side."""
    for path in paths:
        if isinstance(path, Path) and path.is_dir():
            above = PurePath() if len(paths) == 1 else PurePath(path.resolve().name)
            yield from _of_folder(path, above, output, on_error)
        else:
            yield Video(path, PurePath(path.name), mirrored=False)


def _of_folder(folder: Path, above: PurePath, output: Path, on_error: OnError) -> Iterator[Video]:
    found = False
    for path in _walk(folder, output, on_error):
        found = True
        yield Video(path, above / path.relative_to(folder), mirrored=True)
    if not found:
        on_error(folder, UnreadableMedia(f"{folder}: is a folder with no video in it (.mp4, .mkv, .mov and so on)"))


def _walk(folder: Path, output: Path, on_error: OnError) -> Iterator[Path]:
    """Videos in a folder and the folders in it, in order; skips hidden folders, takes, and ``output``."""

    def unreadable(error: OSError) -> None:
        text = f"{error.filename}: cannot be listed ({error.strerror})"
        on_error(Path(error.filename), UnreadableMedia(text))

    been = {_identity(output)} - {_identity(folder)}
    for here, folders, files in os.walk(folder, onerror=unreadable, followlinks=True):
        identity = _identity(Path(here))
        if identity in been or _is_take(files):
            folders.clear()
            continue
        been.add(identity)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (path for path in (Path(here, name) for name in sorted(files)) if _is_video(path))


def _is_take(files: Iterable[str]) -> bool:
    """Whether a folder with these files is a take, which is not searched for videos."""
    return "report.json" in files and any(map(CLIP.fullmatch, files))


def _identity(folder: Path) -> tuple[int, int] | None:
    """Identity of a folder, whichever path leads to it; None if it does not exist."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_video(path: Path) -> bool:
    """Whether a file counts as a video by its name; a pipe, which could block, does not."""
    looks = path.suffix.lower() in VIDEO_SUFFIXES and not path.name.startswith(".")
    return looks and (path.is_file() or not path.exists())


def folders(sources: Sequence[Video]) -> list[PurePath]:
    """A folder for each video, relative, no two the same.

    It is named after the video, without its suffix. In a tree, if another video or a folder has that name, the suffix
    stays; names that are still not unique get -2, -3, ...
    """
    wanted = Counter(_folded(_bare(source.place)) for source in sources if source.mirrored)
    used = {_folded(parent) for source in sources for parent in source.place.parents}
    result = []
    for source in sources:
        name = _bare(source.place)
        if source.mirrored and (wanted[_folded(name)] > 1 or _folded(name) in used):
            name = source.place
        result.append(_unique(name, used))
    return result


def _unique(name: PurePath, used: set[str]) -> PurePath:
    unique, number = name, 1
    while _folded(unique) in used:
        number += 1
        unique = name.with_name(f"{name.name}-{number}")
    used.add(_folded(unique))
    return unique


def _bare(place: PurePath) -> PurePath:
    return place.parent / (place.stem or "video")


def _folded(place: PurePath | Iterable[str]) -> str:
    return str(place).casefold()
