"""A capture with its spool: what is kept is said while it goes on, and what is left when the clip cannot be written."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from live_media import live_session, received, seconds
from serving import eventually

from take5.scoring.stopping import Stop, StopRule
from take5.stream.analysis.models import Models
from take5.stream.events import BestChanged, ClipReady, Event, Failed, Failure, Kept, Trouble, Warned
from take5.stream.live.begin import begin_take
from take5.stream.live.finish import clip_writer
from take5.stream.live.session import LiveSession
from take5.stream.live.worker import LiveWorker
from take5.stream.recovery.recover import recover
from take5.stream.spool.folder import SPOOLS, unfinished
from take5.stream.spool.writer import AppendedFile
from take5.stream.timeline.media import Received, UnitFormat

PATIENCE_S = 120.0
ENDED = Stop(StopRule.ENDED)


@pytest.fixture(scope="module")
def arrived(short: Path) -> tuple[UnitFormat, list[Received]]:
    return received(short)


class Run:
    """A capture of the first seconds of a talker."""

    def __init__(self, models: Models, arrived: tuple[UnitFormat, list[Received]], output: Path) -> None:
        self.events: list[Event] = []
        live = live_session(models, arrived[0])
        self.folder, self.spool = begin_take(output, "ann", live)
        save = clip_writer(self.folder, session="ann", journal=self.spool)
        self.worker = LiveWorker(live, self.events.append, save, spool=self.spool)
        self.worker.start()
        self._media = arrived[1]

    def put(self, start: float, stop: float) -> None:
        for media in self._media:
            if start <= seconds(media, self._media) < stop:
                self.worker.put(media)

    def has(self, kind: type) -> Callable[[], bool]:
        return lambda: any(isinstance(event, kind) for event in list(self.events))

    def end(self) -> Event:
        self.worker.end(ENDED)
        assert self.worker.join(PATIENCE_S)
        return self.events[-1]


def starts(events: list[Event], kind: type[BestChanged] | type[Kept]) -> list[int]:
    return [event.best.start for event in events if isinstance(event, kind)]


def test_each_best_window_is_kept_and_the_spool_goes_with_the_clip(
    arrived: tuple[UnitFormat, list[Received]], models: Models, tmp_path: Path
) -> None:
    run = Run(models, arrived, tmp_path)
    run.put(0, 9)
    assert eventually(run.has(Kept), PATIENCE_S)
    assert list((tmp_path / SPOOLS).iterdir())
    clip = run.end()
    assert isinstance(clip, ClipReady)
    best, kept = starts(run.events, BestChanged), starts(run.events, Kept)
    assert kept[0] == best[0]
    assert [start for start in best if start in kept] == kept, "in order, some passed over by a better one at once"
    for start in kept:
        places = [place for place, event in enumerate(run.events) if isinstance(event, BestChanged | Kept)
                  and event.best.start == start]  # fmt: skip
        assert isinstance(run.events[places[0]], BestChanged)
    assert [path.name for path in tmp_path.iterdir()] == [run.folder.name]
    assert not [thread for thread in threading.enumerate() if thread.name in ("take5-spool", "take5-capture")]


@pytest.mark.long
def test_a_window_that_wins_after_the_stop_is_kept_too(
    arrived: tuple[UnitFormat, list[Received]], models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = LiveSession.finish
    run = Run(models, arrived, tmp_path)
    run.put(0, 4)
    assert eventually(lambda: run.worker._live.frame >= 75, PATIENCE_S)

    def finish_slowly(live: LiveSession, *options: Callable[[], bool]) -> "object":
        for event in finish(live, *options):
            yield event
            if isinstance(event, BestChanged):
                assert eventually(run.has(Kept), 10), "while the end is still being analysed"

    monkeypatch.setattr(LiveSession, "finish", finish_slowly)
    run.put(4, 8)
    run.worker.end(ENDED)
    assert run.worker.join(PATIENCE_S)
    assert isinstance(run.events[-1], ClipReady)
    assert starts(run.events, Kept)


def test_what_was_kept_stays_where_the_clip_cannot_be_written(
    arrived: tuple[UnitFormat, list[Received]], models: Models, tmp_path: Path
) -> None:
    run = Run(models, arrived, tmp_path)
    run.put(0, 9)
    assert eventually(run.has(Kept), PATIENCE_S)
    run.folder.write_text("in the way")
    failed = run.end()
    assert isinstance(failed, Failed)
    assert failed.failure is Failure.NOT_WRITTEN
    assert f"take5 recover {tmp_path}" in failed.text
    run.folder.unlink()
    (folder,) = unfinished(tmp_path)
    events = list(recover(folder, lambda *_: models))
    assert any(isinstance(event, ClipReady) for event in events)
    assert [path.name for path in tmp_path.iterdir()] == [run.folder.name]


def not_kept(run: Run) -> list[Event]:
    return [e for e in list(run.events) if isinstance(e, Warned) and e.trouble is Trouble.NOT_KEPT]


def test_a_disk_that_takes_nothing_is_named_and_costs_the_clip_nothing(
    arrived: tuple[UnitFormat, list[Received]], models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(AppendedFile, "append", full)
    run = Run(models, arrived, tmp_path)
    run.put(0, 9)
    assert eventually(lambda: len(not_kept(run)) == 1, PATIENCE_S)
    assert isinstance(run.end(), ClipReady)
    assert len(not_kept(run)) == 1, "once"
    assert not starts(run.events, Kept)
    assert [path.name for path in tmp_path.iterdir()] == [run.folder.name]
