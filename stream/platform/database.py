"""The database of a platform: SQLite in a file, or PostgreSQL. Opening it brings its tables to the present form."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from take5.scoring.errors import (
    DatabaseBusy,
    DatabaseError,
    DatabaseUnreachable,
    LibraryMissing,
    NotADatabase,
    ParameterError,
)
from take5.stream.platform.migrate import migrate

BUSY_S = 5.0
"""How long a locked database is waited for."""

STATEMENT_S = 15.0
"""How long a statement may take in PostgreSQL."""

TRUNCATE_MS = 200
"""How long readers are waited for when SQLite's write-ahead log is truncated."""

FORMS = "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
PRAGMAS = ("journal_mode = WAL", "foreign_keys = ON", "secure_delete = ON")
"""What is deleted is overwritten, too."""

WRITES = "take5_writes"
PG_BUSY = {"55P03", "57014", "40P01"}
"""SQLSTATE: lock not available, statement timed out, deadlock."""


class Database:
    """An open database; usable from any thread.

    Parameters
    ----------
    engine : Engine
        SQLAlchemy's.
    name : str
        Its address, without a password.

    Attributes
    ----------
    log_to_truncate : bool
        Whether SQLite's write-ahead log may still hold what has been erased.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        self.name, self.log_to_truncate = name, False
        self._engine, self._writer = engine, engine.execution_options(**{WRITES: True})

    @classmethod
    def open(cls, address: str, busy_s: float = BUSY_S, *, make: bool = True) -> Self:
        """Open the database at an address; a SQLite file is made if there is none, unless ``make`` is false.

        Raises
        ------
        ParameterError
            If it is not such an address.
        LibraryMissing
            If PostgreSQL's driver is not installed.
        DatabaseError
            If it cannot be used: locked, unreachable, of a later version, or not a database of take5.
        """
        url = _checked(address)
        name = url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)
        if url.get_backend_name() == "sqlite":
            _make_file(Path(url.database or ""), name, make=make)
        engine = _engine(url, busy_s)
        database = cls(engine, name)
        try:
            with database._translated(), database._writer.begin() as connection:
                migrate(connection, name)
        except BaseException:
            engine.dispose()
            raise
        return database

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that changes nothing."""
        with self._translated(), Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction, committed when the block ends; with SQLite it is the only writer from its beginning."""
        with self._translated(), Session(self._writer, expire_on_commit=False) as session, session.begin():
            session.connection()  # or the transaction would begin with the first statement
            yield session

    def truncate_log(self) -> None:
        """Remove what has been erased from SQLite's write-ahead log; try again later if another program reads it."""
        if self._engine.dialect.name != "sqlite":
            return
        self.log_to_truncate = True
        with suppress(DatabaseError, sqlite3.Error), self._translated(), self._engine.connect() as connection:
            cursor = connection.connection.cursor()
            before = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
            cursor.execute(f"PRAGMA busy_timeout = {TRUNCATE_MS}")  # other writers wait for as long
            try:
                self.log_to_truncate = bool(cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
            finally:
                cursor.execute(f"PRAGMA busy_timeout = {before}")

    def close(self) -> None:
        """Close its connections."""
        self._engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Raise what the database reports as an error of take5's; broken constraints are the caller's."""
        try:
            yield
        except exc.IntegrityError:
            raise
        except exc.TimeoutError as error:
            raise DatabaseBusy(f"{self.name}: all connections are busy") from error
        except exc.DBAPIError as error:
            raise _translation(error, self.name) from error


def _checked(address: str) -> URL:
    try:
        url = make_url(address)
    except exc.ArgumentError:
        raise ParameterError(f"the database's address must be like {FORMS}") from None  # it may hold a password
    if url.drivername == "postgresql":
        if find_spec("psycopg") is None:
            raise LibraryMissing("PostgreSQL needs psycopg; run: pip install 'take5[postgresql]'")
        return url.set(drivername="postgresql+psycopg")
    if url.drivername != "sqlite" or not url.database or url.database == ":memory:":
        raise ParameterError(f"the database's address must be like {FORMS}, not {url.drivername}:...")
    return url


def _make_file(path: Path, name: str, *, make: bool) -> None:
    """Make a SQLite file that only its owner can read."""
    if not make and not (path.is_file() and path.stat().st_size):
        raise DatabaseUnreachable(f"{name}: there is no such database; give the address that the server has")
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise DatabaseUnreachable(f"{name}: cannot be opened ({error.strerror or error})") from error


def _engine(url: URL, busy_s: float) -> Engine:
    if url.get_backend_name() != "sqlite":
        limits = f"-c lock_timeout={int(busy_s * 1000)} -c statement_timeout={int(STATEMENT_S * 1000)} -c timezone=UTC"
        given = {"connect_timeout": max(2, round(busy_s)), "options": limits}
        return create_engine(url, pool_pre_ping=True, pool_timeout=busy_s, connect_args=given, hide_parameters=True)
    engine = create_engine(url, pool_timeout=busy_s, connect_args={"timeout": busy_s}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver begins no transactions: those below do
        for pragma in (f"busy_timeout = {int(busy_s * 1000)}", *PRAGMAS):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _translation(error: exc.DBAPIError, name: str) -> DatabaseError:
    original: Any = error.orig
    text = str(original).strip().partition("\n")[0]
    if isinstance(original, sqlite3.Error):
        code = getattr(original, "sqlite_errorname", "")
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return DatabaseBusy(f"{name}: locked by another program for too long; try again")
        if code.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
            return NotADatabase(f"{name}: not a SQLite database, or damaged ({text})")
        return DatabaseUnreachable(f"{name}: {text}")
    if getattr(original, "sqlstate", None) in PG_BUSY:
        return DatabaseBusy(f"{name}: locked or busy for too long; try again ({text})")
    return DatabaseUnreachable(f"{name}: {text}")
