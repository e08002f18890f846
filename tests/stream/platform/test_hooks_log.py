"""Hooks through the sessions API: what a session states, the log of its deliveries, and their replay."""

import asyncio
import json
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hook_stage import types
from hooks_receiver import SECRET, Receiver, receiving, status
from platform_server import Program, programs
from repository import ROOT
from serving import Served, eventually, served

from take5.stream.analysis.models import Models
from take5.stream.hooks.post import Poster, address_of
from take5.stream.hooks.post import Receiver as Address
from take5.stream.platform.api.delivery_routes import Delivery
from take5.stream.platform.database import Database
from take5.stream.platform.failures import Failures
from take5.stream.platform.hooks.addresses import forbidden
from take5.stream.platform.hooks.kinds import DeliveryState, HookKind
from take5.stream.platform.keys import Scope
from take5.stream.platform.service import Platform

Json = dict[str, Any]
TEXT = SECRET.decode()


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{tmp_path_factory.mktemp('platform') / 'platform.db'}")
    yield database
    database.close()


@pytest.fixture(scope="module")
def server(models: Models, tmp_path_factory: pytest.TempPathFactory, opened: Database) -> Iterator[Served]:
    platform = Platform(opened, Failures(most=10_000))
    with served(models, tmp_path_factory.mktemp("out"), platform=platform) as server:
        yield server


@pytest.fixture
def make(server: Served, opened: Database) -> Callable[..., Program]:
    return programs(server.address, opened)


@pytest.fixture
def shop(make: Callable[..., Program]) -> Program:
    return make()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(status(200)) as running:
        yield running


def hook(url: str) -> Json:
    return {"url": url, "secret": TEXT}


def deliveries(program: Program, path: str = "/deliveries", **query: Any) -> Json:
    answer = call(program, "GET", path, params=query)
    assert answer.status_code == 200, answer.text
    page: Json = answer.json()
    return page


def call(program: Program, method: str, path: str, **options: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {program.key}"}
    return httpx.request(method, f"{program.address}/api/v1{path}", headers=headers, timeout=30, **options)


def all_delivered(program: Program) -> bool:
    return eventually(lambda: not deliveries(program, state="pending")["deliveries"], 20)


def test_a_hook_is_stated_shown_by_its_host_and_its_secret_never(
    shop: Program, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = shop.request("POST", json={"hook": hook(receiver.url)}, headers={"Idempotency-Key": "1"})
    session = answer.json()
    assert session["hook"] == {"url": receiver.url.removesuffix("/take5")}
    assert shop.request("POST", json={"hook": hook(receiver.url)}, headers={"Idempotency-Key": "1"}).json() == session
    other = {"hook": {"url": receiver.url, "secret": TEXT + "!"}}
    assert shop.request("POST", json=other, headers={"Idempotency-Key": "1"}).json()["code"] == "idempotency_mismatch"
    assert all_delivered(shop)
    listed = json.dumps(deliveries(shop))
    assert types(receiver) == ["created"]
    shown = answer.text + json.dumps(shop.show(session["id"])) + listed + caplog.text
    assert TEXT not in shown
    assert shop.create()["hook"] is None


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"url": "http://example.org/", "secret": "short"}, "body.hook.secret: Value error, has 5 bytes"),
        ({"url": "http://example.org/"}, "body.hook.secret"),
        ({"url": "ftp://example.org/", "secret": TEXT}, "begins with http:// or https://"),
        ({"url": "http://169.254.169.254/latest", "secret": TEXT}, "hooks do not go to 169.254.169.254"),
        ({"url": "http://[fe80::1]/", "secret": TEXT}, "hooks do not go to fe80::1"),
        ({"url": "http://example.org/", "secret": TEXT, "colour": "red"}, "body.hook.colour"),
    ],
)
def test_a_hook_that_breaks_a_rule_is_refused_without_its_secret(shop: Program, fields: Json, text: str) -> None:
    answer = shop.request("POST", json={"hook": fields})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert text in answer.json()["error"]
    assert "short" not in answer.text
    assert TEXT not in answer.text


@pytest.mark.parametrize(
    ("host", "refused"),
    [
        ("169.254.0.1", True), ("fe80::1%eth0", True), ("::ffff:169.254.169.254", True), ("64:ff9b::a9fe:a9fe", True),
        ("2002:a9fe:a9fe::1", True), ("fd00:ec2::254", True), ("100.100.100.200", True), ("ff02::1", True),
        ("127.0.0.1", False), ("::1", False), ("10.0.0.1", False), ("93.184.215.14", False), ("example.org", False),
    ],
)  # fmt: skip
def test_where_hooks_do_not_go(host: str, refused: bool) -> None:
    assert (forbidden(host) is not None) is refused


