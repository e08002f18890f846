"""New databases in SQLite: copies of one that is made once, since the revisions take longer than most tests."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from take5.stream.platform.database import BUSY_S, Database


@cache
def _new() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "platform.db"
        Database.open(f"sqlite:///{path}").close()
        return path.read_bytes()


def new_database(path: Path, busy_s: float = BUSY_S) -> Database:
    """Open a new database at a path."""
    path.write_bytes(_new())
    return Database.open(f"sqlite:///{path}", busy_s)
