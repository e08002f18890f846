"""Hooks of sessions before real receivers: what comes, in which order, and how often."""

import asyncio
import json
import re
import time
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hook_stage import DELIVERED, FAILED, HOUR, PENDING, HookStage, received, types
from hooks_receiver import SECRET, Answer, hang, receiving, status
from repository import ROOT
from services import free_port
from serving import eventually

from take5.scoring.motion import Motion
from take5.scoring.score import WindowScore
from take5.scoring.stopping import Stop, StopRule
from take5.stream.events import Bundled, ClipReady, Event, Stopped
from take5.stream.platform import consent
from take5.stream.platform.database import Database
from take5.stream.platform.hooks.kinds import DeliveryState, HookKind
from take5.stream.platform.hooks.queue import AT_RECEIVER, LAST_ATTEMPTS, LEAST_FAILURES
from take5.stream.platform.records import Records
from take5.stream.platform.service import Platform
from take5.stream.platform.takes import CUT_OFF
from take5.stream.server.watch import CaptureReport, CaptureState, ended

pytestmark = pytest.mark.waiting

DAY = timedelta(days=1)
STARTED, BEST, STOPPED, ACCEPTED = HookKind.STARTED, HookKind.BEST, HookKind.STOPPED, HookKind.ACCEPTED


@pytest.fixture
def stage(database: Database) -> HookStage:
    return HookStage(database)


def verified() -> Callable[[bytes, str, str, bytes], bool]:
    code = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / "hooks.md").read_text(), re.MULTILINE | re.DOTALL)
    names: dict[str, Callable[[bytes, str, str, bytes], bool]] = {}
    exec(code[0], names)  # noqa: S102 - what readers are given
    return names["verified"]


def test_what_happens_is_posted_in_order_and_signed(stage: HookStage) -> None:
    with receiving(status(204)) as receiver, stage.sending():
        session = stage.session(receiver.url, label="host 李")
        stage.put(session, STARTED, take="a")
        stage.put(session, STOPPED, reason="cap")
        assert stage.settled()
    assert types(receiver) == ["created", "started", "stopped"]
    payload, row, post = received(receiver)[1], stage.rows()[1], receiver.posts[1]
    assert list(payload) == ["version", "type", "id", "session", "label", "time", "take"]
    assert (payload["version"], payload["session"], payload["label"], payload["take"]) == (1, session, "host 李", "a")
    assert payload["id"] == row.id == post.headers["Idempotency-Key"]
    check = verified()
    assert check(SECRET, post.headers["Take5-Timestamp"], post.headers["Take5-Signature"], post.body)
    assert not check(SECRET, post.headers["Take5-Timestamp"], post.headers["Take5-Signature"], post.body + b" ")


def test_a_session_without_a_hook_has_no_deliveries(stage: HookStage) -> None:
    session = stage.session(None)
    stage.put(session, STARTED)
    stage.delete(session)
    assert stage.rows() == []


def test_what_is_rolled_back_is_not_posted(stage: HookStage) -> None:
    stage.session("http://127.0.0.1:1/", label="host")
    with pytest.raises(Exception, match="another session of this key"):
        stage.session("http://127.0.0.1:1/", label="host")
    assert len(stage.rows()) == 1


def test_a_receiver_that_is_down_for_an_hour_gets_everything_in_order(stage: HookStage) -> None:
    port = free_port()
    session = stage.session(f"http://127.0.0.1:{port}/take5", expires_in=2 * DAY)
    for kind in (STARTED, STOPPED, ACCEPTED):
        stage.put(session, kind)
    with stage.sending():
        for tries in range(1, 13):
            assert eventually(lambda tries=tries: stage.tries() >= tries, 20)  # type: ignore[misc]
            stage.clock.ahead += timedelta(minutes=5)
        assert [len(row.attempts) > 0 for row in stage.rows()] == [True, False, False, False]
        assert "cannot be reached" in stage.rows()[0].attempts[0]["error"]
        with receiving(status(200), port=port) as receiver:
            stage.clock.ahead += timedelta(minutes=5)
            assert stage.settled()
    assert types(receiver) == ["created", "started", "stopped", "accepted"]


@pytest.mark.parametrize("code", [400, 401, 404, 410])
def test_what_is_refused_for_good_fails_and_the_next_is_sent(stage: HookStage, code: int) -> None:
    with receiving(status(code), status(200)) as receiver, stage.sending():
        session = stage.session(receiver.url)
        stage.put(session, STARTED)
        assert stage.settled()
    assert stage.states() == [FAILED, DELIVERED]
    assert [attempt["code"] for attempt in stage.rows()[0].attempts] == [code]


