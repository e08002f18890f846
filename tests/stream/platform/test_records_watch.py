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

from take5.scoring.motion import Motion
from take5.scoring.score import WindowScore
from take5.scoring.stopping import Stop, StopRule, StopRules
from take5.stream.bundles.write import wanted_for
from take5.stream.deliverables import Deliverables
from take5.stream.events import (
    BestChanged,
    Bundled,
    BundlePrepared,
    ClipReady,
    Event,
    Failed,
    Failure,
    LeftStep,
    Reported,
    Stopped,
)
from take5.stream.live.snapshot import About, Snapshot
from take5.stream.platform import takes
from take5.stream.platform import watch as module
from take5.stream.platform.database import Database
from take5.stream.platform.keys import create_key
from take5.stream.platform.orders import order_for
from take5.stream.platform.records import Records, Wanted, add
from take5.stream.platform.service import Platform
from take5.stream.platform.tables import SessionRow, utc_now
from take5.stream.platform.takes import CUT_OFF
from take5.stream.server.acceptance import is_accepted, write_accepted
from take5.stream.server.errors import Refused
from take5.stream.server.watch import CaptureOrder, CaptureReport, CaptureState, Earlier, ended
from take5.stream.settings import Settings

NOTHING = Wanted(expires_in=timedelta(hours=1))
USUAL = CaptureOrder(Settings(), StopRules(), Deliverables(wanted_for(["instag"], 256, "house rules"), report=True))
OUT = Path("/out")
ABOUT = About("ave", 5.0, StopRules())


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

    def report(self, take: str = "a", event: Event | None = None, *, over: bool = False) -> None:
        """Report an event of a take, or that its media begin to arrive."""
        self.platform.watch.report(self.id, CaptureReport(CaptureState.LIVE, OUT / take, event, over))

    def end(self, take: str = "a", failure: str | None = None) -> None:
        """Report the end of a take, with its clip if there is no failure."""
        outcome = clip(OUT / take) if failure is None else Failed(9, Failure.NO_PICTURE, failure)
        self.platform.watch.report(self.id, ended(outcome, OUT / take))

    @property
    def takes(self) -> list[tuple[str, str, str]]:
        return [(take.id, take.state, take.folder) for take in self.row.takes]

    def settled(self) -> SessionRow:
        assert eventually(lambda: not self.platform.watch._waiting, 15)
        return self.row


@pytest.fixture
def stage(database: Database) -> Iterator[Stage]:
    made = Stage(database)
    yield made
    asyncio.run(made.platform.settle())


def clip(folder: Path, *, start: int = 50) -> ClipReady:
    score = WindowScore(start, 140.0, Motion(0.1, 0.2, 0.05, mouth_moves=True), 1)
    return ClipReady(150, score, 125, str(folder), {"clip.mp4": "api/clip.mp4"}, ("raw",), report=True)


BUNDLE = Bundled(150, "raw", "/out/a/raw/a", 138, 125, ("few frames",))
PREPARED = BundlePrepared(150, "raw", "/out/a/raw/a", ("head_pose",), (LeftStep("train", "main.py"),))
REPORT = Reported(150, {"report.html": "api/report.html"})


def test_a_record_follows_its_capture(stage: Stage) -> None:
    stage.report()
    row = stage.settled()
    assert (row.state, row.ended, stage.takes) == ("live", None, [("a", "live", "/out/a")])
    stage.report(event=Stopped(150, Stop(StopRule.ENDED)))
    stage.report(event=clip(OUT / "a-2"))
    assert stage.settled().state == "live"  # bundles and report are still to come
    stage.platform.watch.report(stage.id, ended(clip(OUT / "a-2"), OUT / "a"))
    row = stage.settled()
    assert (row.state, row.failure, stage.takes) == ("done", None, [("a", "done", "/out/a-2")])
    assert row.ended is not None


def test_a_record_keeps_what_its_name_answers_with_after_a_restart(stage: Stage) -> None:
    told: tuple[Event, ...] = (
        Stopped(150, Stop(StopRule.THRESHOLD, 1100.5, 1000.0)),
        clip(OUT / "a"),
        BUNDLE,
        REPORT,
        PREPARED,
    )
    stage.report()
    for event in told:
        stage.report(event=event)
        stage.report(event=event)  # as a recovery may do
    stage.end()
    stage.settled()
    earlier = asyncio.run(stage.platform.watch.earlier(stage.id))
    assert earlier == Earlier(OUT / "a", told)
    before, after = Snapshot("x", ABOUT), Snapshot("x", ABOUT)
    for event in told:
        before.remember(event)
    for event in earlier.events:
        after.remember(event)
    assert after.hello() == before.hello()


