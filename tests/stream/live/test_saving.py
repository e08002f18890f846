"""A clip that cannot be written is written once there is room, and the media are not let go of until then."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from live_media import live_session, received, seconds
from serving import eventually

from take5.scoring.errors import OutputError
from take5.scoring.stopping import Stop, StopRule
from take5.stream.analysis.models import Models
from take5.stream.deliverables import CLIP_ONLY, Deliverables
from take5.stream.events import (
    ClipReady,
    Event,
    Failed,
    Failure,
    Reported,
    State,
    StateChanged,
    Stopped,
    Trouble,
    Warned,
)
from take5.stream.live import saving as saving_module
from take5.stream.live.finish import clip_writer
from take5.stream.live.saving import Saving
from take5.stream.live.snapshot import About, Snapshot
from take5.stream.live.worker import LiveWorker
from take5.stream.timeline.media import Received, UnitFormat

FULL = Failed(9, Failure.NOT_WRITTEN, "out: cannot be written (No space left on device)")
DONE = Failed(9, Failure.TOO_SHORT, "another end")
PATIENCE_S = 60.0


class Disk:
    """Attempts to write, and how they go."""

    def __init__(self, *outcomes: Event) -> None:
        self.outcomes = list(outcomes)
        self.attempts = 0
        self.events: list[Event] = []
        self.gate = threading.Event()
        self.gate.set()

    def attempt(self) -> Iterator[Event]:
        self.attempts += 1
        assert self.gate.wait(PATIENCE_S)
        yield self.outcomes.pop(0) if self.outcomes else FULL
        yield StateChanged(9, State.READY)

    def run(self, saving: Saving) -> threading.Thread:
        def work() -> None:
            for event in saving.written(self.attempt, lambda: None):
                self.events.append(event)
            saving.end(self.events[-2])

        thread = threading.Thread(target=work)
        thread.start()
        return thread


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving_module, "DELAYS_S", (0.01, 0.02))
    monkeypatch.setattr(saving_module, "LATER_S", 0.03)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving_module, "DELAYS_S", (PATIENCE_S,))


def ended(thread: threading.Thread) -> bool:
    thread.join(PATIENCE_S)
    return not thread.is_alive()


def test_what_is_written_at_once_is_not_warned_of() -> None:
    disk = Disk(DONE)
    assert ended(disk.run(Saving(PATIENCE_S)))
    assert disk.events == [DONE, StateChanged(9, State.READY)]


@pytest.mark.usefixtures("quick")
def test_it_is_tried_until_it_works_with_one_warning() -> None:
    disk = Disk(FULL, FULL, FULL, FULL, DONE)
    assert ended(disk.run(Saving(PATIENCE_S)))
    assert disk.events == [Warned(9, Trouble.NOT_WRITTEN, FULL.text), DONE, StateChanged(9, State.READY)]
    assert disk.attempts == 5


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("patience_s", [0.0, 0.2])
def test_patience_ends(patience_s: float) -> None:
    disk = Disk()
    assert ended(disk.run(Saving(patience_s)))
    assert disk.events[-2] == FULL
    assert (disk.attempts > 2) == (patience_s > 0)


@pytest.mark.usefixtures("slow")
def test_those_who_ask_at_the_same_time_get_the_outcome_of_one_attempt() -> None:
    disk, saving = Disk(FULL, FULL, DONE), Saving(PATIENCE_S)
    assert saving.now() is None, "nothing is there to be written yet"
    thread = disk.run(saving)
    assert eventually(lambda: bool(disk.events))
    disk.gate.clear()
    asked: list[Future[Event] | None] = [saving.now()]
    assert eventually(lambda: disk.attempts == 2)
    asked += [saving.now() for _ in range(3)]
    disk.gate.set()
    assert [future.result(PATIENCE_S) for future in asked if future] == [FULL] * 4
    assert disk.attempts == 2
    assert thread.is_alive()
    last = saving.now()
    assert last is not None
    assert last.result(PATIENCE_S) == DONE
    assert ended(thread)
    assert saving.now() is None


@pytest.mark.usefixtures("slow")
def test_in_a_hurry_there_is_one_more_attempt() -> None:
    for early in (False, True):
        disk, saving = Disk(), Saving(PATIENCE_S)
        if early:
            saving.hurry()
        thread = disk.run(saving)
        assert eventually(lambda disk=disk: bool(disk.events))  # type: ignore[misc]
        saving.hurry()
        assert ended(thread)
        assert (disk.attempts, disk.events[-2]) == (2, FULL)


@pytest.mark.usefixtures("slow")
def test_giving_up_ends_it_without_another_attempt() -> None:
    disk, saving = Disk(), Saving(PATIENCE_S)
    thread = disk.run(saving)
    assert eventually(lambda: bool(disk.events))
    saving.give_up()
    assert ended(thread)
    assert (disk.attempts, disk.events[-2]) == (1, FULL)


@pytest.fixture(scope="module")
def arrived(short: Path) -> tuple[UnitFormat, list[Received]]:
    return received(short)


def started(
    arrived: tuple[UnitFormat, list[Received]],
    models: Models,
    folder: Path,
    emit: Callable[[Event], None],
    wanted: Deliverables = CLIP_ONLY,
) -> LiveWorker:
    """A capture that has ended and whose clip is about to be written."""
    worker = LiveWorker(live_session(models, arrived[0]), emit, clip_writer(folder, wanted), patience_s=60.0)
    worker.start()
    for media in arrived[1]:
        if seconds(media, arrived[1]) < 7:
            worker.put(media)
    worker.end(Stop(StopRule.ENDED))
    return worker


@pytest.mark.usefixtures("slow", "plain_reports")
def test_the_clip_is_written_when_what_is_in_its_way_is_gone(
    arrived: tuple[UnitFormat, list[Received]], models: Models, tmp_path: Path
) -> None:
    events: list[Event] = []
    snapshot = Snapshot("s", About("e", 5.0, live_session(models, arrived[0])._rules))
    (tmp_path / "out").write_text("a file in the way")

    def emit(event: Event) -> None:
        events.append(event)
        snapshot.remember(event)

    worker = started(arrived, models, tmp_path / "out" / "clip", emit, Deliverables(report=True))
    assert eventually(lambda: snapshot.unwritten is not None)
    assert (snapshot.over, snapshot.decided, snapshot.state) == (False, False, State.STOPPING)
    assert snapshot.hello()["warning"]["code"] == "not_written"
    assert str(tmp_path / "out" / "clip") in snapshot.hello()["warning"]["value"]
    refused = worker.save()
    assert refused is not None
    failed = refused.result(PATIENCE_S)
    assert isinstance(failed, Failed)
    (tmp_path / "out").unlink()
    accepted = worker.save()
    assert accepted is not None
    clip = accepted.result(PATIENCE_S)
    assert isinstance(clip, ClipReady)
    assert (tmp_path / "out" / "clip" / "clip.mp4").is_file()
    assert (tmp_path / "out" / "clip" / "source.mp4").is_file()
    assert worker.join(PATIENCE_S)
    assert snapshot.over
    assert snapshot.hello()["warning"] is None
    kinds = [type(event) for event in events]
    assert kinds[kinds.index(Stopped) - 1 :] == [StateChanged, Stopped, Warned, StateChanged, ClipReady, Reported]


LIMITED = """
import resource, sys
from pathlib import Path
from test_saving import full_disk
full_disk(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.long
def test_a_full_disk_costs_no_clip(short: Path, models: Models, tmp_path: Path) -> None:  # noqa: ARG001 - are fetched
    paths = [str(Path(__file__).parent), *sys.path]
    code = f"import sys; sys.path[:0] = {paths!r}\n{LIMITED}"
    done = subprocess.run(
        [sys.executable, "-c", code, str(short), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def tells(event: Event) -> bool:
    """Whether an event says that the clip is not written."""
    return isinstance(event, Failed) or (isinstance(event, Warned) and event.trouble is Trouble.NOT_WRITTEN)


def full_disk(video: Path, folder: Path) -> None:
    """Write a clip where no file may get longer than so many bytes, then where that limit is gone."""
    import resource

    from take5.client.api.models import load_models

    arrived, models, events = received(video), load_models(), list[Event]()
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    for limit in (1000, 150_000):
        taken = folder / str(limit)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        worker = started(arrived, models, taken, events.append)
        assert eventually(lambda: any(map(tells, events))), events
        warning = next(event for event in events if tells(event))
        assert isinstance(warning, Warned), warning
        assert str(taken) in str(warning.value), warning
        assert list(folder.iterdir()) == [], "nothing half-written stays"
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        outcome = worker.save()
        assert outcome is not None
        assert isinstance(outcome.result(PATIENCE_S), ClipReady)
        assert worker.join(PATIENCE_S)
        for file in taken.iterdir():
            file.unlink()
        taken.rmdir()
        events.clear()


def test_an_error_of_another_kind_is_not_tried_again(
    arrived: tuple[UnitFormat, list[Received]], models: Models
) -> None:
    def broken(*_: object) -> Iterator[Event]:
        raise OutputError("the writer is broken")

    events: list[Event] = []
    worker = LiveWorker(live_session(models, arrived[0]), events.append, broken, patience_s=60.0)
    worker.start()
    worker.end(Stop(StopRule.ENDED))
    assert worker.join(PATIENCE_S)
    assert isinstance(events[-1], Failed)
    assert events[-1].failure is Failure.INTERNAL
