"""Accepting takes and asking for others, at once, while something goes on, and where it cannot be written."""

import asyncio
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from platform_server import Json, programs
from platform_takes import Shop
from serving import SDP, offer_of, served
from websockets.sync.client import connect

from take5.stream.analysis.models import Models
from take5.stream.platform.database import Database
from take5.stream.platform.service import Platform
from take5.stream.server import decisions
from take5.stream.server.errors import Refused

ROUNDS = 15


@pytest.fixture(scope="module")
def shop(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("decisions")
    with closing(Database.open(f"sqlite:///{folder / 'platform.db'}")) as database:
        platform = Platform(database)
        with served(models, folder / "out", platform=platform) as server:
            yield Shop(server, programs(server.address, database)(), folder / "out")
            asyncio.run(platform.settle())


def marked(*takes: Path) -> list[bool]:
    return [(take / "accepted.json").is_file() for take in takes]


def recorded(shop: Shop, session: Json) -> list[bool]:
    return [take["accepted"] for take in shop.get(session, "/takes").json()["takes"]]


def test_decisions_that_are_made_at_once_leave_records_and_folders_that_agree(shop: Shop) -> None:
    session = shop.program.create()
    takes = [shop.take(session, ""), shop.take(session, "-2")]
    shop.as_person(session, "GET", "")
    with ThreadPoolExecutor(3) as pool:
        for _ in range(ROUNDS):
            made = [pool.submit(shop.post, session, "/accept", take=take.name) for take in takes]
            made.append(pool.submit(shop.post, session, "/retake"))
            assert {each.result().status_code for each in made} == {200}
            accepted = recorded(shop, session)
            assert marked(*takes) == accepted
            assert shop.program.show(session["id"])["state"] == ("accepted" if any(accepted) else "created")
            assert shop.as_person(session, "GET", "").json()["clip"]["accepted"] is any(accepted)


def test_those_who_follow_are_told_of_each_decision(shop: Shop) -> None:
    session = shop.program.create()
    take = shop.take(session, "")
    address = f"{shop.server.address.replace('http', 'ws')}/api/sessions/{session['id']}/events?next=1"
    headers = {"Authorization": f"Bearer {session['secrets']['follower']}"}
    with connect(address, additional_headers=headers) as socket:
        assert json.loads(socket.recv(10))["type"] == "hello"
        for path, accepted in (("/accept", take.name), ("/retake", None)):
            assert shop.post(session, path).status_code == 200
            told = json.loads(socket.recv(10))
            assert told == {"type": "decided", "v": 1, "time_s": 0, "accepted": accepted}


def test_a_name_answers_with_the_take_that_was_accepted_else_with_the_last(shop: Shop) -> None:
    session = shop.program.create()
    first = shop.take(session, "")
    assert shop.as_person(session, "GET", "").json()["clip"]["path"] == str(first)
    last = shop.take(session, "-2")
    shop.post(session, "/accept", take=last.name)
    clip = shop.as_person(session, "GET", "").json()["clip"]
    assert (clip["path"], clip["accepted"]) == (str(last), True)
    shop.post(session, "/accept", take=first.name)
    clip = shop.as_person(session, "GET", "").json()["clip"]
    assert (clip["path"], clip["accepted"]) == (str(first), True)
    assert shop.as_person(session, "GET", "/clip.mp4").content == b"clip.mp4 "
    shop.post(session, "/retake")
    clip = shop.as_person(session, "GET", "").json()["clip"]
    assert (clip["path"], clip["accepted"]) == (str(last), False)


def test_a_retake_that_cannot_be_written_changes_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    session = shop.program.create()
    take = shop.take(session, "")
    shop.post(session, "/accept")

    def full(_: Path) -> None:
        raise Refused(507, "not_written", "read-only")

    other = shop.program.create()
    takes = [shop.take(other, name) for name in ("", "-2")]
    shop.post(other, "/accept", take=takes[0].name)

    with monkeypatch.context() as patched:
        patched.setattr(decisions, "withdraw_accepted", full)
        patched.setattr(decisions, "write_accepted", full)
        answer = shop.post(session, "/retake")
        assert shop.post(other, "/accept", take=takes[1].name).json()["error"] == "read-only"
    assert (answer.status_code, answer.json()["code"], answer.json()["error"]) == (507, "not_written", "read-only")
    assert (marked(take), recorded(shop, session)) == ([True], [True])
    assert (marked(*takes), recorded(shop, other)) == ([True, False], [True, False])


def test_a_retake_that_is_refused_changes_nothing(shop: Shop) -> None:
    session = shop.program.create()
    take = shop.take(session, "")
    shop.post(session, "/accept")
    shop.program.request("POST", f"/{session['id']}/cancel")
    assert shop.post(session, "/retake").json()["code"] == "cancelled"
    assert (marked(take), recorded(shop, session)) == ([True], [True])


def test_another_take_is_not_accepted_while_one_is_being_captured(shop: Shop) -> None:
    session = shop.program.create()
    first, live = shop.take(session, ""), shop.take(session, "-2", over=False)
    assert shop.post(session, "/accept", take=first.name).json()["code"] == "busy"
    assert marked(first, live) == [False, False]
    assert shop.post(session, "/accept", take=live.name).json()["state"] == "accepted"


def test_a_sender_that_waits_for_a_clip_is_refused_once_it_has_been_accepted(shop: Shop) -> None:
    session = shop.program.create()
    shop.take(session, "")
    shop.as_person(session, "GET", "")
    sessions, loop = shop.server.sessions, shop.server.loop

    async def wait() -> asyncio.Event:
        entry = sessions.entry(session["id"])
        entry.recovered = asyncio.Event()
        return entry.recovered

    async def make() -> None:
        made.set()
        sessions.entry(session["id"]).recovered = None

    made = asyncio.run_coroutine_threadsafe(wait(), loop).result(10)
    headers = SDP | {"Authorization": f"Bearer {session['secrets']['sender']}"}
    with ThreadPoolExecutor(1) as pool:
        address = f"{shop.server.address}/whip/{session['id']}"
        offer = pool.submit(httpx.post, address, content=offer_of(), headers=headers, timeout=30)
        time.sleep(0.5)
        assert not offer.done()
        assert shop.post(session, "/accept").status_code == 200
        asyncio.run_coroutine_threadsafe(make(), loop).result(10)
        assert (offer.result().status_code, offer.result().json()["code"]) == (409, "accepted")
