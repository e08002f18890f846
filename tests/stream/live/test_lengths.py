"""Several lengths of windows in one pass: each has what a session of its own would have."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from live_media import NEVER, drive, live_session, received, seconds
from repository import ROOT
from slow_analysis import Frames, Slow, drive_slowly

from take5.scoring.errors import ParameterError
from take5.scoring.judging import JudgedWindow
from take5.scoring.parameters import Parameters
from take5.scoring.stopping import Stop, StopRule, StopRules
from take5.stream.analysis.models import Models
from take5.stream.bundles.write import wanted_for
from take5.stream.deliverables import Deliverables
from take5.stream.events import (
    BestChanged,
    Bundled,
    ClipReady,
    Event,
    Failure,
    Kept,
    NoClip,
    Progress,
    Scored,
)
from take5.stream.hooks.command import environment
from take5.stream.hooks.dispatcher import HookDispatcher
from take5.stream.hooks.notice import Notice
from take5.stream.live.begin import begin_take
from take5.stream.live.finish import clip_writer
from take5.stream.live.session import LiveSession
from take5.stream.live.snapshot import About
from take5.stream.live.worker import LiveWorker
from take5.stream.recovery.recover import Journal, recover
from take5.stream.selection import Selection
from take5.stream.server.feed import Feed
from take5.stream.server.mailbox import Mailbox, Message
from take5.stream.settings import Settings
from take5.stream.spool.contents import read_spool
from take5.stream.spool.folder import unfinished
from take5.stream.timeline.media import Received, UnitFormat

Arrived = tuple[UnitFormat, list[Received]]

BOTH = Settings(also=(10.0,))
TEN = Settings(Parameters(10.0))
SCHEMA = json.loads((ROOT / "docs" / "events.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def arrived(short: Path) -> Arrived:
    return received(short)


def selection(live: LiveSession) -> Selection:
    result = live.result()
    assert result is not None
    return result[0]


def choice(selected: Selection) -> tuple[object, ...]:
    return selected.best, selected.pool, selected.verdicts, selected.warnings, selected.complete


@pytest.mark.long
def test_each_length_is_chosen_as_by_itself(arrived: Arrived, models: Models) -> None:
    both = live_session(models, arrived[0], settings=BOTH)
    events = drive(both, arrived[1])
    five, ten = selection(both).lengths
    for settings, found in ((Settings(), five), (TEN, ten)):
        alone = live_session(models, arrived[0], settings=settings)
        drive(alone, arrived[1])
        assert choice(found) == choice(selection(alone))
        alone.close()
    progress = [event for event in events if isinstance(event, Progress)]
    assert tuple(event.window for event in progress if event.window) == five.verdicts
    assert tuple(event.others[0].window for event in progress if event.others[0].window) == ten.verdicts
    last = {event.window_frames: event.best for event in events if isinstance(event, BestChanged)}
    assert last == {125: five.best, 250: ten.best}
    for event in events:
        VALIDATOR.validate(json.loads(json.dumps(event.json())))
    both.close()


@pytest.mark.long
def test_when_analysis_falls_behind_each_length_gets_its_choice_in_the_end(arrived: Arrived, models: Models) -> None:
    on_time = live_session(models, arrived[0], settings=BOTH)
    drive(on_time, arrived[1])
    frames = Frames(models)
    behind = Slow(live_session(frames.models, arrived[0], settings=BOTH), frames, lambda _: 0.25)
    drive_slowly(behind, arrived[1])
    events = list(behind.live.finish())
    assert {event.window_frames for event in events if isinstance(event, Scored)} == {125, 250}
    for late, found in zip(selection(behind.live).lengths, selection(on_time).lengths, strict=True):
        assert late.complete
        assert late.best is not None
        assert found.best is not None
        assert late.best.start == found.best.start
    on_time.close()
    behind.live.close()


def test_the_stop_rules_follow_the_first_length(arrived: Arrived, models: Models) -> None:
    live = live_session(models, arrived[0], StopRules(stop_at=1.0), BOTH)
    drive(live, arrived[1])
    assert live.stop == Stop(StopRule.THRESHOLD, live.stop.value if live.stop else None, 1.0)
    assert live.frame == 125
    live.close()


class Notices(HookDispatcher):
    """Keeps what programs would be told."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Notice] = []

    def notify(self, notice: Notice) -> None:
        self.all.append(notice)


