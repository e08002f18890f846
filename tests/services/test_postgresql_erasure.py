"""Erasing sessions with PostgreSQL: several servers, and its own clock."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from postgresql import PostgreSQL, postgresql

from take5.stream.platform.database import Database
from take5.stream.platform.erasure import Doomed, claim, due_sessions, erased, forget_records, old_records
from take5.stream.platform.keys import create_key
from take5.stream.platform.records import Records, Wanted, add
from take5.stream.platform.tables import SessionRow, utc_now

pytestmark = pytest.mark.services
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with postgresql() as running:
        yield running


def test_each_session_is_erased_by_one_server(server: PostgreSQL, tmp_path: Path) -> None:
    address = server.address("erasure")
    with closing(Database.open(address)) as database:
        key = create_key(database, "test")[0].id
        with database.writing() as session:
            wanted = Wanted(person="Ada", expires_in=DAY, retention_days=1)
            ids = {add(session, key, wanted)[0].id for _ in range(70)}
        assert due_sessions(database, utc_now() + 3 * DAY, tmp_path) == []  # only this server's clock is ahead
        with database.writing() as session:
            for row in session.query(SessionRow):
                row.expires, row.erase_at = utc_now() - 2 * DAY, utc_now() - DAY
        assert {each.id for each in due_sessions(database, utc_now(), tmp_path)} == ids

        def erase(_: int) -> list[str]:
            with closing(Database.open(address)) as mine:
                claims = [claim(mine, each.id, utc_now()) for each in due_sessions(mine, utc_now(), tmp_path)]
                done: list[Doomed] = [each for each in claims if each is not None]
                for each in done:
                    erased(mine, each, each.delete(tmp_path))
                return [each.id for each in done]

        with ThreadPoolExecutor(4) as pool:
            by_server = list(pool.map(erase, range(4)))
        assert sorted(id_ for each in by_server for id_ in each) == sorted(ids)
        with database.reading() as session:
            rows = session.query(SessionRow).all()
            assert {(row.state, row.person, row.erase_reason) for row in rows} == {("deleted", None, "retention")}
        assert old_records(database, utc_now() + 400 * DAY, 365) == []
        with database.writing() as session:
            session.query(SessionRow).update({"deleted": utc_now() - 366 * DAY})
        old = old_records(database, utc_now(), 365)
        assert sorted(old) == sorted(ids)
        forget_records(database, old)
        assert Records(database).page(key, 200, None, None, None)[0] == []
