"""The database in SQLite: its revisions, its settings, and the ways in which it cannot be used."""

import sqlite3
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from database_checks import become_newer, differences
from sqlalchemy import insert, inspect, text
from sqlalchemy.exc import IntegrityError

from take5.scoring.errors import (
    DatabaseBusy,
    DatabaseNewer,
    DatabaseUnreachable,
    LibraryMissing,
    NotADatabase,
    ParameterError,
)
from take5.stream.platform import database as module
from take5.stream.platform.database import Database
from take5.stream.platform.migrate import MIGRATIONS, migrate
from take5.stream.platform.tables import ApiKeyRow, SecretRow, SessionRow

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    """Made by the revisions here."""
    opened = Database.open(address)
    yield opened
    opened.close()


def test_the_revisions_make_the_tables_that_the_program_expects(database: Database) -> None:
    assert differences(database) == []


def test_every_revision_can_be_taken_back_and_applied_again(database: Database) -> None:
    with database.writing() as session:
        connection = session.connection()
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS))
        command.downgrade(config, "base")
        assert not connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE name = 'sessions'").all()
        migrate(connection, "x")
    assert differences(database) == []


def test_a_database_of_the_first_revision_keeps_its_sessions(database: Database) -> None:
    session_row = {"id": "s", "key_id": "k", "expires": NOW, "state": "created", "created": NOW}
    with database.writing() as session:
        connection = session.connection()
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS))
        command.downgrade(config, "0001")
        connection.execute(insert(ApiKeyRow), {"id": "k", "name": "x", "hash": "", "scopes": [], "created": NOW})
        connection.execute(insert(SessionRow), session_row)
        migrate(connection, "x")
        command.downgrade(config, "0001")
        assert "deliveries" not in inspect(connection).get_table_names()
        migrate(connection, "x")
    with database.reading() as session:
        row = session.get_one(SessionRow, "s")
    assert (row.expires, row.state, row.hook_url, row.hook_secret) == (NOW, "created", None, None)
    assert differences(database) == []


def test_opening_again_keeps_what_is_there(address: str, database: Database) -> None:
    with database.writing() as session:
        session.add(ApiKeyRow(id="k", name="shop", hash="0", scopes=["a"], created=NOW))
    again = Database.open(address)
    with again.reading() as session:
        row = session.get_one(ApiKeyRow, "k")
        assert (row.name, row.scopes, row.created, row.last_used) == ("shop", ["a"], NOW, None)
    again.close()


def test_times_come_back_in_utc_whatever_zone_they_were_given_in(database: Database) -> None:
    beijing = timezone(timedelta(hours=8))
    with database.writing() as session:
        session.add(ApiKeyRow(id="k", name="", hash="", scopes=[], created=NOW.astimezone(beijing)))
    with database.reading() as session:
        created = session.get_one(ApiKeyRow, "k").created
        assert (created, created.tzinfo) == (NOW, UTC)


def test_sqlite_has_a_write_ahead_log_foreign_keys_and_one_reader(database: Database, tmp_path: Path) -> None:
    with database.reading() as session:
        assert session.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert session.execute(text("PRAGMA foreign_keys")).scalar() == 1
    with pytest.raises(IntegrityError), database.writing() as session:
        session.add(SecretRow(id="s", session_id="nobody", kind="person", hash="", expires=NOW))
    assert stat.S_IMODE((tmp_path / "platform.db").stat().st_mode) == 0o600


def test_what_fails_in_a_transaction_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.writing() as session:
            session.add(ApiKeyRow(id="k", name="", hash="", scopes=[], created=NOW))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.reading() as session:
        assert session.get(ApiKeyRow, "k") is None


def test_many_threads_write_one_after_the_other(database: Database) -> None:
    def add(number: int) -> None:
        with database.writing() as session:
            count = session.execute(text("SELECT count(*) FROM api_keys")).scalar_one()
            session.add(ApiKeyRow(id=f"{count}", name=f"{number}", hash="", scopes=[], created=NOW))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))
    with database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM api_keys")).scalar_one() == 40


def test_two_programs_may_open_a_new_database_at_once(address: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        for database in pool.map(lambda _: Database.open(address), range(4)):
            assert differences(database) == []
            database.close()


def test_a_locked_database_is_waited_for_then_reported(address: str, database: Database, tmp_path: Path) -> None:
    impatient = Database.open(address, busy_s=0.1)
    other = sqlite3.connect(tmp_path / "platform.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DatabaseBusy, match=r"platform\.db: locked by another program"), impatient.writing():
        pass
    with impatient.reading() as session:  # readers do not wait
        session.execute(text("SELECT * FROM sessions"))
    threading.Timer(0.3, other.execute, ["ROLLBACK"]).start()
    with database.writing() as session:
        session.execute(text("DELETE FROM sessions"))
    impatient.close()
    other.close()


def test_a_database_of_a_later_version_is_refused(address: str, database: Database) -> None:
    become_newer(database)
    with pytest.raises(DatabaseNewer, match=r"later version of take5 \(revision 9999\); update take5"):
        Database.open(address)


def test_another_file_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("dear diary, " * 500)
    with pytest.raises(NotADatabase, match=r"notes\.txt: not a SQLite database"):
        Database.open(f"sqlite:///{path}")
    assert path.read_text() == "dear diary, " * 500


def test_the_tables_of_another_program_are_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE sessions (cookie TEXT)")
    with pytest.raises(NotADatabase, match=r"tables of another program are in it \(sessions\)"):
        Database.open(f"sqlite:///{tmp_path / 'other.db'}")


@pytest.mark.parametrize("place", ["no/such/folder.db", "."])
def test_a_file_that_cannot_be_opened_is_named(place: str, tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnreachable, match="cannot be opened"):
        Database.open(f"sqlite:///{tmp_path / place}")


@pytest.mark.parametrize(
    "address",
    ["", "platform.db", "mysql://u:hush@h/db", "sqlite://", "sqlite:///:memory:", "postgresql+psycopg2://h/x"],
)
def test_an_address_of_another_kind_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(ParameterError, match="must be like sqlite:///FILE or postgresql://") as refused:
        Database.open(address)
    assert "hush" not in str(refused.value)


def test_an_unreachable_postgresql_is_named_without_its_password() -> None:
    with pytest.raises(DatabaseUnreachable, match=r"127\.0\.0\.1:1/take5") as refused:
        Database.open("postgresql://ann:hush@127.0.0.1:1/take5")
    assert "hush" not in str(refused.value)


def test_without_its_driver_postgresql_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(LibraryMissing, match=r"pip install 'take5\[postgresql\]'"):
        Database.open("postgresql://ann@127.0.0.1/take5")