def test_no_redirect_is_followed(stage: HookStage) -> None:
    with receiving(status(200)) as other, receiving(status(307, Location=other.url)) as receiver, stage.sending():
        stage.session(receiver.url)
        assert stage.settled()
    assert (stage.states(), len(receiver.posts), other.posts) == ([FAILED], 1, [])


@pytest.mark.parametrize("answer", [status(500), status(429), hang])
def test_what_may_pass_is_tried_again_under_the_same_id_before_what_follows(stage: HookStage, answer: Answer) -> None:
    with receiving(answer, status(200)) as receiver, stage.sending(answer_s=0.3):
        session = stage.session(receiver.url)
        stage.put(session, STARTED)
        assert stage.settled()
    assert types(receiver) == ["created", "created", "started"]
    assert receiver.posts[0].body == receiver.posts[1].body
    assert 0.5 <= receiver.posts[1].at_s - receiver.posts[0].at_s < 5
    assert stage.states() == [DELIVERED, DELIVERED]


def test_a_receiver_is_left_alone_as_long_as_it_asks(stage: HookStage) -> None:
    with receiving(status(503, Retry_After="1800"), status(200)) as receiver, stage.sending():
        stage.session(receiver.url)
        assert eventually(lambda: stage.tries() == 1, 10)
        stage.clock.ahead = timedelta(minutes=29)
        time.sleep(0.3)
        assert len(receiver.posts) == 1
        stage.clock.ahead = timedelta(minutes=31)
        assert stage.settled()


def test_after_a_day_a_delivery_is_given_up(stage: HookStage) -> None:
    with receiving(status(500)) as receiver, stage.sending():
        session = stage.session(receiver.url, expires_in=2 * DAY)
        for tries in range(1, LAST_ATTEMPTS + 5):
            assert eventually(lambda tries=tries: stage.rows()[0].failures == tries, 10)  # type: ignore[misc]
            stage.clock.ahead += timedelta(minutes=10)
        assert eventually(lambda: stage.tries() == LAST_ATTEMPTS, 10)
        assert stage.states() == [PENDING]
        stage.clock.ahead = DAY
        assert stage.settled()
        stage.put(session, STARTED)
        assert eventually(lambda: types(receiver)[-1] == "started", 10)
    assert stage.states() == [FAILED, PENDING]


def test_a_best_makes_way_for_the_next_unless_something_is_between(stage: HookStage) -> None:
    with receiving(status(200), status(500), status(200)) as receiver:
        session = stage.session(receiver.url)
        for number in range(3):
            stage.put(session, BEST, number=number)
        stage.put(session, STOPPED)
        stage.put(session, BEST, number=3)
        with stage.sending():
            assert stage.settled()
    sent = [(payload["type"], payload.get("number")) for payload in received(receiver)]
    assert sent == [("created", None), ("best", 2), ("best", 2), ("stopped", None), ("best", 3)]
    superseded = DeliveryState.SUPERSEDED
    assert stage.states() == [DELIVERED, superseded, superseded, DELIVERED, DELIVERED, DELIVERED]
    assert [row.payload is None for row in stage.rows()] == [False, True, True, False, False, False]


def test_a_best_that_failed_makes_way_for_one_that_came_meanwhile(stage: HookStage) -> None:
    with receiving(status(200), hang, status(200)) as receiver, stage.sending(answer_s=0.5):
        session = stage.session(receiver.url)
        stage.put(session, BEST, number=0)
        assert eventually(lambda: len(receiver.posts) == 2, 10)
        stage.put(session, BEST, number=1)
        assert stage.settled()
    assert [payload.get("number") for payload in received(receiver)] == [None, 0, 1]


def test_a_slow_receiver_holds_up_no_other_and_gets_few_at_a_time(stage: HookStage) -> None:
    with receiving(hang) as slow, receiving(status(200)) as quick, stage.sending():
        for _ in range(100):
            stage.session(slow.url)
        assert eventually(lambda: len(slow.posts) == AT_RECEIVER, 10)
        since = time.monotonic()
        session = stage.session(quick.url)
        assert eventually(lambda: DELIVERED in stage.states(session), 10)
        assert time.monotonic() - since < 8
        assert slow.most_at_a_time == AT_RECEIVER
        slow.released.set()


@pytest.mark.parametrize("jump", [-DAY, -HOUR, HOUR, DAY * 400])
def test_a_clock_that_jumps_neither_stalls_nor_floods(stage: HookStage, jump: timedelta) -> None:
    with receiving(status(500), status(500), status(200)) as receiver, stage.sending():
        stage.session(receiver.url)
        assert eventually(lambda: stage.tries() == 1, 10)
        stage.clock.ahead = jump
        assert stage.settled()
        time.sleep(0.2)
    assert stage.states() == [DELIVERED]
    assert len(receiver.posts) == 3
    assert receiver.posts[2].at_s - receiver.posts[1].at_s > 0.9
    assert LEAST_FAILURES > 2


