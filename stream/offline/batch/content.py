"""Identity of a video: its bytes, or as a shortcut its metadata in the file system."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from take5.scoring.errors import UnreadableMedia
from take5.stream.sources.given import Address, Given


@dataclass(frozen=True)
class Stamp:
    """Metadata that change with a file's bytes but not with its name; no byte is read."""

    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True)
class Content:
    """A file's bytes: their SHA-256, 64 hexadecimal digits, and the stamp at that time."""

    stamp: Stamp
    sha256: str


def stamp_of(path: Given) -> Stamp:
    """Stamp of a file.

    Raises
    ------
    UnreadableMedia
        If there is none.
    """
    try:
        found = Path(str(path)).stat() if isinstance(path, Address) else path.stat()
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    return Stamp(found.st_size, found.st_mtime_ns, found.st_ino)


def content_of(path: Given, known: Iterable[Content] = ()) -> Content:
    """Content of a file; not read if its stamp is ``known``.

    Raises
    ------
    UnreadableMedia
        If it cannot be read.
    """
    stamp = stamp_of(path)
    for content in known:
        if content.stamp == stamp:
            return content
    try:
        with Path(str(path)).open("rb") as stream:
            return Content(stamp, hashlib.file_digest(stream, "sha256").hexdigest())
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Given, error: Exception) -> UnreadableMedia:
    return UnreadableMedia(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})")
