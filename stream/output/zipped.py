"""Files as a ZIP archive, made while it is sent: pictures and video do not get smaller, so they are only stored."""

import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

from take5.stream.output.atomic import PREPARATION_PREFIX

PIECE_BYTES = 1 << 20
LARGE_BYTES = 1 << 30


class _Sink(io.RawIOBase):
    """Keeps what an archive writes until it is taken; there is no way back in it."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        """Whether it can be written to."""
        return True

    def write(self, data: object) -> int:
        """Keep bytes."""
        view = memoryview(data)  # type: ignore[arg-type] # what ZipFile writes
        self._written += view
        return view.nbytes

    def taken(self) -> bytes:
        """Return what has been written since the last time."""
        taken = bytes(self._written)
        self._written.clear()
        return taken


def zipped(path: Path) -> Iterator[bytes]:
    """Yield an archive of a folder, or of one file, in pieces of about a mebibyte.

    Names in it begin with the name of the folder or file. Links are left out. If the folder is deleted meanwhile, it
    raises OSError: an archive that is whole has every file.
    """
    return archived([(str(file.relative_to(path.parent)), file) for file in files_below(path)])


def archived(entries: Iterable[tuple[str, Path | bytes]]) -> Iterator[bytes]:
    """Yield an archive of files, or of bytes, by their names in it, as :func:`zipped` does."""
    sink = _Sink()
    with ZipFile(sink, "w", ZIP_STORED) as archive:
        for name, content in entries:
            with _opened(content) as source, archive.open(name, "w", force_zip64=_is_large(content)) as entry:
                while piece := source.read(PIECE_BYTES):
                    entry.write(piece)
                    yield sink.taken()
    yield sink.taken()


def files_below(path: Path) -> Iterator[Path]:
    """Yield the regular files below a folder in order of their names, or the file itself.

    Links are left out, and what a preparation of bundles has for a while.
    """
    if path.is_file():
        yield path
        return
    for folder, folders, names in os.walk(path, onerror=_raise):
        folders[:] = sorted(name for name in folders if not name.startswith(PREPARATION_PREFIX))
        found = (Path(folder) / name for name in sorted(names) if not name.startswith(PREPARATION_PREFIX))
        yield from (file for file in found if file.is_file() and not file.is_symlink())


def _is_large(content: Path | bytes) -> bool:
    """Whether an entry may need 64 bits for its size, which ZipFile wants to know before."""
    return isinstance(content, Path) and content.stat().st_size >= LARGE_BYTES


def _opened(content: Path | bytes) -> io.BufferedIOBase:
    return io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")


def _raise(error: OSError) -> None:
    raise error
