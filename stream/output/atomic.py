"""Atomic writes: results are written next to their destination and moved there complete, or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from take5.scoring.errors import OutputError, OutputExists


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
    with _writing(path), _parents(path):
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
    with _writing(path), _parents(path):
        try:
            yield temporary
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{os.getpid()}-{uuid4().hex}.partial")


def remove_unfinished(path: Path, process: int) -> None:
    """Remove what a killed process left unfinished for ``path``."""
    for temporary in path.parent.glob(f".{process}-*.partial"):
        shutil.rmtree(temporary, ignore_errors=True)


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
def _parents(path: Path) -> Iterator[None]:
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
def _writing(path: Path) -> Iterator[None]:
    """Turn system errors into an OutputError that names the path."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error
