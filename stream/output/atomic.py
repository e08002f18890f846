"""Atomic writes: results are written next to their destination and moved there complete, or not at all.

What is being written for ``NAME`` lies beside it as ``.NAME-PROCESS-HEX.partial``, so that its owner can remove what a
killed process left of it.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from uuid import uuid4

from take5.scoring.errors import OutputError, OutputExists

BUNDLE_PREFIX, REPORT_PREFIX = ".bundle-", ".report-"
"""Names of the folders, in a take's folder, that its bundles and its report are made in."""

PREPARATION_PREFIX = ".preparation-"
"""How everything begins, in a bundle's folder, that its preparation has for a while."""

STEM_BYTES = 200
"""Longest part of a name that a temporary name repeats; file systems take 255 bytes with process, number and ending."""


@contextmanager
def new_folder(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Yield a temporary folder that becomes ``path`` when the block ends, and is removed if it fails.

    Raises
    ------
    OutputExists
        If ``path`` exists and ``force`` is false. With ``force`` it is replaced, as late as possible.
    OutputError
        If it cannot be written.
    """
    refuse_existing(path, force=force)
    temporary = _temporary(path)
    with writing(path), parents(path):
        try:
            temporary.mkdir()
            yield temporary
            _replace(temporary, path, force=force)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield a temporary file name that becomes ``path`` when the block ends, and is removed if it fails."""
    temporary = _temporary(path)
    with writing(path), parents(path):
        try:
            yield temporary
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{_stem(path.name)}-{os.getpid()}-{uuid4().hex}.partial")


def _stem(name: str) -> str:
    """A name, or the beginning of a long one and a digest of it."""
    encoded = os.fsencode(name)
    if len(encoded) <= STEM_BYTES:
        return name
    digest = hashlib.sha256(encoded).hexdigest()[:12]
    return f"{encoded[: STEM_BYTES - 13].decode(errors='ignore')}~{digest}"


def _partial(stem: str = "", process: int | None = None) -> re.Pattern[str]:
    """The temporary names for ``stem``, by default for any, and for a process."""
    number = r"\d+" if process is None else str(process)
    return re.compile(rf"\.{re.escape(stem) or '.+'}-{number}-[0-9a-f]{{32}}\.partial", re.DOTALL)


def remove_unfinished(path: Path, process: int) -> None:
    """Remove what a killed process left unfinished for the file or folder ``path``, beside it and in it."""
    _remove_named(path.parent, _partial(_stem(path.name), process).fullmatch)
    _remove_below(path, _partial(process=process).fullmatch)


def remove_leftovers(path: Path) -> None:
    """Remove everything half-written for the take folder ``path``, beside it and in it; nothing may be writing there.

    What cannot be removed stays.
    """
    _remove_named(path.parent, _partial(_stem(path.name)).fullmatch)
    _remove_named(path, lambda name: name.startswith((BUNDLE_PREFIX, REPORT_PREFIX)))
    _remove_below(path, lambda name: name.startswith(PREPARATION_PREFIX) or _partial().fullmatch(name))


def remove_half_prepared(bundle: Path) -> None:
    """Remove what a preparation has left half-written in a bundle; nothing may be preparing it."""
    for path in bundle.glob(f"{PREPARATION_PREFIX}*/"):
        shutil.rmtree(path, ignore_errors=True)


def _remove_below(folder: Path, chosen: Callable[[str], object]) -> None:
    """Remove what has a chosen name, at any depth; links are not followed."""
    for where, folders, _ in os.walk(folder):
        _remove_named(Path(where), chosen)
        folders[:] = [name for name in folders if not chosen(name)]


def _remove_named(folder: Path, chosen: Callable[[str], object]) -> None:
    try:
        names = [name for name in os.listdir(folder) if chosen(name)]  # noqa: PTH208 - names, whatever they hold
    except OSError:
        return
    for name in names:
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()


def numbered(path: Path) -> Iterator[Path]:
    """Yield ``path``, and then the same name with -2, -3 and so on."""
    yield path
    for number in count(2):
        yield path.with_name(f"{path.name}-{number}")


def free_folder(path: Path) -> Path:
    """Return the first of :func:`numbered` that does not exist."""
    return next(place for place in numbered(path) if not place.exists())


def refuse_existing(path: Path, *, force: bool) -> None:
    """Raise OutputExists if ``path`` exists and may not be replaced."""
    if path.exists() and not force:
        raise OutputExists(f"{path}: exists already; give another folder with -o, or replace it with --force")
    if path.exists() and not path.is_dir():
        raise OutputError(f"{path}: is not a folder; remove it, or give another folder with -o")


def _replace(temporary: Path, path: Path, *, force: bool) -> None:
    refuse_existing(path, force=force)
    if not path.exists():
        temporary.rename(path)
        return
    old = path.with_name(f".{uuid4().hex}.old")
    path.rename(old)
    try:
        temporary.rename(path)
    except BaseException:
        old.rename(path)
        raise
    _remove(old)


def _remove(path: Path) -> None:
    if path.is_symlink():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def parents(path: Path) -> Iterator[None]:
    """Create missing parent folders of ``path``; if the block fails, remove them again."""
    made = [parent for parent in path.parents if not parent.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        with suppress(OSError):  # not empty by now: keep it
            for parent in made:
                parent.rmdir()
        raise


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn system errors into an OutputError that names the path."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error


def sync_files(folder: Path) -> None:
    """Let every file in a folder, and their names, survive a loss of power."""
    for path in folder.iterdir():
        with path.open("r+b") as file:
            os.fsync(file.fileno())
    sync_folder(folder)


def sync_folder(path: Path) -> None:
    """Let the names in a folder survive a loss of power, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
