"""Brings the tables of a database to the present form, with Alembic and the revisions in ``migrations/versions``."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from take5.scoring.errors import DatabaseNewer, NotADatabase
from take5.stream.platform.tables import VERSION_TABLE, Table

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x7A6E35
"""Number of the lock in PostgreSQL under which one process at a time migrates."""


def migrate(connection: Connection, name: str, revision: str = "head") -> None:
    """Upgrade the tables, in the transaction that is going on.

    Raises
    ------
    DatabaseNewer
        If they are of a revision that this version does not know.
    NotADatabase
        If tables of these names belong to another program.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    present = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if present is None:
        _refuse_foreign(connection, name)
    elif present not in known:
        raise DatabaseNewer(f"{name}: written by a later version of take5 (revision {present}); update take5")
    command.upgrade(config, revision)


def _refuse_foreign(connection: Connection, name: str) -> None:
    foreign = set(Table.metadata.tables) & set(inspect(connection).get_table_names())
    if foreign:
        tables = ", ".join(sorted(foreign))
        raise NotADatabase(f"{name}: tables of another program are in it ({tables}); give take5 a database of its own")
