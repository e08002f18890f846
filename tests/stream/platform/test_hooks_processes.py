"""Deliveries of several processes, of ones that are killed, and of a database that cannot be used for a time."""

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from datetime import timedelta
from pathlib import Path

import pytest
from hook_stage import DELIVERED, PENDING, HookStage, received, types
from hooks_receiver import Answer, Handler, hang, receiving, status
from serving import eventually

from take5.stream.platform.database import Database
from take5.stream.platform.hooks.kinds import HookKind
from take5.stream.platform.hooks.queue import CLAIM, claim_due
from take5.stream.platform.tables import utc_now

pytestmark = pytest.mark.waiting

CREATE = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from hook_stage import HookStage
from take5.stream.platform.database import Database
HookStage(Database.open(sys.argv[2])).session(sys.argv[3])
os.kill(os.getpid(), signal.SIGKILL)
"""

SEND = """
import sys, time
sys.path.insert(0, sys.argv[1])
from take5.stream.platform.database import Database
from take5.stream.platform.hooks.sender import HookSender
HookSender(Database.open(sys.argv[2]), poll_s=0.02).start()
print("started", flush=True)
time.sleep(120)
"""
SUPPORT = str(Path(__file__).parents[2] / "support")


@pytest.fixture
def stage(database: Database) -> HookStage:
    return HookStage(database)


def after(seconds: float) -> Answer:
    def answer(handler: Handler) -> None:
        time.sleep(seconds)
        status(200)(handler)

    return answer


def test_two_processes_send_each_delivery_once_and_in_order(stage: HookStage, address: str) -> None:
    other = subprocess.Popen([sys.executable, "-c", SEND, SUPPORT, address], stdout=subprocess.PIPE)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == b"started\n"
        with receiving(after(0.02)) as receiver, stage.sending():
            for number in range(30):
                session = stage.session(receiver.url, label=f"{number}")
                for kind in (HookKind.STARTED, HookKind.STOPPED):
                    stage.put(session, kind)
            assert stage.settled()
    finally:
        other.kill()
        other.communicate()
    assert {len(row.attempts) for row in stage.rows()} == {1}
    assert Counter(payload["id"] for payload in received(receiver)) == Counter(row.id for row in stage.rows())
    by_session = defaultdict(list)
    for payload in received(receiver):
        by_session[payload["session"]].append(payload["type"])
    assert set(map(tuple, by_session.values())) == {("created", "started", "stopped")}


def test_one_claims_what_the_other_has_not(stage: HookStage) -> None:
    for _ in range(10):
        stage.session("http://127.0.0.1:1/")
    now = utc_now()
    first, second = claim_due(stage.database, now, []), claim_due(stage.database, now, [])
    assert len(first) == len(second) == 4
    assert not {claim.id for claim in first} & {claim.id for claim in second}
    assert len(claim_due(stage.database, now + CLAIM, first)) == 0  # four posts to one receiver are under way
    assert {claim.id for claim in first} <= {row.id for row in stage.rows() if row.claims == 1}


def test_a_kill_between_commit_and_delivery_loses_nothing(stage: HookStage, address: str) -> None:
    with receiving(status(200)) as receiver:
        command = [sys.executable, "-c", CREATE, SUPPORT, address, receiver.url]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
        with stage.sending():
            assert stage.settled()
    assert types(receiver) == ["created"]


def test_a_kill_during_an_attempt_repeats_it_under_the_same_id(stage: HookStage, address: str) -> None:
    with receiving(hang, status(200)) as receiver:
        session = stage.session(receiver.url)
        stage.put(session, HookKind.STARTED)
        other = subprocess.Popen([sys.executable, "-c", SEND, SUPPORT, address], stdout=subprocess.PIPE)
        assert eventually(lambda: len(receiver.posts) == 1, 30)
        other.kill()
        other.communicate()
        with stage.sending():
            time.sleep(0.3)
            assert len(receiver.posts) == 1  # it may still be under way
            stage.clock.ahead = CLAIM + timedelta(seconds=1)
            assert stage.settled()
    first, second, third = received(receiver)
    assert (first, second["type"], third["type"]) == (second, "created", "started")


def test_a_locked_database_delays_the_record_and_repeats_nothing(tmp_path: Path, stage: HookStage) -> None:
    impatient = Database.open(f"sqlite:///{tmp_path / 'platform.db'}", busy_s=0.1)
    locking = sqlite3.connect(tmp_path / "platform.db", isolation_level=None, check_same_thread=False)

    def lock(handler: Handler) -> None:
        locking.execute("BEGIN EXCLUSIVE")
        threading.Timer(1.5, locking.execute, ["ROLLBACK"]).start()
        status(200)(handler)

    stage.database, kept = impatient, stage.database
    with receiving(lock, status(200)) as receiver, stage.sending():
        session = stage.session(receiver.url)
        assert eventually(lambda: len(receiver.posts) == 1, 10)
        assert stage.states() == [PENDING]
        assert stage.settled()
        stage.put(session, HookKind.STARTED)
        assert stage.settled()
    stage.database = kept
    assert types(receiver) == ["created", "started"]
    assert stage.states() == [DELIVERED, DELIVERED]
    impatient.close()
    locking.close()