class Run:
    """A capture of two lengths, with a bundle for each."""

    def __init__(self, models: Models, arrived: Arrived, output: Path, until_s: float) -> None:
        self.events: list[Event] = []
        self.hooks = Notices()
        wanted = Deliverables(wanted_for(["raw"], 256), "ann")
        live = live_session(models, arrived[0], settings=BOTH)
        self.folder, self.spool = begin_take(output, "ann", live, wanted)
        save = clip_writer(self.folder, wanted, self.hooks, session="ann", journal=self.spool)
        self.worker = LiveWorker(live, self.events.append, save, spool=self.spool)
        self.worker.start()
        for media in arrived[1]:
            if seconds(media, arrived[1]) < until_s:
                self.worker.put(media)
        self.worker.end(Stop(StopRule.ENDED))
        assert self.worker.join(PATIENCE_S)


@pytest.mark.long
def test_each_length_has_its_clip_and_its_bundles(arrived: Arrived, models: Models, tmp_path: Path) -> None:
    run = Run(models, arrived, tmp_path, 99)
    five, ten = (event for event in run.events if isinstance(event, ClipReady))
    assert (five.window_frames, five.lengths, ten.window_frames, ten.lengths) == (125, (250,), 250, ())
    assert set(five.files) == {"clip.mp4", "clip.wav", "source.mp4", "report.json"}
    assert set(ten.files) == {"clip-10s.mp4", "clip-10s.wav", "source-10s.mp4", "report.json"}
    assert all((run.folder / name).is_file() for name in [*five.files, *ten.files])
    bundles = {event.window_frames: event for event in run.events if isinstance(event, Bundled)}
    assert [bundles[length].error for length in (125, 250)] == [None, None]
    assert [Path(bundles[length].path).name for length in (125, 250)] == ["ann", "ann-10s"]
    assert [bundles[length].train_frames for length in (125, 250)] == [125, 250]
    report = json.loads((run.folder / "report.json").read_text())
    assert report["window_s"] == 5.0
    assert report["best"]["start_s"] == five.best.start / 25
    (other,) = report["lengths"]
    assert (other["window_s"], other["best"]["start_s"]) == (10.0, ten.best.start / 25)
    told = [
        (notice.details["window_s"], [each["path"] for each in notice.details["bundles"]]) for notice in run.hooks.all
    ]
    assert told == [(5.0, [bundles[125].path]), (10.0, [bundles[250].path])]
    assert run.hooks.all[1].id == f"{run.hooks.all[0].id}-10s"
    assert [environment(notice, {})["TAKE5_CLIP"] for notice in run.hooks.all] == [
        str(run.folder / "clip.mp4"),
        str(run.folder / "clip-10s.mp4"),
    ]
    kept = {event.window_frames: event.best for event in run.events if isinstance(event, Kept)}
    assert kept == {125: five.best, 250: ten.best}


@pytest.mark.long
def test_a_length_without_a_clip_costs_nothing_else(arrived: Arrived, models: Models, tmp_path: Path) -> None:
    run = Run(models, arrived, tmp_path, 8)
    (clip,) = (event for event in run.events if isinstance(event, ClipReady))
    (missing,) = (event for event in run.events if isinstance(event, NoClip))
    assert clip.lengths == (missing.window_frames,) == (250,)
    assert missing.why.failure is Failure.TOO_SHORT
    VALIDATOR.validate(json.loads(json.dumps(missing.json())))


def test_a_clip_of_another_length_than_the_first_is_delivered(arrived: Arrived, models: Models, tmp_path: Path) -> None:
    settings = Settings(Parameters(10.0), also=(5.0,))
    live = live_session(models, arrived[0], settings=settings)
    drive(live, [media for media in arrived[1] if seconds(media, arrived[1]) < 8])
    events = list(clip_writer(tmp_path / "take")(live, lambda: None))
    assert [type(event) for event in events] == [ClipReady, NoClip]
    assert isinstance(events[0], ClipReady)
    assert set(events[0].files) == {"clip-5s.mp4", "clip-5s.wav", "source-5s.mp4", "report.json"}
    live.close()


