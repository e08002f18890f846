"""A capture's thread: events in order, the clip at the end, and nothing lost when something goes wrong."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from live_media import NEVER, live_session, received, seconds
from trainer_readers import read

from take5.scoring.errors import OutputError
from take5.scoring.models.region import Region
from take5.scoring.stopping import Stop, StopRule, StopRules
from take5.stream.analysis.models import Models, Tracker
from take5.stream.bundles.write import wanted_for
from take5.stream.deliverables import Deliverables
from take5.stream.events import (
    Bundled,
    ClipReady,
    Event,
    Failed,
    Failure,
    Progress,
    Reported,
    State,
    StateChanged,
    Stopped,
)
from take5.stream.hooks.command import parse_command
from take5.stream.hooks.dispatcher import HookDispatcher
from take5.stream.live import worker as capture_module
from take5.stream.live.finish import clip_writer
from take5.stream.live.session import LiveSession
from take5.stream.live.worker import Finish, LiveWorker
from take5.stream.timeline.media import AccessUnit, Received, UnitFormat

ENDED = Stop(StopRule.ENDED)
PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def arrived(short: Path) -> tuple[UnitFormat, list[Received]]:
    return received(short)


def some(arrived: tuple[UnitFormat, list[Received]], until_s: float) -> list[Received]:
    return [media for media in arrived[1] if seconds(media, arrived[1]) < until_s]


class Run:
    """One capture, and what it said."""

    def __init__(self, live: LiveSession, save: Finish) -> None:
        self.live = live
        self.events: list[Event] = []
        self.capture = LiveWorker(live, self.events.append, save)
        self.capture.start()

    def end(self, end: Stop | Failed = ENDED) -> Event:
        self.capture.end(end)
        assert self.capture.join(PATIENCE_S)
        return self.events[-1]


def frames(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def test_the_clip_is_there_at_the_end_with_the_untouched_units_beside_it(
    arrived: tuple[UnitFormat, list[Received]], models: Models, tmp_path: Path
) -> None:
    before = set(threading.enumerate())
    run = Run(live_session(models, arrived[0]), clip_writer(tmp_path / "clip", address=lambda name: f"at/{name}"))
    for media in some(arrived, 8.5):
        run.capture.put(media)
    clip = run.end()
    assert isinstance(clip, ClipReady)
    assert clip.files == {name: f"at/{name}" for name in ("clip.mp4", "clip.wav", "report.json", "source.mp4")}
    assert [event.frame for event in run.events if isinstance(event, Progress)] == [25 * n for n in range(1, 9)]
    kinds = [type(event) for event in run.events[-4:]]
    assert kinds == [StateChanged, Stopped, StateChanged, ClipReady]
    assert [event.state for event in run.events if isinstance(event, StateChanged)] == [State.STOPPING, State.READY]
    shown = frames(tmp_path / "clip" / "clip.mp4")
    assert len(shown) == 125
    source = frames(tmp_path / "clip" / "source.mp4")
    assert len(source) >= 125
    at = next(i for i, frame in enumerate(source) if close(frame, shown[0]))
    assert all(close(a, b) for a, b in zip(source[at : at + 125], shown, strict=True))
    assert set(threading.enumerate()) <= before


def close(a: av.VideoFrame, b: av.VideoFrame) -> bool:
    luma = [frame.to_ndarray(format="gray").astype(np.float64) for frame in (a, b)]
    return bool(np.mean((luma[0] - luma[1]) ** 2) < 1.0)  # 48 dB


def test_a_rule_stops_it_and_the_thirteen_frames_after_are_kept(
    arrived: tuple[UnitFormat, list[Received]], models: Models, tmp_path: Path
) -> None:
    run = Run(live_session(models, arrived[0], StopRules(stop_at=1.0)), clip_writer(tmp_path / "clip"))
    for media in some(arrived, 8.0):
        run.capture.put(media)
    assert run.capture.join(PATIENCE_S)
    stopped = next(event for event in run.events if isinstance(event, Stopped))
    assert stopped.stop.rule is StopRule.THRESHOLD
    assert isinstance(run.events[-1], ClipReady)
    assert len(frames(tmp_path / "clip" / "source.mp4")) >= 138


@pytest.mark.long
def test_a_window_that_begins_with_the_first_keyframe_has_its_pictures(
    arrived: tuple[UnitFormat, list[Received]], models: Models, tmp_path: Path
) -> None:
    """The sound has begun before the picture, so that the session begins with the first keyframe."""
    run = Run(live_session(models, arrived[0], StopRules(stop_at=1.0)), clip_writer(tmp_path / "clip"))
    late = [m for m in some(arrived, 9.0) if not isinstance(m, AccessUnit) or seconds(m, arrived[1]) >= 1.0]
    for media in late:
        run.capture.put(media)
    assert run.capture.join(PATIENCE_S)
    clip = run.events[-1]
    assert isinstance(clip, ClipReady)
    assert clip.best.start == 0
    assert len(frames(tmp_path / "clip" / "clip.mp4")) == 125


def test_without_an_eligible_window_it_says_why(
    arrived: tuple[UnitFormat, list[Received]], models: Models, tmp_path: Path
) -> None:
    run = Run(live_session(models, arrived[0]), clip_writer(tmp_path / "clip"))
    for media in some(arrived, 3.0):
        run.capture.put(media)
    failed = run.end()
    assert isinstance(failed, Failed)
    assert failed.failure is Failure.TOO_SHORT
    assert "record longer" in failed.text
    assert not (tmp_path / "clip").exists()


@pytest.mark.parametrize(("kept", "failure"), [("picture", Failure.NO_SOUND), ("sound", Failure.NO_PICTURE)])
def test_one_track_alone_is_named(
    arrived: tuple[UnitFormat, list[Received]], models: Models, tmp_path: Path, kept: str, failure: Failure
) -> None:
    run = Run(live_session(models, arrived[0]), clip_writer(tmp_path / "clip"))
    for media in some(arrived, 1.0):
        if isinstance(media, AccessUnit) == (kept == "picture"):
            run.capture.put(media)
    failed = run.end()
    assert isinstance(failed, Failed)
    assert failed.failure is failure


def test_what_cannot_be_written_is_told(
    arrived: tuple[UnitFormat, list[Received]], models: Models, tmp_path: Path
) -> None:
    (tmp_path / "clip").mkdir()
    run = Run(live_session(models, arrived[0]), clip_writer(tmp_path / "clip"))
    for media in some(arrived, 6.0):
        run.capture.put(media)
    failed = run.end()
    assert isinstance(failed, Failed)
    assert failed.failure is Failure.NOT_WRITTEN
    assert str(tmp_path / "clip") in failed.text


def test_a_fault_of_its_own_is_an_event_and_not_the_end_of_the_server(
    arrived: tuple[UnitFormat, list[Received]], models: Models
) -> None:
    def broken(_: LiveSession, __: Callable[[], None]) -> Iterator[Event]:
        raise OutputError("the disk is gone")

    run = Run(live_session(models, arrived[0]), broken)
    failed = run.end()
    assert isinstance(failed, Failed)
    assert failed.failure is Failure.INTERNAL
    assert "the disk is gone" in failed.text


def test_a_failure_from_outside_saves_nothing(
    arrived: tuple[UnitFormat, list[Received]], models: Models, tmp_path: Path
) -> None:
    run = Run(live_session(models, arrived[0]), clip_writer(tmp_path / "clip"))
    failed = Failed(0, Failure.NEVER_CONNECTED, "nobody came")
    assert run.end(failed) is failed
    assert not (tmp_path / "clip").exists()


def test_a_full_inbox_loses_the_newest_and_marks_the_loss(
    arrived: tuple[UnitFormat, list[Received]], models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture_module, "INBOX", 10)
    capture = LiveWorker(live_session(models, arrived[0], NEVER), lambda _: None, clip_writer(Path()))
    units = [media for media in arrived[1] if isinstance(media, AccessUnit)]
    for unit in units[:15]:
        capture.put(unit)
    assert capture.dropped == 5
    assert len(capture._drain(wait=False)) == 10
    capture.put(units[15])
    (after,) = capture._drain(wait=False)
    assert isinstance(after, AccessUnit)
    assert after.lost_before
    capture._live.close()


def test_bundles_follow_the_clip_and_programs_are_told_last(
    arrived: tuple[UnitFormat, list[Received]], models: Models, tmp_path: Path
) -> None:
    hooks = HookDispatcher(parse_command(f"{sys.executable} -c pass"))
    deliverables = Deliverables(wanted_for(["synctalk", "gaussiantalker"], size=256))
    run = Run(live_session(models, arrived[0]), clip_writer(tmp_path / "ann", deliverables, hooks, session="s"))
    for media in some(arrived, 10.5):
        run.capture.put(media)
    run.end()
    clip, *bundles = run.events[-3:]
    assert isinstance(clip, ClipReady)
    assert clip.bundles == ("synctalk", "gaussiantalker")
    assert [type(bundle) for bundle in bundles] == [Bundled, Bundled]
    for bundle in bundles:
        assert isinstance(bundle, Bundled)
        assert (bundle.error, bundle.frames, bundle.train_frames) == (None, 138, 125)
        assert read(bundle.trainer, Path(bundle.path)).frames == 138
    assert hooks.wait(30)
    hooks.close()
    assert json.loads((tmp_path / "ann" / "deliveries.json").read_text())


@pytest.mark.long
def test_a_report_comes_last_and_a_process_of_its_own_draws_it(
    arrived: tuple[UnitFormat, list[Received]], models: Models, tmp_path: Path
) -> None:
    folder = tmp_path / "ann"
    run = Run(live_session(models, arrived[0]), clip_writer(folder, Deliverables(report=True), address="at/{}".format))
    for media in some(arrived, 8.5):
        run.capture.put(media)
    run.end()
    clip, report = run.events[-2:]
    assert isinstance(clip, ClipReady)
    assert clip.report
    assert isinstance(report, Reported)
    assert (report.error, dict(report.files)) == (None, {name: f"at/{name}" for name in ("report.html", "report.png")})
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg") >= 5, "thumbnails come from the ring"
    assert (folder / "report.png").read_bytes().startswith(b"\x89PNG")
    assert {path.name for path in folder.iterdir()} == {*clip.files, *report.files}, "nothing else is left"
    assert sum(isinstance(event, Progress) for event in run.events) == 8
    assert (run.live.frame, run.live.result()) == (213, None), "what was kept has been let go of"


def test_a_report_that_cannot_be_drawn_is_told(
    arrived: tuple[UnitFormat, list[Received]], models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    run = Run(live_session(models, arrived[0]), clip_writer(tmp_path / "ann", Deliverables(report=True)))
    for media in some(arrived, 8.5):
        run.capture.put(media)
    report = run.end()
    assert isinstance(report, Reported)
    assert report.error is not None
    assert "the report was not drawn (exit 1)" in report.error
    assert (tmp_path / "ann" / "clip.mp4").exists()


@pytest.mark.long
def test_the_frames_after_a_window_are_tracked_as_they_come(
    arrived: tuple[UnitFormat, list[Received]], models: Models, tmp_path: Path
) -> None:
    opened: list[Region | None] = []

    def tracker(region: Region | None) -> AbstractContextManager[Tracker]:
        opened.append(region)
        return models.tracker(region)

    live = live_session(replace(models, tracker=tracker), arrived[0], StopRules(stop_at=1.0))
    run = Run(live, clip_writer(tmp_path / "clip", Deliverables(wanted_for(["er-nerf"], 256))))
    for media in some(arrived, 8.0):
        run.capture.put(media)
    assert run.capture.join(PATIENCE_S)
    bundle = run.events[-1]
    assert isinstance(bundle, Bundled)
    assert (bundle.error, bundle.frames) == (None, 138)
    assert len(opened) == 1, "none looked at them again"


@pytest.mark.long
def test_a_bundle_that_cannot_be_written_costs_neither_the_clip_nor_what_comes_after(
    arrived: tuple[UnitFormat, list[Received]], models: Models, tmp_path: Path
) -> None:
    deliverables = Deliverables(wanted_for(["raw", "synctalk"], size=256), name="ann")

    def blocked(live: LiveSession, wait_for_frames_after: Callable[[], None]) -> Iterator[Event]:
        for event in clip_writer(tmp_path / "ann", deliverables)(live, wait_for_frames_after):
            if isinstance(event, ClipReady):
                (tmp_path / "ann" / "synctalk").write_text("in the way")
            yield event

    run = Run(live_session(models, arrived[0]), blocked)
    for media in some(arrived, 8.5):
        run.capture.put(media)
    run.end()
    assert isinstance(run.events[-3], ClipReady)
    told = {event.trainer: event.error for event in run.events[-2:] if isinstance(event, Bundled)}
    assert set(told) == {"raw", "synctalk"}
    assert "synctalk" in str(told["synctalk"])