def test_a_session_without_a_clip_has_nothing_from_earlier(stage: Stage) -> None:
    stage.report()
    stage.end(failure="no face")
    stage.settled()
    for name in (stage.id, "nobody"):
        assert asyncio.run(stage.platform.watch.earlier(name)) is None


def test_a_capture_without_a_clip_fails_unless_an_earlier_one_has_one(stage: Stage) -> None:
    stage.end(failure="no face")
    row = stage.settled()
    assert (row.state, row.failure) == ("failed", "no face")
    stage.end("b")
    assert (stage.settled().state, stage.row.failure) == ("done", None)
    stage.report("c")
    assert stage.settled().state == "live"
    stage.end("c", "no face")
    row = stage.settled()
    assert (row.state, row.failure) == ("done", "no face")
    assert [each[:2] for each in stage.takes] == [("a", "failed"), ("b", "done"), ("c", "failed")]
    earlier = asyncio.run(stage.platform.watch.earlier(stage.id))
    assert earlier is not None
    assert earlier.take == OUT / "b"


def test_a_cancelled_or_deleted_session_stays_so(stage: Stage) -> None:
    stage.report()
    stage.settled()
    stage.platform.records.cancel(stage.key_id, stage.id)
    stage.end()
    assert stage.settled().state == "cancelled"
    assert stage.takes == [("a", "done", "/out/a")]  # its files can still be deleted
    stage.platform.records.mark_deleted(stage.key_id, stage.id)
    stage.end()
    assert (stage.settled().state, stage.takes) == ("deleted", [])


def test_a_report_of_a_session_that_is_not_there_is_forgotten(stage: Stage) -> None:
    stage.platform.watch.report("nobody", CaptureReport(CaptureState.LIVE, OUT))
    assert stage.settled().state == "created"


def test_a_restart_ends_what_was_live_but_for_what_is_recovered(stage: Stage, database: Database) -> None:
    others = []
    for folder in (OUT / "b", Path("/elsewhere/c"), OUT / "d", OUT / "e"):
        with database.writing() as session:
            row, _ = add(session, stage.key_id, NOTHING)
        others.append(row.id)
        stage.platform.watch.report(row.id, CaptureReport(CaptureState.LIVE, folder))
    stage.platform.watch.report(others[3], CaptureReport(CaptureState.LIVE, OUT / "e", clip(OUT / "e")))
    stage.platform.watch.restarted(OUT, {others[2]})
    stage.settled()
    rows = [stage.platform.records.get(stage.key_id, each) for each in others]
    assert [row.state for row in rows] == ["failed", "live", "live", "done"]
    assert [rows[0].failure, rows[3].failure] == [CUT_OFF, None]
    assert stage.row.state == "created"


def test_what_has_been_accepted_stays_so_until_another_take_is_asked_for(stage: Stage) -> None:
    stage.report()
    stage.report(event=clip(OUT / "a"))
    stage.settled()
    asyncio.run(stage.platform.watch.accept(stage.id, OUT / "a"))  # while its bundles are being made
    assert stage.row.state == "accepted"
    stage.end()
    assert stage.settled().state == "accepted"
    order = asyncio.run(stage.platform.watch.order(stage.id, USUAL))
    assert order.closed is not None
    assert (order.closed.status, order.closed.code) == (409, "accepted")
    row = stage.platform.records.retake(stage.key_id, stage.id, None)
    assert (row.state, [take.accepted for take in row.takes]) == ("created", [None])
    assert asyncio.run(stage.platform.watch.order(stage.id, USUAL)) == USUAL
    stage.end("b")
    stage.settled()
    asyncio.run(stage.platform.watch.accept(stage.id, OUT / "b"))
    assert [take.accepted is not None for take in stage.row.takes] == [False, True]


def test_a_take_that_is_not_there_cannot_be_accepted(stage: Stage) -> None:
    for name in (stage.id, "nobody"):
        with pytest.raises(Refused, match="has no take in"):
            asyncio.run(stage.platform.watch.accept(name, OUT / "a"))
    stage.end()
    stage.settled()
    stage.platform.records.cancel(stage.key_id, stage.id)
    with pytest.raises(Refused, match="is cancelled") as refused:
        asyncio.run(stage.platform.watch.accept(stage.id, OUT / "a"))
    assert refused.value.status == 409


SPELLINGS = ("out", "x/../out", "link")
"""Of one output folder: a server may be started again with another than before."""