@pytest.mark.long
def test_a_kill_loses_the_best_window_of_no_length(arrived: Arrived, models: Models, tmp_path: Path) -> None:
    live = live_session(models, arrived[0], settings=BOTH)
    folder, writer = begin_take(tmp_path, "ann", live, Deliverables(wanted_for(["raw"], 256), "ann"))
    assert writer is not None
    heard: list[Event] = []
    writer.start(heard.append)
    for media in arrived[1]:
        if seconds(media, arrived[1]) < 16:
            live.push(media)
            while live.work() is not None:
                pass
            if (changes := live.unsaved()) is not None:
                writer.put(changes)
    writer.close(remove=False)  # as after a kill
    best = [one.best for one in selection(live).lengths]
    assert {event.window_frames: event.best for event in heard if isinstance(event, Kept)} == dict(
        zip((125, 250), best, strict=True)
    )
    (left,) = unfinished(tmp_path)
    Journal(left, read_spool(left)).notified("")  # the kill came after the first length's notice
    notices = Notices()
    events = list(recover(left, lambda *_: models, notices))
    assert [notice.details["window_s"] for notice in notices.all] == [10.0]
    clips = [event for event in events if isinstance(event, ClipReady)]
    assert [clip.best for clip in clips] == best
    assert [(clip.path, min(clip.files)) for clip in clips] == [
        (str(folder), "clip.mp4"),
        (str(folder), "clip-10s.mp4"),
    ]
    assert [event.window_frames for event in events if isinstance(event, Bundled)] == [125, 250]
    assert [one.verdicts for one in selection(live).lengths] == [
        tuple(event.window for event in events if isinstance(event, Scored) and event.window_frames == length)
        for length in (125, 250)
    ]
    live.close()


def clip_of(length: int, window: JudgedWindow, lengths: tuple[int, ...] = ()) -> ClipReady:
    return ClipReady(400, window.score, length, "/out", {"clip.mp4": "a"}, ("raw",), lengths=lengths)


def test_a_late_follower_knows_every_length(arrived: Arrived, models: Models) -> None:
    live = live_session(models, arrived[0], settings=BOTH)
    about = About.of(models.encoder.name, BOTH.parameters, NEVER, BOTH.also)
    feed = Feed("x", about)
    for event in drive(live, arrived[1]):
        feed.publish(event)
    five, ten = selection(live).lengths
    assert five.best is not None
    assert ten.best is not None
    hello = feed.hello()
    VALIDATOR.validate(json.loads(json.dumps(hello)))
    (other,) = hello["lengths"]
    assert (hello["window_s"], other["window_s"]) == (5.0, 10.0)
    assert (len(hello["windows"]), len(other["windows"])) == (len(five.verdicts), len(ten.verdicts))
    assert (hello["best"]["start_s"], other["best"]["start_s"]) == (five.best.start / 25, ten.best.start / 25)
    feed.publish(clip_of(125, JudgedWindow(five.best, ()), (250,)))
    assert feed.now.decided
    assert not feed.now.over
    feed.publish(clip_of(250, JudgedWindow(ten.best, ())))
    feed.publish(Bundled(400, "raw", window_frames=125))
    assert not feed.now.over
    feed.publish(Bundled(400, "raw", window_frames=250))
    assert feed.now.over
    hello = feed.hello()
    VALIDATOR.validate(json.loads(json.dumps(hello)))
    assert (hello["clip"]["window_s"], hello["more_clips"][0]["window_s"]) == (5.0, 10.0)
    live.close()


def test_a_slow_reader_gets_the_newest_best_of_each_length() -> None:
    mailbox = Mailbox()
    for text, length in (("a", 5.0), ("b", 10.0), ("c", 5.0)):
        mailbox.put(Message("best", text, window_s=length))
    assert [message.text for message in mailbox.drain()] == ["b", "c"]


def test_a_length_is_given_once_and_keeps_the_rules() -> None:
    for also in ((5.0,), (10.0, 10.0), (7.5,)):
        with pytest.raises(ParameterError):
            Settings(also=also)
    assert replace(BOTH, seed=3).seconds == (5.0, 10.0)
