"""Deleting a session erases what its deliveries hold, wherever in the database's files that is."""

import sqlite3
from pathlib import Path

import pytest
from hook_stage import DELIVERED, FAILED, PENDING, HookStage, received, types
from hooks_receiver import SECRET, hang, receiving, status
from services import free_port
from serving import eventually

from take5.stream.platform.database import Database
from take5.stream.platform.hooks.kinds import DeliveryState, HookKind

pytestmark = pytest.mark.waiting

WORDS = "words of a person, in a payload that fills pages " * 200
ERASED = DeliveryState.ERASED


@pytest.fixture
def stage(database: Database) -> HookStage:
    return HookStage(database)


def stored(folder: Path, *texts: bytes) -> list[bytes]:
    """Return which of some texts are in the database's files."""
    files = b"".join(path.read_bytes() for path in folder.glob("platform.db*"))
    return [text for text in texts if text in files]


def test_nothing_of_a_payload_is_left_in_the_files(stage: HookStage, tmp_path: Path) -> None:
    secrets = (b"words of a person", b"host 17", b"/take5", SECRET)
    with receiving(status(200)) as receiver, stage.sending():
        sessions = [stage.session(receiver.url, label=f"host {number}") for number in range(30)]
        for session in sessions:
            for kind in (HookKind.STARTED, HookKind.BEST, HookKind.STOPPED):
                stage.put(session, kind, said=WORDS, short="words of a person")
        assert stage.settled()
        assert stored(tmp_path, *secrets) == list(secrets)
        for session in sessions:
            stage.delete(session)
        # At once, or as soon as the sender does not read at the moment.
        assert eventually(lambda: stored(tmp_path, *secrets[:2]) == [], 15)
        assert stage.settled()
        assert eventually(lambda: stored(tmp_path, *secrets) == [], 15)
    assert types(receiver).count("deleted") == 30
    deleted = [payload for payload in received(receiver) if payload["type"] == "deleted"]
    assert {payload["label"] for payload in deleted} == {None}
    assert {row.payload for row in stage.rows()} == {None}


def test_while_another_program_reads_it_is_tried_again(stage: HookStage, tmp_path: Path) -> None:
    session = stage.session("http://127.0.0.1:1/", label="host 17")
    reading = sqlite3.connect(tmp_path / "platform.db", isolation_level=None)
    reading.execute("BEGIN")
    reading.execute("SELECT * FROM sessions").fetchall()
    stage.delete(session)
    assert stage.database.log_to_truncate
    assert stored(tmp_path, b"host 17")
    reading.close()
    with stage.sending():
        assert eventually(lambda: not stored(tmp_path, b"host 17"), 15)


def test_what_was_not_delivered_is_not_sent_any_more(stage: HookStage) -> None:
    port = free_port()
    session = stage.session(f"http://127.0.0.1:{port}/")
    stage.put(session, HookKind.STARTED)
    stage.delete(session)
    stage.delete(session)  # once is enough
    stage.put(session, HookKind.BUNDLE)  # nothing follows
    assert stage.states() == [ERASED, ERASED, PENDING]
    with receiving(status(200), port=port) as receiver, stage.sending():
        assert stage.settled()
    assert types(receiver) == ["deleted"]
    assert stage.states() == [ERASED, ERASED, DELIVERED]


def test_what_is_being_sent_ends_before_the_deletion_is_sent(stage: HookStage) -> None:
    with receiving(hang, status(200)) as receiver, stage.sending(answer_s=0.7):
        session = stage.session(receiver.url)
        assert eventually(lambda: len(receiver.posts) == 1, 10)
        stage.delete(session)
        assert stage.settled()
    assert types(receiver) == ["created", "deleted"]
    assert receiver.posts[1].at_s - receiver.posts[0].at_s > 0.6
    assert stage.states() == [ERASED, DELIVERED]


def test_a_deletion_that_is_refused_forgets_the_hook_too(stage: HookStage, tmp_path: Path) -> None:
    with receiving(status(200), status(410)) as receiver, stage.sending():
        session = stage.session(receiver.url)
        assert stage.settled()
        stage.delete(session)
        assert stage.settled()
        assert eventually(lambda: not stored(tmp_path, SECRET), 15)
    assert stage.states() == [DELIVERED, FAILED]
