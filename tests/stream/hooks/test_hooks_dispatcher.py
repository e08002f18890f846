"""Nothing waits for programs that are told, and what became of each notice can be read afterwards."""

import asyncio
import logging
import sys
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hooks_receiver import SECRET, Receiver, hang, notice_in, receiving, status
from serving import descriptors, eventually

from take5.stream.hooks import dispatcher as ready
from take5.stream.hooks.command import Command
from take5.stream.hooks.delivery import DELIVERIES, Attempt, State, recorded
from take5.stream.hooks.dispatcher import AT_A_TIME, HookDispatcher
from take5.stream.hooks.notice import Notice
from take5.stream.hooks.retry import Backoff
from take5.stream.hooks.webhook import Webhook

pytestmark = pytest.mark.waiting

WELL = Command((sys.executable, "-c", ""))
BADLY = Command((sys.executable, "-c", "raise SystemExit(3)"))
NEVER = Command((sys.executable, "-c", "import time; time.sleep(600)"))


def webhook(receiver: Receiver) -> Webhook:
    return Webhook(receiver.url, SECRET, Backoff(0.05, 0.1))


def states(notice: Notice) -> dict[str, str]:
    return {each["way"]: each["state"] for each in recorded(notice.folder)}


@pytest.fixture
def notice(tmp_path: Path) -> Notice:
    return notice_in(tmp_path / "take", "synctalk")


def test_with_nobody_to_tell_nothing_happens(notice: Notice) -> None:
    with HookDispatcher() as hooks:
        assert not hooks
        hooks.notify(notice)
        assert hooks.wait(0)
    assert list(notice.folder.iterdir()) == []


def test_both_are_told_and_it_is_recorded(notice: Notice) -> None:
    with receiving(status(503), status(200)) as receiver, HookDispatcher(WELL, webhook(receiver)) as hooks:
        assert hooks
        hooks.notify(notice)
        assert hooks.wait(30)
    assert hooks.counts == {State.PENDING: 0, State.DELIVERED: 2}
    by_way = {each["way"]: each for each in recorded(notice.folder)}
    assert by_way["command"] | {"attempts": None} == {
        "id": notice.id, "type": "bundle", "way": "command", "receiver": sys.executable, "state": "delivered",
        "error": None, "attempts": None,
    }  # fmt: skip
    assert [attempt["code"] for attempt in by_way["command"]["attempts"]] == [0]
    first, second = by_way["webhook"]["attempts"]
    assert (first["code"], first["error"]) == (503, "it answered 503 Service Unavailable")
    assert (second["code"], second["error"]) == (200, None)
    assert first["begun"] < second["begun"]
    assert first["begun"].endswith("+00:00")
    assert by_way["webhook"]["receiver"] == receiver.url.removesuffix("/take5")


def test_one_that_fails_is_recorded_and_told(notice: Notice, caplog: pytest.LogCaptureFixture) -> None:
    with receiving(status(401)) as receiver, HookDispatcher(BADLY, webhook(receiver)) as hooks:
        hooks.notify(notice)
        assert hooks.wait(30)
    assert states(notice) == {"command": "failed", "webhook": "failed"}
    assert hooks.counts[State.FAILED] == 2
    assert f"command {sys.executable}: ended with exit code 3 ({notice.folder})" in caplog.messages
    assert any("401 Unauthorized" in message for message in caplog.messages)


def test_one_that_hangs_keeps_neither_the_capture_nor_the_other(notice: Notice) -> None:
    with receiving(status(200)) as receiver, HookDispatcher(NEVER, webhook(receiver)) as hooks:
        since = time.monotonic()
        hooks.notify(notice)
        assert time.monotonic() - since < 5
        assert eventually(lambda: states(notice) == {"command": "pending", "webhook": "delivered"}, 30)
        assert not hooks.wait(0.1)
        hooks.close(0.1)
    assert states(notice) == {"command": "undelivered", "webhook": "delivered"}


