"""What a session has left on disk, and its deletion."""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from take5.scoring.errors import OutputError
from take5.stream.output.atomic import remove_leftovers
from take5.stream.spool.folder import BROKEN, LOCK_SUFFIX, SPOOLS


def delete_footage(
    output: Path, session_id: str, recorded: Iterable[Path] = (), consent_file: Path | None = None
) -> list[str]:
    """Delete a session's takes, recorded consent, and what killed captures have left; return what was deleted.

    Takes are found by the session's id, which their names hold, so that none is missed that was never recorded.

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

    Raises
    ------
    OutputError
        If something cannot be deleted.
    """
    name = re.compile(rf"\d{{8}}-\d{{6}}-{re.escape(session_id)}(-\d+)?({re.escape(LOCK_SUFFIX)})?")
    spools = output / SPOOLS
    found = [path for folder in (output, spools, spools / BROKEN) for path in _named(folder, name)]
    found += [path for path in recorded if path not in found and name.fullmatch(path.name) and path.exists()]
    consents = {output / session_id} | ({consent_file.parents[1] / session_id} if consent_file else set())
    found += sorted(path for path in consents if path.is_dir())
    deleted = [str(path) for path in found if _delete(path)]
    for path in (output, *(path.parent for path in found)):
        for leftover in _partial(path, session_id):
            remove_leftovers(leftover)
    return deleted


def _named(folder: Path, name: re.Pattern[str]) -> list[Path]:
    return sorted(path for path in folder.iterdir() if name.fullmatch(path.name)) if folder.is_dir() else []


def _partial(folder: Path, session_id: str) -> list[Path]:
    """Takes of which only something half-written is there."""
    half = re.compile(rf"\.(?P<take>\d{{8}}-\d{{6}}-{re.escape(session_id)}(-\d+)?)-\d+-[0-9a-f]{{32}}\.partial")
    names = (half.fullmatch(path.name) for path in folder.iterdir()) if folder.is_dir() else ()
    return [folder / found["take"] for found in names if found is not None]


def _delete(path: Path) -> bool:
    """Delete a file or a folder; False for a lock, which holds nothing of a person."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{error.filename or path}: cannot be deleted ({error.strerror or error})") from error
    return not path.name.endswith(LOCK_SUFFIX)
