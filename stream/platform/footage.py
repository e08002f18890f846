"""What a session has left on disk: found by its id, which all names hold, and deleted."""

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from take5.scoring.errors import OutputError
from take5.stream.output.atomic import remove_leftovers
from take5.stream.output.zipped import files_below
from take5.stream.spool.folder import BROKEN, LOCK_SUFFIX, SPOOLS

TAKE = r"\d{8}-\d{6}-%s(-\d+)?"
HALF_WRITTEN = r"-\d+-[0-9a-f]{32}\.partial"
ID = "(?P<id>[0-9a-f]{24})"


@dataclass(frozen=True)
class Footage:
    """What was deleted of a session.

    Attributes
    ----------
    paths : tuple of str
        Folders of takes, of the recorded consent, and of what captures that were cut off have left.
    files, bytes : int
        How many files were in them, and of what size.
    """

    paths: tuple[str, ...] = ()
    files: int = 0
    bytes: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """What a record may keep of it."""
        return {"files": self.files, "bytes": self.bytes}


def delete_footage(
    output: Path, session_id: str, recorded: Iterable[Path] = (), consent_file: Path | None = None
) -> Footage:
    """Delete a session's takes, recorded consent, and what killed captures have left; return what was deleted.

    Raises
    ------
    OutputError
        If something cannot be deleted.

    See Also
    --------
    found_footage : its parameters.
    """
    found = found_footage(output, session_id, recorded, consent_file)
    files, size = _size(found)
    deleted = tuple(str(path) for path in found if _delete(path))
    for folder in {output, *(path.parent for path in found)}:
        for take in _half_written(folder, session_id):
            remove_leftovers(take)
        left = _half_written(folder, session_id)
        if left:
            raise OutputError(f"{left[0]}: what is half-written of it cannot be deleted")
    return Footage(deleted, files, size)


def found_footage(
    output: Path, session_id: str, recorded: Iterable[Path] = (), consent_file: Path | None = None
) -> list[Path]:
    """Return everything that a session has left in its folders.

    Takes are found by the session's id, so that none is missed that was never recorded.

    Parameters
    ----------
    output : Path
        The server's output folder.
    session_id : str
        The session's id.
    recorded : iterable of Path
        Further takes, in other output folders.
    consent_file : Path, optional
        The recorded consent, whose folder has the session's id as its name.
    """
    name = re.compile(TAKE % re.escape(session_id) + f"({re.escape(LOCK_SUFFIX)})?")
    takes = [path for folder in _places(output) for path in _named(folder, name)]
    takes += [path for path in recorded if name.fullmatch(path.name) and path.exists()]
    consents = [output / session_id, *([consent_file.parents[1] / session_id] if consent_file else [])]
    return _once([*takes, *(path for path in consents if path.is_dir())])


def sessions_with_footage(output: Path) -> set[str]:
    """Return the ids of sessions of which something is in an output folder, half-written takes among it."""
    take = rf"\.?{TAKE % ID}({HALF_WRITTEN}|{re.escape(LOCK_SUFFIX)})?"
    found = [re.fullmatch(take, path.name) for folder in _places(output) for path in _listed(folder)]
    consents = [re.fullmatch(ID, path.name) for path in _listed(output)]
    return {each["id"] for each in (*found, *consents) if each is not None}


def _once(paths: Iterable[Path]) -> list[Path]:
    """Each path once, however its folder is spelled."""
    once: dict[Path, Path] = {}
    for path in paths:
        once.setdefault(path.parent.resolve() / path.name, path)
    return list(once.values())


def _places(output: Path) -> tuple[Path, ...]:
    return output, output / SPOOLS, output / SPOOLS / BROKEN


def _named(folder: Path, name: re.Pattern[str]) -> list[Path]:
    return [path for path in _listed(folder) if name.fullmatch(path.name)]


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise OutputError(f"{folder}: cannot be read ({error.strerror or error})") from error


def _half_written(folder: Path, session_id: str) -> list[Path]:
    """Takes of which something half-written is in a folder."""
    half = re.compile(rf"\.(?P<take>{TAKE % re.escape(session_id)}){HALF_WRITTEN}")
    names = (half.fullmatch(path.name) for path in _listed(folder))
    return [folder / found["take"] for found in names if found is not None]


def _size(found: Iterable[Path]) -> tuple[int, int]:
    try:
        real = [path for path in found if not (is_lock(path) or path.is_symlink())]
        sizes = [file.lstat().st_size for path in real for file in files_below(path)]
    except OSError as error:
        raise OutputError(f"{error.filename}: cannot be read ({error.strerror or error})") from error
    return len(sizes), sum(sizes)


def is_lock(path: Path) -> bool:
    """Whether a file only says that a capture is going on; it holds nothing of a person."""
    return path.name.endswith(LOCK_SUFFIX)


def _delete(path: Path) -> bool:
    """Delete a file or a folder; False for a lock."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        inside = "" if error.filename in (None, str(path)) else f" ({error.filename} in it)"
        raise OutputError(f"{path}{inside}: cannot be deleted ({error.strerror or error})") from error
    return not is_lock(path)
