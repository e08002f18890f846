"""Retention on a real server: what is due goes, wherever it is, and nothing else does."""

import asyncio
import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from erasure_stage import (
    DAY,
    NAME,
    SECRET,
    ErasingShop,
    ages,
    everything,
    is_erased,
    nothing_is_left,
    plain_take,
    refuse,
    shop_at,
    whole,
)
from hooks_receiver import receiving, status
from platform_server import Json, programs
from pydantic import ValidationError
from serving import eventually, served

from take5.stream.analysis.models import Models
from take5.stream.platform import eraser, footage
from take5.stream.platform.api.models import NewSession
from take5.stream.platform.clock import SteadyClock
from take5.stream.platform.database import Database
from take5.stream.platform.erasure import claim, due_sessions, erased, forget_records, old_records, release
from take5.stream.platform.footage import Footage
from take5.stream.platform.retention import Retention
from take5.stream.platform.service import Platform
from take5.stream.platform.tables import SessionRow, utc_now


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eraser, "EVERY_S", 0.1)
    monkeypatch.setattr(eraser, "SWEEP_S", 0.1)


@pytest.fixture
def nobody_erases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eraser.Eraser, "start", lambda *_: None)


@pytest.fixture
def shop(models: Models, tmp_path: Path) -> Iterator[ErasingShop]:
    with shop_at(models, tmp_path) as made:
        yield made