def test_what_is_left_at_the_end_is_sent_after_the_next_start(stage: HookStage) -> None:
    port = free_port()
    session = stage.session(f"http://127.0.0.1:{port}/")
    with receiving(status(500), port=port), stage.sending() as sender:
        assert eventually(lambda: stage.tries() > 0, 10)
        since = time.monotonic()
        sender.close()
        assert time.monotonic() - since < 5
    stage.put(session, STOPPED)
    assert stage.states() == [PENDING, PENDING]
    with receiving(status(200), port=port) as receiver, stage.sending():
        assert stage.settled()
    assert types(receiver) == ["created", "stopped"]


def test_the_end_waits_for_what_is_due(stage: HookStage) -> None:
    with receiving(status(200)) as receiver:
        session = stage.session(receiver.url)
        for _ in range(5):
            stage.put(session, STARTED)
        with stage.sending() as sender:
            sender.close()
    assert stage.states() == [DELIVERED] * 6


def test_what_captures_report_and_people_decide_is_posted(stage: HookStage) -> None:
    score = WindowScore(50, 140.0, Motion(0.1, 0.2, 0.05, mouth_moves=True), 1)
    clip = ClipReady(150, score, 125, "/out/a", {"clip.mp4": "api/clip.mp4"}, ("raw",))
    told: tuple[Event, ...] = (
        Stopped(150, Stop(StopRule.ENDED)),
        clip,
        Bundled(150, "raw", "/out/a/raw/a", 138, 125, ()),
    )
    platform = Platform(stage.database)
    with receiving(status(200)) as receiver, stage.sending():
        session = stage.session(receiver.url, label="host", consent_text="I agree.")
        digest = sha256(b"I agree.").hexdigest()
        consent._agree(stage.database, session, "李雷", digest)
        platform.watch.report(session, CaptureReport(CaptureState.LIVE, Path("/out/a")))
        for event in told:
            platform.watch.report(session, CaptureReport(CaptureState.LIVE, Path("/out/a"), event))
        platform.watch.report(session, ended(clip, Path("/out/a")))
        assert eventually(lambda: types(receiver)[-1:] == ["bundle"], 10)
        asyncio.run(platform.watch.accept(session, Path("/out/a")))
        assert eventually(lambda: "accepted" in types(receiver), 10)
    assert types(receiver) == ["created", "consented", "started", "stopped", "clip", "bundle", "accepted"]
    payloads = received(receiver)
    assert {(each["version"], each["session"], each["label"]) for each in payloads} == {(1, session, "host")}
    assert payloads[1]["consented"]["name"] == "李雷"
    assert {each["take"] for each in payloads[2:]} == {"a"}
    assert payloads[4]["best"]["D"] == 140.0


def test_a_capture_that_was_cut_off_and_left_nothing_is_posted_once(stage: HookStage) -> None:
    platform = Platform(stage.database)
    with receiving(status(200)) as receiver, stage.sending():
        session = stage.session(receiver.url)
        platform.watch.report(session, CaptureReport(CaptureState.LIVE, Path("/out/a")))
        for _ in range(2):
            platform.watch.restarted(Path("/out"), set())
        asyncio.run(platform.watch.settle())
        assert stage.settled()
    assert types(receiver) == ["created", "started", "failed"]
    failed = received(receiver)[-1]
    assert (failed["take"], failed["code"], failed["text"]) == ("a", "interrupted", CUT_OFF)


def test_details_never_take_the_place_of_what_every_payload_has(stage: HookStage) -> None:
    session = stage.session("http://127.0.0.1:1/")
    stage.put(session, STARTED, version="of the text", time="then", take="a")
    payload = json.loads(stage.rows()[1].payload or "")
    assert (payload["version"], payload["time"] > "2", payload["take"]) == (1, True, "a")


def test_sessions_that_expire_without_a_sender_are_reported_once(stage: HookStage) -> None:
    with receiving(status(200)) as receiver:
        session = stage.session(receiver.url, expires_in=timedelta(minutes=1))
        stage.session(None, expires_in=timedelta(minutes=1))
        later = stage.session(receiver.url)
        stage.clock.ahead = timedelta(minutes=2)
        for _ in range(2):
            with stage.sending():
                assert eventually(lambda: "expired" in types(receiver), 10)
                assert stage.settled()
    assert [payload["session"] for payload in received(receiver) if payload["type"] == "expired"] == [session]
    records = Records(stage.database)
    assert records.get(stage.key_id, session).state == "expired"
    assert records.get(stage.key_id, later).state == "created"
