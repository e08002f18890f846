"""Hooks of sessions whose deliveries are in PostgreSQL."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hook_stage import DELIVERED, HookStage, received, types
from hooks_receiver import Handler, receiving, status
from postgresql import PostgreSQL, postgresql
from serving import eventually

from take5.stream.platform.database import Database
from take5.stream.platform.hooks.kinds import HookKind
from take5.stream.platform.hooks.queue import expire_sessions
from take5.stream.platform.hooks.sender import HookSender

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with postgresql() as running:
        yield running


def short(handler: Handler) -> None:
    time.sleep(0.02)
    status(200)(handler)


def test_two_processes_send_each_delivery_once_and_in_order(server: PostgreSQL) -> None:
    address = server.address("twice")
    databases = [Database.open(address), Database.open(address)]
    stage, senders = HookStage(databases[0]), [HookSender(database, poll_s=0.02) for database in databases]
    for sender in senders:
        sender.start()

    def happen(number: int) -> None:
        session = stage.session(receiver.url, label=f"{number}")
        for kind in (HookKind.STARTED, HookKind.STOPPED):
            stage.put(session, kind)

    with receiving(short) as receiver:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(happen, range(40)))
        assert stage.settled()
    for sender in senders:
        sender.close()
    assert Counter(payload["id"] for payload in received(receiver)) == Counter(row.id for row in stage.rows())
    by_session = defaultdict(list)
    for payload in received(receiver):
        by_session[payload["session"]].append(payload["type"])
    assert set(map(tuple, by_session.values())) == {("created", "started", "stopped")}
    for database in databases:
        database.close()


def test_the_database_may_be_gone_for_ten_seconds(server: PostgreSQL) -> None:
    stage = HookStage(Database.open(server.address("gone"), busy_s=2))

    def stop(handler: Handler) -> None:
        server.stop()
        status(200)(handler)

    with receiving(stop, status(200)) as receiver, stage.sending():
        session = stage.session(receiver.url)
        assert eventually(lambda: len(receiver.posts) == 1, 10)
        time.sleep(10)
        server.start()
        assert stage.settled()
        stage.put(session, HookKind.STARTED)
        assert eventually(lambda: stage.states() == [DELIVERED, DELIVERED], 20)
    assert types(receiver) == ["created", "started"]
    stage.database.close()


def test_sessions_expire_once_and_deleted_ones_hold_no_payload(server: PostgreSQL) -> None:
    address = server.address("over")
    stage, other = HookStage(Database.open(address)), Database.open(address)
    with receiving(status(200)) as receiver:
        session = stage.session(receiver.url, label="host", expires_in=timedelta(minutes=1))
        later = stage.clock() + timedelta(minutes=2)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda database: expire_sessions(database, later), [stage.database, other]))
        with stage.sending():
            assert stage.settled()
            stage.delete(session)
            assert stage.settled()
    assert types(receiver) == ["created", "expired", "deleted"]
    assert {row.payload for row in stage.rows()} == {None}
    stage.database.close()
    other.close()