@pytest.mark.parametrize("way", ["retention", "deletion"])
def test_nothing_is_left_of_a_session(
    models: Models, tmp_path: Path, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    caplog.set_level(logging.DEBUG, "take5")
    with receiving(status(200)) as receiver, shop_at(models, tmp_path) as shop:
        session = whole(shop, receiver, retention_days=1)
        assert shop.program.show(session["id"])["erases"]
        assert NAME.encode() in everything(tmp_path)
        if way == "retention":
            ages(shop, session, DAY)
        else:
            assert shop.program.request("DELETE", f"/{session['id']}").status_code == 200
        assert eventually(lambda: is_erased(shop, session), 20)
        last = "erased" if way == "retention" else "deleted"
        assert eventually(lambda: json.loads(receiver.posts[-1].body)["type"] == last, 20)
        assert eventually(lambda: SECRET.encode() not in everything(tmp_path), 20)
        nothing_is_left(shop, session, tmp_path, caplog.text)
        told = json.loads(receiver.posts[-1].body)
        shown = shop.program.show(session["id"])
    assert (told["session"], told["label"]) == (session["id"], None)
    assert shown["erase_reason"] == ("retention" if way == "retention" else "requested")
    assert shown["erased"]["takes"] == 2
    assert shown["erased"]["files"] > 10
    assert shown["erased"]["bytes"] > 3_000_000
    if way == "retention":
        assert {name: told[name] for name in ("reason", "takes")} == {"reason": "retention", "takes": 2}
    assert (shown["person"], shown["consented"], shown["consent_text"], shown["hook"]) == (None, None, None, None)


def test_what_is_not_due_stays(shop: ErasingShop) -> None:
    session, for_ever = whole(shop, retention_days=2), shop.program.create()
    with shop.database.writing() as opened:
        row = opened.get_one(SessionRow, for_ever["id"])  # as from before there was a retention
        row.retention_days, row.created, row.expires = None, row.created - 4000 * DAY, row.expires - 4000 * DAY
    before = everything(shop.output)
    ages(shop, session, 2 * DAY - timedelta(minutes=5))
    asyncio.run(asyncio.sleep(1))
    assert everything(shop.output) == before
    assert shop.program.show(session["id"])["state"] == "done"
    assert shop.program.show(for_ever["id"])["state"] == "expired"
    assert shop.program.show(for_ever["id"])["erases"] is None


def test_the_servers_own_days_hold_for_sessions_that_state_none(models: Models, tmp_path: Path) -> None:
    with shop_at(models, tmp_path, Retention(3)) as shop:
        stated, usual = shop.program.create(retention_days=7), shop.program.create()
        assert (stated["retention_days"], usual["retention_days"]) == (7, 3)


@pytest.mark.parametrize("wrong", [-1, 40_000, 1.5, "a"])
def test_days_out_of_range_are_refused(wrong: object) -> None:
    with pytest.raises(ValidationError, match="retention_days"):
        NewSession.model_validate({"retention_days": wrong})


def test_a_session_of_no_days_goes_once_it_is_accepted_and_delivered(models: Models, tmp_path: Path) -> None:
    with receiving(status(200)) as receiver, shop_at(models, tmp_path) as shop:
        program, hook = shop.program, {"url": receiver.url, "secret": SECRET}
        session = program.create(retention_days=0, hook=hook)
        folder = plain_take(shop, session)
        asyncio.run(asyncio.sleep(0.5))
        assert folder.exists()
        assert program.request("POST", f"/{session['id']}/accept").status_code == 200
        assert eventually(lambda: is_erased(shop, session), 20)
        assert not folder.exists()
        assert program.show(session["id"])["erase_reason"] == "accepted"
        assert eventually(lambda: json.loads(receiver.posts[-1].body)["type"] == "erased", 10)
    kinds = [json.loads(post.body)["type"] for post in receiver.posts]
    assert kinds == ["created", "started", "stopped", "clip", "bundle", "accepted", "erased"]


def test_what_the_platform_has_not_got_stays(models: Models, tmp_path: Path) -> None:
    with receiving(*[status(200)] * 4, status(410), status(200)) as receiver, shop_at(models, tmp_path) as shop:
        session = shop.program.create(retention_days=0, hook={"url": receiver.url, "secret": SECRET})
        folder = plain_take(shop, session)
        shop.program.request("POST", f"/{session['id']}/accept")
        assert eventually(lambda: len(receiver.posts) == 6, 20)
        asyncio.run(asyncio.sleep(0.5))
        assert folder.exists()
        refused = shop.program.request("GET", f"/{session['id']}/deliveries").json()["deliveries"][1]
        assert (refused["type"], refused["state"]) == ("bundle", "failed")
        again = httpx.post(
            f"{shop.server.address}/api/v1/deliveries/{refused['id']}/replay",
            headers={"Authorization": f"Bearer {shop.program.key}"},
        )
        assert again.status_code == 202
        assert eventually(lambda: is_erased(shop, session), 20)


def test_what_cannot_be_deleted_is_named_and_tried_again(
    shop: ErasingShop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    session = whole(shop, retention_days=1)
    with monkeypatch.context() as broken:
        broken.setattr(footage, "_delete", refuse)
        ages(shop, session, DAY)
        assert eventually(lambda: "cannot be erased yet" in caplog.text, 20)
        assert shop.program.show(session["id"])["state"] == "cancelled"
    assert f"{shop.output}/2030" in caplog.text
    assert "Lovelace" not in caplog.text
    with shop.database.writing() as opened:
        opened.get_one(SessionRow, session["id"]).erase_claim = utc_now() - DAY  # the claim is over
    assert eventually(lambda: is_erased(shop, session), 20)


def test_the_eraser_survives_a_database_that_is_locked(models: Models, tmp_path: Path) -> None:
    with shop_at(models, tmp_path, busy_s=0.5) as shop:
        session = whole(shop, retention_days=1)
        ages(shop, session, DAY - timedelta(seconds=1))
        with sqlite3.connect(tmp_path / "platform.db", isolation_level=None) as other:
            other.execute("BEGIN EXCLUSIVE")
            asyncio.run(asyncio.sleep(2.5))
            other.execute("ROLLBACK")
        other.close()
        assert eventually(lambda: is_erased(shop, session), 30)


def test_what_a_deleted_session_has_left_elsewhere_is_found(shop: ErasingShop) -> None:
    session = shop.program.create()
    assert shop.program.request("DELETE", f"/{session['id']}").status_code == 200
    late = [
        shop.output / f"20300101-000000-{session['id']}" / "clip.mp4",
        shop.output / ".spool" / f"20300101-000000-{session['id']}" / "journal",
        shop.output / session["id"] / "consent.webm",
        shop.output / f".20300101-000000-{session['id']}-7-{'b' * 32}.partial" / "clip.mp4",
    ]
    for path in late:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    assert eventually(lambda: not any(path.parent.exists() for path in late), 20)


def test_a_clock_in_doubt_erases_nothing(models: Models, tmp_path: Path) -> None:
    with closing(Database.open(f"sqlite:///{tmp_path / 'platform.db'}")) as database:
        platform = Platform(database, clock=lambda: SteadyClock(lambda: utc_now() + 400 * DAY, settled_s=600))
        with served(models, tmp_path / "out", platform=platform) as server:
            shop = ErasingShop(server, programs(server.address, database)(), tmp_path / "out")
            session = shop.program.create()
            folder = plain_take(shop, session)
            asyncio.run(asyncio.sleep(1))
            assert folder.exists()
            assert shop.program.show(session["id"])["state"] == "done"


@pytest.mark.usefixtures("nobody_erases")
def test_of_several_processes_one_erases(shop: ErasingShop) -> None:
    session = whole(shop, retention_days=30)
    database, now = shop.database, utc_now() + 31 * DAY
    (due,) = due_sessions(database, now, shop.output)
    first = claim(database, due.id, now)
    assert first is not None
    assert len(first.takes) == 2
    assert claim(database, due.id, now) is None
    assert due_sessions(database, now, shop.output) == []
    assert claim(database, due.id, now + timedelta(minutes=6)) is not None  # the first was killed
    release(database, due.id)
    assert claim(database, due.id, now - 10 * DAY) is not None  # it had begun, and the clock was set back
    assert shop.program.show(session["id"])["state"] == "cancelled"
    erased(database, first, Footage(("a",), 3, 5))
    assert claim(database, due.id, now) is None
    assert shop.program.show(session["id"])["erased"] == {"takes": 2, "files": 3, "bytes": 5}


def test_a_session_of_another_servers_folder_is_left_to_it_for_a_day(shop: ErasingShop, tmp_path: Path) -> None:
    session = whole(shop, retention_days=30)
    database, due = shop.database, utc_now() + 30 * DAY + timedelta(minutes=1)
    (tmp_path / "elsewhere").mkdir()
    assert due_sessions(database, due, tmp_path / "elsewhere") == []
    assert [each.id for each in due_sessions(database, due, shop.output)] == [session["id"]]
    assert len(due_sessions(database, due + DAY, tmp_path / "elsewhere")) == 1


def test_records_go_after_their_own_time(models: Models, tmp_path: Path) -> None:
    with shop_at(models, tmp_path, Retention(record_days=2)) as shop:
        session, kept = shop.program.create(), shop.program.create()
        for each in (session, kept):
            shop.program.request("DELETE", f"/{each['id']}")
        database = shop.database
        assert old_records(database, utc_now() + DAY, 2) == []
        with database.writing() as opened:
            opened.get_one(SessionRow, session["id"]).deleted = utc_now() - 2 * DAY
        assert eventually(lambda: shop.program.request("GET", f"/{session['id']}").status_code == 404, 20)
        assert shop.program.show(kept["id"])["state"] == "deleted"
        forget_records(database, [kept["id"], shop.program.create()["id"]])  # only deleted ones
        assert shop.program.request("GET", f"/{kept['id']}").status_code == 404
        assert len(shop.program.request("GET").json()["sessions"]) == 1


def test_a_take_that_is_going_on_is_never_erased(shop: ErasingShop) -> None:
    session = shop.program.create(retention_days=1)
    first = plain_take(shop, session)
    shop.take(session, "-2", over=False)
    ages_only_ended(shop, session)
    asyncio.run(asyncio.sleep(0.7))
    assert first.exists()
    assert shop.program.show(session["id"])["state"] == "live"


def ages_only_ended(shop: ErasingShop, session: Json) -> None:
    with shop.database.writing() as opened:
        row = opened.get_one(SessionRow, session["id"])
        row.erase_at = utc_now() - DAY
        for take in row.takes:
            take.ended = None if take.ended is None else take.ended - 40 * DAY
