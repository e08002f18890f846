"""Every event's JSON against the schema in docs/, and what a feed remembers for late joiners."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from event_samples import BEST, CLIP, EVENTS, GOOD, NOTE, STREAM
from repository import ROOT

from take5.scoring.gates.findings import Code
from take5.scoring.judging import JudgedWindow
from take5.scoring.own_range import Standing
from take5.scoring.score import WindowScore
from take5.scoring.stopping import StopRule, StopRules
from take5.stream.events import (
    BestChanged,
    Bundled,
    BundlePrepared,
    Event,
    Failure,
    Progress,
    Reported,
    Resumed,
    Scored,
    Stalled,
    State,
    StateChanged,
    Trouble,
)
from take5.stream.live.snapshot import About
from take5.stream.selection import Checked
from take5.stream.server.feed import Feed

SCHEMA = json.loads((ROOT / "docs" / "events.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
ABOUT = About("speech-embedding", 5.0, StopRules(stop_at=1120.0))


def sent(event: Event) -> Any:
    """The event as a follower reads it: no NaN, nothing that JSON has not."""
    return json.loads(json.dumps(event.json(), allow_nan=False))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_is_as_documented(event: Event) -> None:
    VALIDATOR.validate(sent(event))


def test_the_schema_has_every_code() -> None:
    assert SCHEMA["$defs"]["code"]["enum"] == [str(code) for code in Code]


def test_the_schema_refuses_what_is_none() -> None:
    for broken in ({}, {"type": "progress"}, {**sent(CLIP), "best": None}, {**sent(Resumed(1)), "v": 2}):
        assert not VALIDATOR.is_valid(broken)


def test_every_type_is_documented() -> None:
    text = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    for event in EVENTS:
        assert f"| `{event.json()['type']}` |" in text
    for codes in (Trouble, Failure, State, StopRule):
        for code in codes:
            assert f"`{code}`" in text, code


def feed_of(*events: Event) -> Feed:
    feed = Feed("x", ABOUT)
    for event in events:
        feed.publish(event)
    return feed


def test_a_late_joiner_gets_the_present_state() -> None:
    feed = feed_of(
        StateChanged(0, State.RECEIVING),
        Progress(150, GOOD, BEST, NOTE, None, Checked(1, 2), Standing(1, 1, 0, 1200.0)),
        BestChanged(150, BEST),
        STREAM,
        Stalled(160, "both"),
    )
    hello = feed.hello()
    VALIDATOR.validate(json.loads(json.dumps(hello)))
    assert (hello["state"], hello["time_s"]) == ("receiving", 6.0)
    assert [window["start_s"] for window in hello["windows"]] == [1.0]
    assert hello["best"]["start_s"] == 1.0
    assert hello["stalled"]["track"] == "both"
    assert hello["clip"] is None
    assert hello["stream"] == STREAM.json()
    assert hello["checked"] == {"windows": 1, "of": 2, "complete": True}
    assert hello["standing"]["windows"] == 1
    feed.publish(Resumed(161))
    assert feed.hello()["stalled"] is None


def test_a_window_that_was_looked_at_later_replaces_what_was_known() -> None:
    unseen = JudgedWindow(WindowScore(25, 146.2), (), seen=False)
    feed = feed_of(Progress(150, unseen, None), Scored(225, GOOD))
    assert [window["eligible"] for window in feed.hello()["windows"]] == [True]


def test_after_the_end_the_clip_is_told_and_a_new_capture_begins_anew() -> None:
    feed = feed_of(Progress(150, GOOD, BEST), StateChanged(150, State.READY), CLIP)
    assert feed.now.over
    assert feed.hello()["clip"]["path"] == "/out/clip"
    assert feed.hello(fresh=True)["state"] == "waiting"
    feed.restart()
    hello = feed.hello()
    assert (hello["state"], hello["windows"], hello["clip"], hello["best"]) == ("waiting", [], None, None)


def test_every_follower_gets_every_event() -> None:
    async def follow() -> list[list[str]]:
        feed = Feed("x", ABOUT)
        followers = [feed.follow(), feed.follow()]
        feed.publish(StateChanged(0, State.RECEIVING))
        feed.publish(Resumed(3))
        return [[message.kind for message in await follower.read()] for follower in followers]

    assert asyncio.run(follow()) == [["state", "resumed"]] * 2


def test_a_clip_with_bundles_is_over_when_the_last_of_them_has_been_told() -> None:
    feed = feed_of(StateChanged(0, State.RECEIVING), replace(CLIP, bundles=("synctalk", "raw")))
    assert not feed.now.over
    feed.publish(Bundled(175, "synctalk", "/out"))
    assert not feed.now.over
    feed.publish(Bundled(175, "raw", error="no"))
    assert feed.now.over
    assert [bundle["trainer"] for bundle in feed.hello()["bundles"]] == ["synctalk", "raw"]


def test_a_clip_whose_bundles_are_prepared_is_over_before_that_and_complete_after_it() -> None:
    feed = feed_of(replace(CLIP, bundles=("synctalk", "instag", "raw"), prepare=("synctalk", "instag")))
    for trainer, error in (("synctalk", None), ("instag", "no"), ("raw", None)):
        assert not feed.now.over
        feed.publish(Bundled(175, trainer, "/out", error=error, window_frames=125))
    assert (feed.now.over, feed.now.complete) == (True, False)
    assert [[bundle.trainer for bundle in bundles] for _, bundles in feed.now.to_prepare] == [["synctalk"]]
    feed.publish(BundlePrepared(175, "synctalk", "/out", window_frames=125))
    assert feed.now.complete
    assert [each["trainer"] for each in feed.hello()["prepared"]] == ["synctalk"]


def test_who_follows_a_capture_is_not_told_of_its_preparation_once_another_has_begun() -> None:
    async def follow() -> tuple[list[str], list[bool], int]:
        feed = Feed("x", ABOUT)
        follower = feed.follow()
        feed.publish(replace(CLIP, bundles=("synctalk",), prepare=("synctalk",)))
        feed.publish(Bundled(175, "synctalk", "/out"))
        before = feed.now
        feed.restart()
        feed.add(BundlePrepared(175, "synctalk", "/out"), before)
        unread = await follower.read()
        return [message.kind for message in unread], [message.last for message in unread], len(before.prepared)

    assert asyncio.run(follow()) == (["clip", "bundle", ""], [False, False, True], 1)


def test_a_clip_with_a_report_is_over_when_it_has_been_told() -> None:
    feed = feed_of(StateChanged(0, State.RECEIVING), replace(CLIP, bundles=("raw",), report=True))
    feed.publish(Bundled(175, "raw", "/out"))
    assert not feed.now.over
    report = Reported(175, {"report.html": "api/sessions/x/report.html"})
    feed.publish(report)
    assert feed.now.over
    assert feed.hello()["report"] == report.json()
    assert [event["type"] for event in (item.json() for item in feed.now.after_clip)] == ["bundle", "report"]


def test_who_waits_for_the_next_capture_hears_nothing_of_the_one_that_is_decided() -> None:
    feed = feed_of(StateChanged(0, State.RECEIVING), replace(CLIP, report=True))
    assert not feed.now.over
    assert feed.hello(fresh=True)["clip"] is None
    assert feed.hello()["clip"] is not None