def test_at_the_end_what_is_undelivered_is_recorded_as_such(notice: Notice, caplog: pytest.LogCaptureFixture) -> None:
    with receiving(hang) as receiver, HookDispatcher(NEVER, webhook(receiver)) as hooks:
        hooks.notify(notice)
        assert eventually(lambda: len(receiver.posts) == 1, 30)
        since = time.monotonic()
        hooks.close(0.2)
        assert time.monotonic() - since < 10
    assert states(notice) == {"command": "undelivered", "webhook": "undelivered"}
    assert {each["error"] for each in recorded(notice.folder)} == {"take5 ended before it was delivered"}
    assert sum("take5 ended" in message for message in caplog.messages) == 2
    assert hooks.counts == {State.PENDING: 0, State.UNDELIVERED: 2}


def test_a_webhook_between_two_tries_does_not_hold_up_the_end(notice: Notice) -> None:
    with receiving(status(503, Retry_After="300")) as receiver, HookDispatcher(webhook=webhook(receiver)) as hooks:
        hooks.notify(notice)
        assert eventually(lambda: [len(each["attempts"]) for each in recorded(notice.folder)] == [1], 30)
        since = time.monotonic()
        hooks.close(0.0)
        assert time.monotonic() - since < 10
    (delivery,) = recorded(notice.folder)
    assert (delivery["state"], delivery["attempts"][0]["code"]) == ("undelivered", 503)


def test_at_the_end_deliveries_that_go_well_are_waited_for(notice: Notice) -> None:
    with receiving(status(503), status(503), status(200)) as receiver, HookDispatcher(WELL, webhook(receiver)) as hooks:
        hooks.notify(notice)
    assert states(notice) == {"command": "delivered", "webhook": "delivered"}


def test_an_interruption_does_not_wait(notice: Notice) -> None:
    def interrupted() -> None:
        with HookDispatcher(NEVER) as hooks:
            hooks.notify(notice)
            raise KeyboardInterrupt

    since = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - since < 10
    assert states(notice) == {"command": "undelivered"}


def test_what_is_told_after_the_end_is_recorded_as_undelivered(notice: Notice) -> None:
    hooks = HookDispatcher(WELL)
    hooks.close()
    hooks.notify(notice)
    assert states(notice) == {"command": "undelivered"}
    hooks.close()


def test_more_than_may_wait_are_counted_and_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "WAITING", 3)
    notices = [notice_in(tmp_path / str(number)) for number in range(5)]
    with receiving(hang) as receiver, HookDispatcher(webhook=webhook(receiver)) as hooks:
        for notice in notices:
            hooks.notify(notice)
        assert hooks.counts == {State.PENDING: 3, State.UNDELIVERED: 2}
        assert [states(notice).get("webhook") for notice in notices[3:]] == ["undelivered"] * 2
        receiver.released.set()
        receiver.answers[0] = status(200)
        assert hooks.wait(30)
    assert [states(notice)["webhook"] for notice in notices] == ["delivered"] * 3 + ["undelivered"] * 2


def test_only_so_many_posts_are_on_their_way_at_a_time(tmp_path: Path) -> None:
    def slow(handler: Any) -> None:
        handler.receiver.released.wait(0.1)
        status(200)(handler)

    with receiving(slow) as receiver, HookDispatcher(webhook=webhook(receiver)) as hooks:
        with ThreadPoolExecutor(8) as threads:  # told from many threads
            list(threads.map(lambda number: hooks.notify(notice_in(tmp_path / str(number))), range(24)))
        assert hooks.wait(60)
    assert receiver.most_at_a_time == AT_A_TIME
    assert len({post.headers["Idempotency-Key"] for post in receiver.posts}) == len(receiver.posts) == 24