def test_a_name_is_checked_when_it_has_been_resolved(receiver: Receiver) -> None:
    port = receiver.url.rpartition(":")[2].removesuffix("/take5")
    poster = Poster(lambda peer: f"not to {peer}" if peer == "127.0.0.1" else None)
    for host in ("localhost", "2130706433"):  # the number is 127.0.0.1 for resolvers
        target = Address(address_of(f"http://{host}:{port}"), SECRET)
        attempt, _ = asyncio.run(poster.post(target, "1", b"{}"))
        assert attempt.error == "cannot be reached (not to 127.0.0.1)"
    assert receiver.posts == []


def test_deliveries_are_listed_in_pages_the_latest_first(shop: Program, receiver: Receiver) -> None:
    sessions = [shop.create(hook=hook(receiver.url), label=f"{number}")["id"] for number in range(5)]
    assert all_delivered(shop)
    found: list[str] = []
    cursor = None
    for _ in range(3):
        page = deliveries(shop, limit=2, **({} if cursor is None else {"cursor": cursor}))
        found, cursor = [*found, *(each["session"] for each in page["deliveries"])], page["next"]
    assert (found, cursor) == (sessions[::-1], None)
    (each,) = deliveries(shop, f"/sessions/{sessions[1]}/deliveries")["deliveries"]
    assert (each["session"], each["type"], each["state"], each["next_attempt"]) == (
        sessions[1], "created", "delivered", None,
    )  # fmt: skip
    assert each["payload"]["label"] == "1"
    (attempt,) = each["attempts"]
    assert (attempt["code"], attempt["error"]) == (200, None)
    assert deliveries(shop, state="failed")["deliveries"] == []
    for cursor in ("x", "²", "9" * 19, "-1"):
        answer = call(shop, "GET", "/deliveries", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_a_delivery_is_replayed_under_its_id(shop: Program) -> None:
    with receiving(status(410), status(200)) as receiver:
        shop.create(hook=hook(receiver.url))
        assert all_delivered(shop)
        (failed,) = deliveries(shop, state="failed")["deliveries"]
        for number in (2, 3):  # what was delivered, too
            answer = call(shop, "POST", f"/deliveries/{failed['id']}/replay")
            assert (answer.status_code, answer.json()["state"]) == (202, "pending")
            assert answer.json()["next_attempt"]
            assert all_delivered(shop)
            assert len(receiver.posts) == number
    assert {post.headers["Idempotency-Key"] for post in receiver.posts} == {failed["id"]}
    (delivered,) = deliveries(shop)["deliveries"]
    assert [attempt["code"] for attempt in delivered["attempts"]] == [410, 200, 200]


def test_another_key_neither_lists_nor_replays(shop: Program, make: Callable[..., Program], receiver: Receiver) -> None:
    session = shop.create(hook=hook(receiver.url))
    assert all_delivered(shop)
    (delivery,) = deliveries(shop)["deliveries"]
    other, reader, writer = make(), make(Scope.READ), make(Scope.WRITE)
    assert deliveries(other)["deliveries"] == []
    assert call(other, "GET", f"/sessions/{session['id']}/deliveries").json()["code"] == "not_found"
    assert call(other, "POST", f"/deliveries/{delivery['id']}/replay").json()["code"] == "not_found"
    assert call(reader, "POST", f"/deliveries/{delivery['id']}/replay").json()["code"] == "forbidden"
    assert call(writer, "GET", "/deliveries").json()["code"] == "forbidden"
    assert httpx.get(f"{shop.address}/api/v1/deliveries").status_code == 401
    assert len(receiver.posts) == 1


def test_a_deleted_session_has_nothing_to_replay(shop: Program, receiver: Receiver) -> None:
    session = shop.create(hook=hook(receiver.url), label="host")
    assert all_delivered(shop)
    assert shop.request("DELETE", f"/{session['id']}").status_code == 200
    assert all_delivered(shop)
    assert types(receiver) == ["created", "deleted"]
    rows = deliveries(shop, f"/sessions/{session['id']}/deliveries")["deliveries"]
    assert [(row["type"], row["state"], row["payload"]) for row in rows] == [
        ("deleted", "delivered", None),
        ("created", "delivered", None),
    ]
    for row in rows:
        answer = call(shop, "POST", f"/deliveries/{row['id']}/replay")
        assert (answer.status_code, answer.json()["code"]) == (409, "erased")
    assert shop.show(session["id"])["hook"] is None


def test_a_server_that_ends_leaves_no_thread_behind(models: Models, tmp_path: Path, database: Database) -> None:
    def threads() -> int:
        return sum("take5-session-hooks" in thread.name for thread in threading.enumerate())

    before = threads()
    with served(models, tmp_path / "out", platform=Platform(database)):
        assert eventually(lambda: threads() > before, 10)
    assert threads() == before


def test_the_documents_name_every_type_state_and_key() -> None:
    text = (ROOT / "docs" / "platform.md").read_text(encoding="utf-8").partition("### Hooks")[2].partition("\n### ")[0]
    names = [*HookKind, *DeliveryState, *Delivery.model_fields]
    assert [name for name in names if f"`{name}`" not in text] == []
