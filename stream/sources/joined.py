"""Signs, in the structure of a file, that more than one recording is in it."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MP4 = ("mov", "mp4")
CONTAINERS = (b"moov", b"trak", b"edts")
LONGEST_EDIT_LIST = 1 << 20


@dataclass(frozen=True)
class Box:
    """A part of a file: its kind, where it begins, and the bytes of its content."""

    kind: bytes
    start: int
    content: int
    stop: int


def structure_warnings(path: Path, format_name: str) -> Iterator[str]:
    """Warn of a second recording that nothing in the times of the packets gives away, and of cuts by edit lists."""
    kind = format_name.partition(",")[0]
    with path.open("rb") as file:
        size = path.stat().st_size
        again = {"mov": _second_mp4, "mp4": _second_mp4, "flv": _second_flv}.get(kind)
        if again is not None and (start := again(file, size)) is not None:
            yield f"another recording begins at byte {start:,} (files joined with cat?); only the first is read"
        if kind == "avi" and (start := _second_avi(file, size)) is not None:
            yield f"another recording begins at byte {start:,} (files joined with cat?)"
        if kind in MP4 and (segments := max(_edits(file, size), default=1)) > 1:
            yield f"its edit list has {segments} segments; picture and sound may be off where they meet"


def _second_mp4(file: BinaryIO, size: int) -> int | None:
    top = list(_boxes(file, 0, size))
    begun = ([box.start for box in top if box.kind == kind] for kind in (b"ftyp", b"moov"))
    return min((starts[1] for starts in begun if len(starts) > 1), default=None)


def _second_flv(file: BinaryIO, size: int) -> int | None:
    """Walk the tags: each has 11 bytes before its data and 4 after."""
    start = 13
    while start + 11 <= size:
        file.seek(start)
        head = file.read(4)
        if head[:3] == b"FLV":
            return start
        start += 15 + int.from_bytes(head[1:], "big")
    return None


def _second_avi(file: BinaryIO, size: int) -> int | None:
    """Walk the RIFF chunks: those after the first of a long file are AVIX."""
    start = 0
    while start + 12 <= size:
        file.seek(start)
        riff, length, kind = struct.unpack("<4sI4s", file.read(12))
        if start and (riff, kind) == (b"RIFF", b"AVI "):
            return start
        start += 8 + length + length % 2
    return None


def _edits(file: BinaryIO, size: int) -> Iterator[int]:
    for box in _boxes(file, 0, size):
        if box.kind == b"moov":
            yield from _segments(file, box)


def _boxes(file: BinaryIO, start: int, stop: int) -> Iterator[Box]:
    """Yield the boxes of a stretch of bytes, as far as they make sense."""
    while start + 8 <= stop:
        file.seek(start)
        head = file.read(16)
        if len(head) < 8:
            return
        size, kind = struct.unpack(">I4s", head[:8])
        content = start + 8
        if size == 1 and len(head) == 16:
            size, content = struct.unpack(">Q", head[8:])[0], start + 16
        end = stop if size == 0 else start + size
        if end < content:
            return
        yield Box(kind, start, content, min(end, stop))
        start = end


def _segments(file: BinaryIO, parent: Box) -> Iterator[int]:
    """Yield how many segments that show something each edit list has."""
    for box in _boxes(file, parent.content, parent.stop):
        if box.kind in CONTAINERS:
            yield from _segments(file, box)
        elif box.kind == b"elst" and box.stop - box.content <= LONGEST_EDIT_LIST:
            file.seek(box.content)
            yield _shown(file.read(box.stop - box.content))


def _shown(edit_list: bytes) -> int:
    """Count an edit list's entries that are not empty."""
    if len(edit_list) < 8:
        return 0
    entry = ">QqI" if edit_list[0] else ">IiI"
    whole = 8 + (len(edit_list) - 8) // struct.calcsize(entry) * struct.calcsize(entry)
    return sum(media_time >= 0 for _, media_time, _ in struct.iter_unpack(entry, edit_list[8:whole]))
