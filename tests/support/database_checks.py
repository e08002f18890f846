"""What holds of a database whichever program keeps it."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from take5.stream.platform.database import Database
from take5.stream.platform.tables import VERSION_TABLE, Table


def differences(database: Database) -> list[Any]:
    """How the tables that the revisions make differ from those that the program expects."""
    with database.reading() as session:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(session.connection(), opts=options)
        found: list[Any] = compare_metadata(context, Table.metadata)
    return found


def become_newer(database: Database) -> None:
    """Let a database be of a later version of take5."""
    with database.writing() as session:
        session.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))  # noqa: S608 - a constant