@pytest.fixture(params=SPELLINGS)
def spelled(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("out", "x"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to("out")
    monkeypatch.chdir(tmp_path)
    return Path(request.param)


def test_a_kill_between_folder_and_record_is_made_good_at_the_next_start(
    stage: Stage, tmp_path: Path, spelled: Path
) -> None:
    output = tmp_path / "out"
    for name in ("a", "b"):
        (output / name).mkdir()
        stage.platform.watch.report(stage.id, ended(clip(output / name), output / name))
    write_accepted(output / "a")
    assert stage.settled().state == "done"
    stage.platform.watch.restarted(spelled, set())
    assert stage.settled().state == "accepted"
    assert [take.accepted is not None for take in stage.row.takes] == [True, False]


def test_a_folder_that_is_spelled_in_another_way_is_the_takes(stage: Stage, tmp_path: Path, spelled: Path) -> None:
    stage.platform.watch.report(stage.id, CaptureReport(CaptureState.LIVE, tmp_path / "out" / "a"))
    stage.settled()
    stage.platform.watch.restarted(spelled, set())
    assert (stage.settled().state, stage.row.failure) == ("failed", CUT_OFF)
    stage.platform.watch.report(stage.id, ended(clip(tmp_path / "out" / "b"), tmp_path / "out" / "b"))
    stage.settled()
    asyncio.run(stage.platform.watch.accept(stage.id, spelled / "b"))
    assert [take.accepted is not None for take in stage.row.takes] == [False, True]


@pytest.mark.parametrize("moved", [False, True])
def test_a_kill_before_a_retake_was_recorded_leaves_the_take_accepted(
    stage: Stage, tmp_path: Path, *, moved: bool
) -> None:
    take = tmp_path / "a"
    take.mkdir()
    stage.platform.watch.report(stage.id, ended(clip(take), take))
    stage.settled()
    asyncio.run(stage.platform.watch.accept(stage.id, take))
    if moved:
        take.rmdir()
    stage.platform.watch.restarted(tmp_path, set())
    assert stage.settled().state == "accepted"
    assert is_accepted(take) is not moved


def test_takes_are_in_the_order_in_which_they_began_whatever_the_clock_does(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for hours, take in ((2, "z"), (1, "m"), (3, "a")):
        later = utc_now() + timedelta(hours=hours)
        monkeypatch.setattr(takes, "utc_now", lambda later=later: later)
        stage.end(take)
        stage.settled()
    assert [each[0] for each in stage.takes] == ["z", "m", "a"]
    earlier = asyncio.run(stage.platform.watch.earlier(stage.id))
    assert earlier is not None
    assert earlier.take == OUT / "a"


def test_a_locked_database_holds_up_no_capture_and_loses_no_report(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 0.05)
    database = Database.open(address, busy_s=0.2)
    stage = Stage(database)
    other = sqlite3.connect(tmp_path / "platform.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    started = time.monotonic()
    stage.report()
    for number in range(50):
        stage.report(event=BestChanged(number, WindowScore(number, 1.0)))
    assert time.monotonic() - started < 5
    assert eventually(lambda: "a report has to wait" in caplog.text, 10)
    assert stage.row.state == "created"
    assert len(stage.platform.watch._waiting) == 2  # the beginning, and of the best windows the last
    stage.end()
    threading.Timer(1.0, other.execute, ["ROLLBACK"]).start()
    asyncio.run(stage.platform.settle())
    assert (stage.row.state, stage.takes) == ("done", [("a", "done", "/out/a")])
    database.close()
    other.close()


def test_a_report_waits_while_the_system_has_no_thread_left(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", refuse)
        stage.report()
    assert "a report has to wait: can't start new thread" in caplog.text
    stage.end()
    assert (stage.settled().state, stage.takes) == ("done", [("a", "done", "/out/a")])


def test_of_too_many_reports_the_oldest_is_given_up_and_named(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    monkeypatch.setattr(threading.Thread, "start", lambda _: None)
    watch = stage.platform.watch
    for name in ("one", "two", "three"):
        watch.report(name, CaptureReport(CaptureState.LIVE, OUT))
    assert [each.name for each in watch._waiting.values()] == ["two", "three"]
    assert "session one is not recorded" in caplog.text
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
    stage.report()
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


@pytest.mark.parametrize("stated", [None, True, False])
@pytest.mark.parametrize("usual", [True, False])
def test_a_session_says_whether_its_bundles_are_prepared_or_leaves_it_to_the_server(
    stated: bool | None, usual: bool
) -> None:
    wanted = replace(USUAL, deliverables=replace(USUAL.deliverables, prepare=usual))
    order = order_for(replace(NOTHING, prepare=stated), wanted)
    assert order.deliverables.prepared == (("instag",) if (usual if stated is None else stated) else ())


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
