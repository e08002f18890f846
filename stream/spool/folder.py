"""Folders of spools, one for each capture that goes on, and the lock that its process holds."""

import logging
import re
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from take5.scoring.errors import OutputError
from take5.stream.output.atomic import free_folder, sync_folder

SPOOLS, BROKEN = ".spool", "broken"
JOURNAL = "journal"
LOCK_SUFFIX = ".lock"
NAMED = re.compile(r"\d{8}-\d{6}-.*(?<!\.lock)")
"""Names of takes, and so of their spools; not of locks."""

log = logging.getLogger(__name__)


class SpoolFolder:
    """A capture's spool: ``OUTPUT/.spool/NAME/``, with ``NAME.lock`` beside it, locked by the operating system.

    The lock ends with the process, however that ends. ``NAME`` is the name of the take's folder in ``OUTPUT``.

    Parameters
    ----------
    path : Path
        The folder; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(path.with_name(path.name + LOCK_SUFFIX), timeout=0, thread_local=False)

    @classmethod
    def create(cls, take: Path) -> "SpoolFolder | None":
        """Make the spool of a take's folder and lock it; None if another capture has that name.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        folder = cls(take.parent / SPOOLS / take.name)
        try:
            folder.path.parent.mkdir(parents=True, exist_ok=True)
            if folder.path.exists() or not folder.lock():
                return None
            folder.path.mkdir()
            sync_folder(folder.path.parent)
        except FileExistsError:
            folder.unlock()
            return None
        except OSError as error:
            folder.unlock()
            raise OutputError(f"{folder.path}: cannot be written ({error.strerror or error})") from error
        return folder

    @property
    def take(self) -> Path:
        """The take's folder."""
        return self.path.parent.parent / self.path.name

    @property
    def journal(self) -> Path:
        """The file of the choices so far."""
        return self.path / JOURNAL

    @property
    def empty(self) -> bool:
        """Whether nothing has been written to it."""
        names = [path.name for path in self.path.iterdir()] if self.path.is_dir() else []
        return names in ([], [JOURNAL]) and (not names or self.journal.stat().st_size == 0)

    def segment(self, number: int) -> Path:
        """The file of a second of media."""
        return self.path / f"media-{number:06d}"

    def segments(self) -> list[Path]:
        """The files of media that are there."""
        return sorted(self.path.glob("media-*"))

    def lock(self) -> bool:
        """Lock it; False if another process, or another capture of this one, holds it."""
        try:
            self._lock.acquire()
        except Timeout:
            return False
        return True

    def unlock(self) -> None:
        """Release the lock; what is in the folder stays."""
        self._lock.release()

    def remove(self) -> None:
        """Remove the folder, then release the lock; the folder of all spools goes with the last."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.unlock()
        if not self.path.exists():
            _discard(Path(self._lock.lock_file), self.path.parent)

    def set_aside(self) -> Path:
        """Move a folder that cannot be read to ``.spool/broken/``, release the lock, and return where it is."""
        aside = self.path.parent / BROKEN
        aside.mkdir(exist_ok=True)
        place = free_folder(aside / self.path.name)
        self.path.rename(place)
        self.unlock()
        _discard(Path(self._lock.lock_file), self.path.parent)
        return place


def unfinished(output: Path, takes: Collection[Path] | None = None) -> Iterator[SpoolFolder]:
    """Lock and yield each spool in an output folder whose process is gone, or those of these takes, oldest first.

    The caller unlocks, removes or sets aside each of them. Folders that are not named as takes are left alone.
    """
    for path in _spools(output):
        folder = SpoolFolder(path)
        if takes is not None and folder.take not in takes:
            continue
        try:
            if not path.is_dir() or path.is_symlink() or not folder.lock():
                continue
            if not folder.empty:
                yield folder
            else:  # its process has finished in the meantime, or had not begun
                folder.remove()
        except OSError as error:
            log.warning("%s is left as it is: it cannot be opened (%s)", path, error.strerror or error)


def has_spools(output: Path) -> bool:
    """Whether there is any spool in an output folder, also of captures that go on."""
    return bool(_spools(output))


def count_unfinished(output: Path) -> int:
    """Number of spools in an output folder whose process is gone."""
    found = list(unfinished(output))
    for folder in found:
        folder.unlock()
    return len(found)


def _spools(output: Path) -> list[Path]:
    spools = output / SPOOLS
    return sorted(path for path in spools.iterdir() if NAMED.fullmatch(path.name)) if spools.is_dir() else []


def _discard(lock: Path, spools: Path) -> None:
    try:
        lock.unlink(missing_ok=True)
        spools.rmdir()
    except OSError:
        return  # other spools are there
