"""The platform's database in PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from database_checks import become_newer, differences
from postgresql import PostgreSQL, postgresql
from sqlalchemy import text

from take5.scoring.errors import DatabaseBusy, DatabaseNewer, DatabaseUnreachable
from take5.stream.platform.database import Database

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with postgresql() as running:
        yield running


def test_the_revisions_make_the_tables_that_the_program_expects(server: PostgreSQL) -> None:
    address = server.address("revisions")
    with ThreadPoolExecutor(4) as pool:  # as several servers do that start at once
        for database in pool.map(lambda _: Database.open(address), range(4)):
            assert differences(database) == []
            database.close()


def test_a_database_of_a_later_version_is_refused(server: PostgreSQL) -> None:
    address = server.address("later")
    database = Database.open(address)
    become_newer(database)
    database.close()
    with pytest.raises(DatabaseNewer, match="update take5"):
        Database.open(address)


def test_a_lock_is_waited_for_then_reported(server: PostgreSQL) -> None:
    address = server.address("locked")
    database, impatient = Database.open(address), Database.open(address, busy_s=0.1)
    with database.writing() as session:
        session.execute(text("LOCK TABLE sessions"))
        with pytest.raises(DatabaseBusy, match="locked or busy"), impatient.writing() as other:
            other.execute(text("DELETE FROM sessions"))
    database.close()
    impatient.close()


def test_a_connection_that_was_cut_is_made_again(server: PostgreSQL) -> None:
    address = server.address("cut")
    database, operator = Database.open(address), Database.open(address)

    def be_cut() -> None:
        with database.reading() as session:
            process = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
            with operator.writing() as other:
                other.execute(text("SELECT pg_terminate_backend(:process)"), {"process": process})
            session.execute(text("SELECT 1"))

    with pytest.raises(DatabaseUnreachable, match=r"^postgresql://take5@127"):
        be_cut()
    with database.reading() as session:
        assert session.execute(text("SELECT 1")).scalar_one() == 1
    database.close()
    operator.close()
