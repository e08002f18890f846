"""A fault in any stage ends a capture with its best window saved."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live_media import live_session, received, seconds
from long_values import long_after
from numpy.typing import NDArray
from serving import eventually

from take5.scoring.errors import ModelError
from take5.scoring.models.audio import EmbeddingStream
from take5.scoring.models.region import Region
from take5.scoring.stopping import Stop, StopRule, StopRules
from take5.scoring.window import RollingWindow
from take5.stream.analysis.frames import FrameScanner
from take5.stream.analysis.models import Face, Models, Tracker
from take5.stream.bundles.write import wanted_for
from take5.stream.deliverables import CLIP_ONLY, Deliverables
from take5.stream.events import BestChanged, Bundled, ClipReady, Event, Failed, Failure, Stopped, Trouble, Warned
from take5.stream.ffmpeg.unit_decoder import UnitDecoder
from take5.stream.live.finish import clip_writer
from take5.stream.live.scorer import StreamScorer
from take5.stream.live.snapshot import About, Snapshot
from take5.stream.live.worker import LiveWorker
from take5.stream.recording.ring import Ring
from take5.stream.timeline.aligner import Aligner
from take5.stream.timeline.media import Received, UnitFormat

PATIENCE_S = 120.0
STAGES: dict[str, tuple[Any, str]] = {
    "decoding": (UnitDecoder, "decode"),
    "aligning": (Aligner, "push"),
    "analysis": (FrameScanner, "observe"),
    "embedding": (EmbeddingStream, "push"),
    "window": (RollingWindow, "push"),
    "scorer": (StreamScorer, "push"),
    "ring": (Ring, "push"),
}


@pytest.fixture(scope="module")
def arrived(short: Path) -> tuple[UnitFormat, list[Received]]:
    return received(short)


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str, Callable[[], bool]], None]:
    """Let a stage raise the first time that it is called when a condition holds."""

    def install(owner: Any, name: str, broken: Callable[[], bool]) -> None:
        works, faults = getattr(owner, name), list[bool]()

        def stage(*args: Any, **options: Any) -> Any:
            if not faults and broken():
                faults.append(True)
                raise ZeroDivisionError(f"{name} is broken")
            return works(*args, **options)

        monkeypatch.setattr(owner, name, stage)

    return install


def feed(worker: LiveWorker, arrived: list[Received], events: list[Event]) -> None:
    """Let media arrive until there is a best window, or an end, and then two seconds more."""
    for media in (media for media in arrived if seconds(media, arrived) < 7):
        worker.put(media)
    assert eventually(lambda: best_seen(events) or worker.join(0), PATIENCE_S)
    for media in (media for media in arrived if 7 <= seconds(media, arrived) < 9):
        worker.put(media)


def best_seen(events: list[Event]) -> bool:
    return any(isinstance(event, BestChanged) for event in list(events))


def capture(
    models: Models, arrived: tuple[UnitFormat, list[Received]], folder: Path, deliverables: Deliverables = CLIP_ONLY
) -> tuple[LiveWorker, list[Event]]:
    events: list[Event] = []
    worker = LiveWorker(live_session(models, arrived[0]), events.append, clip_writer(folder, deliverables))
    worker.start()
    return worker, events


@pytest.mark.parametrize("stage", long_after(2, STAGES))
def test_a_fault_in_any_stage_keeps_the_best_window(
    stage: str,
    arrived: tuple[UnitFormat, list[Received]],
    models: Models,
    tmp_path: Path,
    breaking: Callable[[Any, str, Callable[[], bool]], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    worker, events = capture(models, arrived, tmp_path / "clip")
    breaking(*STAGES[stage], lambda: best_seen(events))
    feed(worker, arrived[1], events)
    assert worker.join(PATIENCE_S)
    best = [event.best.start for event in events if isinstance(event, BestChanged)][-1]
    (stopped,) = (event for event in events if isinstance(event, Stopped))
    assert stopped.stop.rule is StopRule.FAULT
    clip, warning = events[-2:]
    assert isinstance(clip, ClipReady)
    assert clip.best.start == best
    assert (tmp_path / "clip" / "clip.mp4").stat().st_size > 0
    assert isinstance(warning, Warned)
    assert warning.trouble is Trouble.FAULT
    assert "is broken" in warning.json()["text"]
    assert "ZeroDivisionError" in caplog.text, "of a bug the log has the traceback"


def test_a_fault_before_any_window_is_an_error(
    arrived: tuple[UnitFormat, list[Received]],
    models: Models,
    tmp_path: Path,
    breaking: Callable[[Any, str, Callable[[], bool]], None],
) -> None:
    worker, events = capture(models, arrived, tmp_path / "clip")
    breaking(FrameScanner, "observe", lambda: True)
    feed(worker, arrived[1], events)
    assert worker.join(PATIENCE_S)
    failed = events[-1]
    assert isinstance(failed, Failed)
    assert (failed.failure, failed.text) == (Failure.INTERNAL, "an internal error: observe is broken")
    assert not any(isinstance(event, Stopped) for event in events)
    assert not (tmp_path / "clip").exists()


def test_a_tracker_that_breaks_costs_the_bundle_its_later_frames_but_not_the_clip(
    arrived: tuple[UnitFormat, list[Received]], models: Models, tmp_path: Path
) -> None:
    events: list[Event] = []

    class Breaking:
        def __init__(self, works: Tracker) -> None:
            self._works = works

        def track(self, rgb: NDArray[np.uint8], frame: int) -> Face | None:
            if best_seen(events):
                raise ModelError("the tracker has gone")
            return self._works.track(rgb, frame)

    @contextmanager
    def tracker(region: Region | None) -> Iterator[Tracker]:
        with models.tracker(region) as works:
            yield Breaking(works)

    deliverables = Deliverables(wanted_for(["raw", "er-nerf"]))
    live = live_session(replace(models, tracker=tracker), arrived[0])
    worker = LiveWorker(live, events.append, clip_writer(tmp_path / "clip", deliverables))
    worker.start()
    feed(worker, arrived[1], events)
    assert worker.join(PATIENCE_S)
    kinds = [type(event) for event in events]
    assert kinds[-4:] == [ClipReady, Warned, Bundled, Bundled]
    assert {event.error for event in events if isinstance(event, Bundled)} == {"the tracker has gone"}
    assert (tmp_path / "clip" / "clip.mp4").exists()


def test_followers_wait_for_the_warning_after_the_clip(
    arrived: tuple[UnitFormat, list[Received]],
    models: Models,
    tmp_path: Path,
    breaking: Callable[[Any, str, Callable[[], bool]], None],
) -> None:
    worker, events = capture(models, arrived, tmp_path / "clip")
    breaking(RollingWindow, "push", lambda: best_seen(events))
    feed(worker, arrived[1], events)
    assert worker.join(PATIENCE_S)
    snapshot = Snapshot("x", About("e", 5.0, StopRules()))
    over = []
    for event in events:
        snapshot.remember(event)
        over.append(snapshot.over)
    assert over == [False] * (len(events) - 1) + [True]


def test_what_was_scored_before_a_fault_at_the_end_is_told(
    arrived: tuple[UnitFormat, list[Received]],
    models: Models,
    tmp_path: Path,
    breaking: Callable[[Any, str, Callable[[], bool]], None],
) -> None:
    worker, events = capture(models, arrived, tmp_path / "clip")
    breaking(StreamScorer, "finish", lambda: True)
    for media in (media for media in arrived[1] if seconds(media, arrived[1]) < 8):
        worker.put(media)
    worker.end(Stop(StopRule.ENDED))
    assert worker.join(PATIENCE_S)
    best = [event.best for event in events if isinstance(event, BestChanged)]
    clip = next(event for event in events if isinstance(event, ClipReady))
    assert best[-1] == clip.best
    assert isinstance(events[-1], Warned)


def test_a_fault_after_a_rule_has_stopped_it_changes_nothing(
    arrived: tuple[UnitFormat, list[Received]],
    models: Models,
    tmp_path: Path,
    breaking: Callable[[Any, str, Callable[[], bool]], None],
) -> None:
    events: list[Event] = []
    live = live_session(models, arrived[0], StopRules(stop_at=1.0))
    worker = LiveWorker(live, events.append, clip_writer(tmp_path / "clip"))
    breaking(Ring, "hold", lambda: live.stop is not None)
    worker.start()
    for media in (media for media in arrived[1] if seconds(media, arrived[1]) < 8):
        worker.put(media)
    assert worker.join(PATIENCE_S)
    (stopped,) = (event for event in events if isinstance(event, Stopped))
    assert stopped.stop.rule is StopRule.THRESHOLD
    assert isinstance(events[-1], ClipReady)
