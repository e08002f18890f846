"""Captures and the records of their sessions, whatever the database is doing."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from serving import eventually

from take5.scoring.stopping import StopRules
from take5.stream.bundles.write import wanted_for
from take5.stream.deliverables import Deliverables
from take5.stream.platform import watch as module
from take5.stream.platform.database import Database
from take5.stream.platform.keys import create_key
from take5.stream.platform.orders import order_for
from take5.stream.platform.records import Records, Wanted, add
from take5.stream.platform.service import Platform
from take5.stream.platform.states import SessionState
from take5.stream.platform.tables import SessionRow
from take5.stream.server.errors import Refused
from take5.stream.server.watch import CaptureOrder, CaptureReport, CaptureState
from take5.stream.settings import Settings

NOTHING = Wanted(None, None, None, None, None, None, None, timedelta(hours=1))
USUAL = CaptureOrder(Settings(), StopRules(), Deliverables(wanted_for(["instag"], 256, "house rules"), report=True))
OUT = Path("/out")


class Stage:
    """A platform with one session."""

    def __init__(self, database: Database) -> None:
        self.platform = Platform(database)
        key, _ = create_key(database, "test")
        self.key_id = key.id
        with database.writing() as session:
            self.id = add(session, key.id, NOTHING)[0].id

    @property
    def row(self) -> SessionRow:
        return Records(self.platform.work.database).get(self.key_id, self.id)

    def report(self, state: CaptureState, take: str = "a", failure: str | None = None) -> None:
        self.platform.watch.report(self.id, CaptureReport(state, OUT / take, failure))

    def settled(self) -> SessionRow:
        assert eventually(lambda: not self.platform.watch._waiting, 15)
        return self.row


@pytest.fixture
def stage(database: Database) -> Iterator[Stage]:
    made = Stage(database)
    yield made
    asyncio.run(made.platform.settle())


def test_a_record_follows_its_capture(stage: Stage) -> None:
    stage.report(CaptureState.LIVE)
    row = stage.settled()
    assert (row.state, row.capture, row.folder, row.ended) == ("live", "/out/a", None, None)
    stage.report(CaptureState.DONE, "a-2")
    row = stage.settled()
    assert (row.state, row.capture, row.folder, row.failure) == ("done", None, "/out/a-2", None)
    assert row.ended is not None


def test_a_capture_without_a_clip_fails_unless_an_earlier_one_has_one(stage: Stage) -> None:
    stage.report(CaptureState.FAILED, failure="no face")
    row = stage.settled()
    assert (row.state, row.failure) == ("failed", "no face")
    stage.report(CaptureState.DONE, "b")
    assert (stage.settled().state, stage.row.failure) == ("done", None)
    stage.report(CaptureState.LIVE, "c")
    stage.settled()
    stage.report(CaptureState.FAILED, "c", "no face")
    row = stage.settled()
    assert (row.state, row.folder, row.failure) == ("done", "/out/b", "no face")


def test_a_cancelled_or_deleted_session_stays_so(stage: Stage) -> None:
    stage.report(CaptureState.LIVE)
    stage.settled()
    stage.platform.records.cancel(stage.key_id, stage.id)
    stage.report(CaptureState.DONE)
    row = stage.settled()
    assert (row.state, row.folder) == ("cancelled", "/out/a")  # its files can still be deleted
    stage.platform.records.mark_deleted(stage.key_id, stage.id)
    stage.report(CaptureState.DONE)
    row = stage.settled()
    assert (row.state, row.folder) == ("deleted", None)


def test_a_report_of_a_session_that_is_not_there_is_forgotten(stage: Stage) -> None:
    stage.platform.watch.report("nobody", CaptureReport(CaptureState.LIVE, OUT))
    assert stage.settled().state == "created"


def test_a_restart_ends_what_was_live_but_for_what_is_recovered(stage: Stage, database: Database) -> None:
    others = []
    with database.writing() as session:
        for capture in ("/out/b", "/elsewhere/c", "/out/d"):
            row, _ = add(session, stage.key_id, NOTHING)
            row.state, row.capture = SessionState.LIVE, capture
            others.append(row.id)
    stage.platform.watch.restarted(OUT, {others[2]})
    stage.settled()
    rows = [stage.platform.records.get(stage.key_id, each) for each in others]
    assert [row.state for row in rows] == ["failed", "live", "live"]
    assert rows[0].failure == module.CUT_OFF
    assert stage.row.state == "created"


def test_a_locked_database_holds_up_no_capture_and_loses_no_report(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 0.05)
    database = Database.open(address, busy_s=0.2)
    stage = Stage(database)
    other = sqlite3.connect(tmp_path / "platform.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    started = time.monotonic()
    for take in range(50):
        stage.report(CaptureState.LIVE, f"{take}")
    assert time.monotonic() - started < 0.2
    assert eventually(lambda: "a report has to wait" in caplog.text, 10)
    assert stage.row.state == "created"
    assert len(stage.platform.watch._waiting) == 1  # of one session, the last
    stage.report(CaptureState.DONE, "last")
    threading.Timer(1.0, other.execute, ["ROLLBACK"]).start()
    asyncio.run(stage.platform.settle())
    assert (stage.row.state, stage.row.folder) == ("done", "/out/last")
    database.close()
    other.close()


def test_of_too_many_reports_the_oldest_is_given_up_and_named(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    monkeypatch.setattr(threading.Thread, "start", lambda _: None)
    watch = stage.platform.watch
    for name in ("one", "two", "one", "three"):
        watch.report(name, CaptureReport(CaptureState.LIVE, OUT))
    assert list(watch._waiting) == ["one", "three"]
    assert "session two is not recorded" in caplog.text
    watch._thread = None
    watch._waiting.clear()


def test_the_end_does_not_wait_for_ever_for_a_database_that_is_gone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SETTLE_S", 0.2)
    reached, free = threading.Event(), threading.Event()

    def wait(*_: object) -> None:
        reached.set()
        free.wait(10)

    monkeypatch.setattr(module, "_write", wait)
    stage.report(CaptureState.LIVE)
    assert reached.wait(10)
    started = time.monotonic()
    asyncio.run(stage.platform.settle())
    assert time.monotonic() - started < 5
    free.set()


def test_what_a_session_leaves_out_is_as_the_server_has_it() -> None:
    assert order_for(NOTHING, USUAL) == USUAL


def test_a_session_is_captured_as_it_states() -> None:
    stated = replace(
        NOTHING, strictness="strict", trainers=("synctalk",), stop={"cap_s": 90, "share": 0.5}, consent="form 7"
    )
    order = order_for(stated, USUAL)
    assert order.settings.gates.strictness == "strict"
    assert order.settings.gates.trainers == ("synctalk",)
    assert order.settings.gates.overrides == USUAL.settings.gates.overrides
    assert (order.rules.cap_s, order.rules.share, order.rules.gain) == (90, 0.5, USUAL.rules.gain)
    bundles = order.deliverables.bundles
    assert bundles is not None
    assert ([trainer.name for trainer in bundles.trainers], bundles.size, bundles.consent) == (
        ["synctalk"],
        256,
        "form 7",
    )
    assert order.deliverables.report


def test_a_session_may_want_no_bundles_or_the_servers_with_its_own_consent() -> None:
    assert order_for(replace(NOTHING, trainers=()), USUAL).deliverables.bundles is None
    bundles = order_for(replace(NOTHING, consent="form 7"), USUAL).deliverables.bundles
    assert bundles is not None
    assert (len(bundles.trainers), bundles.consent) == (1, "form 7")
    alone = replace(USUAL, deliverables=Deliverables())
    bundles = order_for(replace(NOTHING, trainers=("raw",), consent="form 7"), alone).deliverables.bundles
    assert bundles is not None
    assert bundles.consent == "form 7"


def test_no_session_lasts_longer_than_the_server_lets_it() -> None:
    with pytest.raises(Refused, match="must be 600 s at most"):
        order_for(replace(NOTHING, stop={"cap_s": 601}), USUAL)


def test_the_order_of_a_session_comes_from_its_record(stage: Stage) -> None:
    assert asyncio.run(stage.platform.watch.order(stage.id, USUAL)) == USUAL
    stage.platform.records.cancel(stage.key_id, stage.id)
    for name in (stage.id, "nobody"):
        with pytest.raises(Refused, match="there is no session"):
            asyncio.run(stage.platform.watch.order(name, USUAL))
