"""The platform's database in PostgreSQL."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from database_checks import become_newer, differences
from platform_server import Program, programs
from postgresql import PostgreSQL, postgresql
from serving import Served, eventually, served
from sqlalchemy import text

from take5.scoring.errors import DatabaseBusy, DatabaseNewer, DatabaseUnreachable
from take5.stream.analysis.models import Models
from take5.stream.platform import keys
from take5.stream.platform.consent import _agree, sha256_of
from take5.stream.platform.database import Database
from take5.stream.platform.records import Records, Wanted, add
from take5.stream.platform.service import Platform
from take5.stream.platform.states import SessionState
from take5.stream.platform.tables import SessionRow
from take5.stream.platform.watch import _write
from take5.stream.server.watch import CaptureReport, CaptureState

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


@pytest.fixture
def shop(server: PostgreSQL, models: Models, tmp_path: Path) -> Iterator[tuple[Program, Served]]:
    """A program before a server with a new database."""
    database = Database.open(server.address(f"shop_{tmp_path.name.lower()[-20:]}".replace("-", "_")), busy_s=2)
    with served(models, tmp_path / "out", platform=Platform(database)) as running:
        yield programs(running.address, database)(), running
    database.close()


def test_sessions_are_created_once_listed_in_pages_and_deleted(shop: tuple[Program, Served]) -> None:
    program, served_ = shop
    made = [program.create()["id"] for _ in range(3)]
    for fields in ({"label": "host"}, {}):
        headers = {"Idempotency-Key": f"{fields}"}
        with ThreadPoolExecutor(6) as pool:
            posts = [pool.submit(program.request, "POST", json=fields, headers=headers) for _ in range(6)]
        answers = [post.result() for post in posts]
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.text for answer in answers}) == 1
        made.append(answers[0].json()["id"])
    assert program.request("POST", json={"label": "host"}).json()["code"] == "label_taken"
    found: list[str] = []
    cursor = None
    for _ in range(3):
        page = program.request("GET", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        found, cursor = [*found, *(each["id"] for each in page["sessions"])], page["next"]
    assert (found, cursor) == (made[::-1], None)
    last = program.create()
    place, shown = f"{served_.address}/api/sessions/{last['id']}/ticket", last["secrets"]["follower"]
    assert httpx.post(place, headers={"Authorization": f"Bearer {shown}"}).status_code == 200
    assert program.request("DELETE", f"/{last['id']}").json()["state"] == "deleted"
    assert httpx.post(place, headers={"Authorization": f"Bearer {shown}"}).status_code == 401


def test_of_new_secrets_that_are_made_at_once_one_is_good(shop: tuple[Program, Served]) -> None:
    program, served_ = shop
    session = program.create()
    with ThreadPoolExecutor(8) as pool:
        made = [*pool.map(lambda _: program.new_secret(session, "person")["secret"], range(8))]
    place = f"{served_.address}/api/sessions/{session['id']}/access"
    answers = [httpx.get(place, headers={"Authorization": f"Bearer {secret}"}).status_code for secret in made]
    assert (answers.count(200), answers.count(401)) == (1, 7)


@pytest.mark.parametrize("path", ["/%00/deliveries", "/%00/takes", "/../deliveries/%00/replay"])
def test_what_postgresql_cannot_store_is_not_there(shop: tuple[Program, Served], path: str) -> None:
    method = "POST" if path.endswith("replay") else "GET"
    assert shop[0].request(method, path).status_code == 404


def test_a_session_that_is_deleted_at_this_moment_stays_so(server: PostgreSQL) -> None:
    database = Database.open(server.address("deleted"))
    key, _ = keys.create_key(database, "test")
    records, report = Records(database), CaptureReport(CaptureState.LIVE, Path("/out/a"))
    changes: list[Callable[[str], object]] = [
        lambda id_: records.retake(key.id, id_, None),
        lambda id_: records.cancel(key.id, id_),
        lambda id_: _write(database, id_, report),
        lambda id_: _agree(database, id_, "Ann", sha256_of("Yes?")),
    ]
    for change in changes:
        with database.writing() as session:
            id_ = add(session, key.id, Wanted(expires_in=timedelta(hours=1), consent_text="Yes?"))[0].id
        with ThreadPoolExecutor(1) as pool:
            with database.writing() as session:
                row = session.get_one(SessionRow, id_, with_for_update=True)
                row.state, row.consented = SessionState.DELETED, None
                session.flush()
                changing = pool.submit(change, id_)
                time.sleep(0.3)  # it has read what it can
            changing.exception()
        row = records.get(key.id, id_)
        assert (row.state, row.consented, row.takes) == ("deleted", None, [])
    database.close()


def test_while_the_database_is_gone_requests_get_503_and_reports_wait(
    server: PostgreSQL, shop: tuple[Program, Served], tmp_path: Path
) -> None:
    program, served_ = shop
    session = program.create()
    server.stop()
    try:
        answer = program.request("GET")
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unreachable")
        assert answer.headers["retry-after"]
        whip = f"{served_.address}/whip/{session['id']}"
        refused = httpx.post(whip, headers={"Authorization": f"Bearer {session['secrets']['sender']}"}, timeout=30)
        assert (refused.status_code, refused.json()["code"]) == (503, "database_unreachable")
        for over in (False, True):
            report = CaptureReport(CaptureState.DONE, tmp_path / "out" / "take", over=over)
            served_.sessions.watch.report(session["id"], report)
        assert httpx.get(f"{served_.address}/healthz").status_code == 200
    finally:
        server.start()
    assert eventually(lambda: program.request("GET").status_code == 200, 20)
    assert eventually(lambda: program.show(session["id"])["state"] == "done", 20)
    assert program.show(session["id"])["folder"] == str(tmp_path / "out" / "take")


def test_keys_are_kept_there_too(server: PostgreSQL) -> None:
    database = Database.open(server.address("keys"))
    key, _ = keys.create_key(database, "web shop")
    assert keys.revoke_key(database, key.id).revoked
    assert [each.name for each in keys.list_keys(database)] == ["web shop"]
    database.close()