def test_a_receiver_that_fails_does_not_hold_up_posts_that_would_go_through(tmp_path: Path) -> None:
    """Waiting for the next try takes no slot."""
    bad = [notice_in(tmp_path / f"bad-{number}") for number in range(2 * AT_A_TIME)]

    def answer(handler: Any) -> None:
        good = handler.receiver.posts[-1].headers["Idempotency-Key"] not in {notice.id for notice in bad}
        (status(200) if good else status(503, Retry_After="300"))(handler)

    with receiving(answer) as receiver, HookDispatcher(webhook=webhook(receiver)) as hooks:
        for notice in bad:
            hooks.notify(notice)
        assert eventually(lambda: len(receiver.posts) == len(bad), 30)
        last = notice_in(tmp_path / "good")
        hooks.notify(last)
        assert eventually(lambda: states(last) == {"webhook": "delivered"}, 30)
        hooks.close(0.0)


@pytest.mark.parametrize("command", [WELL, BADLY])
def test_a_folder_that_is_removed_is_no_error(
    notice: Notice, command: Command, caplog: pytest.LogCaptureFixture
) -> None:
    notice.folder.rmdir()
    with HookDispatcher(command) as hooks:
        hooks.notify(notice)
    assert hooks.counts[State.DELIVERED if command is WELL else State.FAILED] == 1
    assert not notice.folder.exists()
    assert not [each for each in caplog.records if each.levelno > logging.WARNING]


def spoil(folder: Path, text: str) -> None:
    (folder / DELIVERIES).write_text(text)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"deliveries": 3}', '{"deliveries": [1, null]}', "\x00"])
def test_a_spoilt_record_is_begun_anew(notice: Notice, text: str) -> None:
    spoil(notice.folder, text)
    with HookDispatcher(WELL) as hooks:
        hooks.notify(notice)
    assert states(notice) == {"command": "delivered"}


def test_deliveries_of_several_notices_stand_side_by_side(tmp_path: Path) -> None:
    notices = [notice_in(tmp_path / "take") for _ in range(3)]
    with HookDispatcher(WELL) as hooks:
        for notice in notices:
            hooks.notify(notice)
    assert {each["id"] for each in recorded(tmp_path / "take")} == {notice.id for notice in notices}
    assert [path.name for path in sorted((tmp_path / "take").iterdir())] == ["deliveries.json", "on-ready.log"]


def test_a_record_that_cannot_be_written_is_logged(notice: Notice, caplog: pytest.LogCaptureFixture) -> None:
    (notice.folder / DELIVERIES).mkdir()
    (notice.folder / DELIVERIES / "in the way").touch()
    with HookDispatcher(WELL) as hooks:
        hooks.notify(notice)
    assert hooks.counts[State.DELIVERED] == 1
    assert any("deliveries.json: cannot be written" in message for message in caplog.messages)


class Broken:
    """A way of telling with a mistake in it."""

    way, receiver = "command", "broken"

    async def attempts(self, _notice: Notice, _timeout_s: float, _slots: asyncio.Semaphore) -> AsyncIterator[Attempt]:
        raise ZeroDivisionError("a mistake")
        yield  # makes it a generator


def test_a_mistake_of_ours_is_recorded_too(notice: Notice) -> None:
    with HookDispatcher(Broken()) as hooks:
        hooks.notify(notice)
        assert hooks.wait(10)
    assert [each["error"] for each in recorded(notice.folder)] == ["an internal error ended it: a mistake"]


@pytest.mark.parametrize("end", [lambda hooks: hooks.close(), lambda hooks: hooks.close(0.0)])
def test_nothing_is_left_running_or_open(tmp_path: Path, end: Callable[[HookDispatcher], None]) -> None:
    def once(folder: Path) -> None:
        with receiving(status(200)) as receiver:
            hooks = HookDispatcher(WELL, webhook(receiver))
            hooks.notify(notice_in(folder))
            end(hooks)
        assert hooks._thread is not None
        assert not hooks._thread.is_alive()

    once(tmp_path / "first")
    before = descriptors()
    for number in range(3):
        once(tmp_path / str(number))
    assert eventually(lambda: descriptors() <= before, 10)
