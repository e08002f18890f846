"""The spool's thread: durable before it is reported, removed after the next is, tried again where the disk is full."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from serving import eventually

from take5.scoring.motion import Motion
from take5.scoring.score import WindowScore
from take5.stream.events import Event, Kept, Trouble, Warned
from take5.stream.settings import Settings
from take5.stream.spool import writer as writer_module
from take5.stream.spool.contents import read_spool
from take5.stream.spool.folder import SPOOLS, SpoolFolder, unfinished
from take5.stream.spool.plan import Changes, Numbered
from take5.stream.spool.records import SPOOL_VERSION, Begun, State
from take5.stream.spool.writer import AppendedFile, SpoolWriter
from take5.stream.timeline.clock import FRAME_FLICKS
from take5.stream.timeline.grid import FrameCounts
from take5.stream.timeline.media import AccessUnit, AudioBlock

BEGUN = Begun(
    version=SPOOL_VERSION, began="2026-01-01T00:00:00+00:00", session="ann", capture="c", notice="n", codec="h264",
    extradata=None, aspect="1", quarter_turns=0, settings=Settings(), encoder="e", encoder_version="1",
)  # fmt: skip


def window(start: int, D: float = 100.0) -> WindowScore:
    return WindowScore(start, D, Motion(0.1, 0.1, 0.1, True), 3)


def state(best: WindowScore, *others: WindowScore) -> State:
    return State(
        frames=best.start + 125, tracked=0, counts=FrameCounts(), origin=0, source_fps=25.0, best=best,
        pool=(best, *others), idle=None, warnings=(), windows=(), notes=(),
    )  # fmt: skip


def media(start: int, stop: int) -> dict[int, list[Numbered]]:
    """Pictures and sound of grid frames, by second."""
    found: dict[int, list[Numbered]] = {}
    for frame in range(start, stop):
        unit = AccessUnit(frame * FRAME_FLICKS, os.urandom(500), keyframe=frame % 25 == 0, quarter_turns=frame % 4)
        block = AudioBlock(frame * FRAME_FLICKS, np.zeros(1920, np.float32), 48_000)
        found.setdefault(frame // 25, []).extend([(frame, unit), (frame, block)])
    return found


class Spool:
    """A writer, and what it says."""

    def __init__(self, output: Path) -> None:
        self.events: list[Event] = []
        folder = SpoolFolder.create(output / "20260101-000000-ann")
        assert folder is not None
        self.writer = SpoolWriter(folder, BEGUN)
        self.folder = folder
        self.writer.start(self.events.append)

    def put(self, start: int, stop: int, best: State | None, needed: range) -> None:
        self.writer.put(Changes(media(start, stop), frozenset(needed), best))

    def kept(self) -> list[int]:
        return [event.best.start for event in self.events if isinstance(event, Kept)]

    def warnings(self) -> list[Warned]:
        return [event for event in self.events if isinstance(event, Warned)]

    def seconds(self) -> list[int]:
        return [int(path.name.partition("-")[2]) for path in self.folder.segments()]


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(tmp_path)
    yield made
    made.writer.close(remove=True)


def test_a_window_is_kept_once_its_media_are_synced(spool: Spool) -> None:
    spool.put(0, 125, state(window(0)), range(5))
    assert eventually(lambda: spool.kept() == [0], 10)
    assert read_spool(spool.folder).best == window(0)


def test_media_of_a_window_that_left_go_when_the_next_is_durable(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    spool.put(0, 125, state(window(0)), range(5))
    assert eventually(lambda: spool.kept() == [0], 10)
    go_on = threading.Event()
    append = AppendedFile.append

    def slow(file: AppendedFile, data: bytes, *, sync: bool = True) -> None:
        if file.path.name == "journal":
            go_on.wait(10)
        append(file, data, sync=sync)

    monkeypatch.setattr(AppendedFile, "append", slow)
    spool.put(250, 375, state(window(250)), range(10, 15))
    assert eventually(lambda: 14 in spool.seconds(), 10)
    assert set(range(5)) <= set(spool.seconds()), "the kept window stays until the next is durable"
    go_on.set()
    assert eventually(lambda: spool.kept() == [0, 250], 10)
    assert eventually(lambda: spool.seconds() == list(range(10, 15)), 10)
    assert read_spool(spool.folder).best == window(250)


def test_media_that_come_after_the_window_are_gathered_and_written(spool: Spool) -> None:
    spool.put(0, 125, state(window(0)), range(6))
    for frame in range(125, 138):
        spool.put(frame, frame + 1, None, range(6))
    assert eventually(lambda: spool.kept() == [0], 10)
    assert eventually(lambda: read_spool(spool.folder).frames_from(0, 138) == 138, 10)


def test_a_full_disk_is_reported_once_and_tried_again(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "RETRY_S", 0.05)
    full, append = [True], AppendedFile.append

    def failing(file: AppendedFile, data: bytes, *, sync: bool = True) -> None:
        if full[0] and file.path.name.startswith("media"):
            with file.path.open("ab") as torn:
                torn.write(data[: len(data) // 2])
            raise OSError(28, "No space left on device")
        append(file, data, sync=sync)

    monkeypatch.setattr(AppendedFile, "append", failing)
    spool.put(0, 125, state(window(0)), range(5))
    assert eventually(lambda: len(spool.warnings()) == 1, 10)
    spool.put(25, 150, state(window(25), window(0)), range(6))
    time.sleep(0.3)
    (warning,) = spool.warnings()
    assert warning.trouble is Trouble.NOT_KEPT
    assert "No space left on device" in str(warning.value)
    assert str(spool.folder.path) in str(warning.value)
    assert spool.kept() == []
    full[0] = False
    assert eventually(lambda: spool.kept() == [25], 10)
    assert read_spool(spool.folder).best == window(25)
    assert read_spool(spool.folder).frames_from(0, 150) == 150


def test_what_is_not_needed_any_more_is_not_held_for_a_disk_that_is_full(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "RETRY_S", 60.0)
    monkeypatch.setattr(AppendedFile, "append", lambda *_, **__: (_ for _ in ()).throw(OSError(28, "full")))
    for start in range(0, 2500, 125):
        spool.put(start, start + 125, state(window(start)), range(start // 25, start // 25 + 5))
    assert eventually(lambda: len(spool.warnings()) == 1, 10)
    assert len(spool.writer._pending.media) <= 5


def test_a_caller_never_waits_for_the_disk(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    append = AppendedFile.append
    monkeypatch.setattr(AppendedFile, "append", lambda file, data, **_: (go_on.wait(10), append(file, data))[1])
    began = time.monotonic()
    for start in range(0, 250, 25):
        spool.put(start, start + 25, None, range(10))
    assert time.monotonic() - began < 5
    go_on.set()


def test_left_to_recovery_everything_is_written_and_the_lock_is_free(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.put(0, 138, state(window(0)), range(6))
    spool.writer.close(remove=False)
    (folder,) = unfinished(tmp_path)
    assert read_spool(folder).frames_from(0, 138) == 138
    folder.remove()


def test_a_hop_that_changes_no_choice_costs_no_sync(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    spool.put(0, 125, state(window(0)), range(5))
    assert eventually(lambda: spool.kept() == [0], 10)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    before = spool.folder.journal.stat().st_size
    spool.writer.put(Changes({}, frozenset(range(5)), state(window(0))))
    assert eventually(lambda: spool.folder.journal.stat().st_size > before, 10)
    assert synced == []
    spool.put(125, 150, state(window(25), window(0)), range(6))
    assert eventually(lambda: spool.kept() == [0, 25], 10)
    assert len(synced) == 3, "the second of media, its name, the choice"


def test_what_was_not_durable_yet_is_when_it_is_left_to_recovery(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.put(0, 125, state(window(0)), range(5))
    spool.writer.close(remove=False)  # at once
    (folder,) = unfinished(tmp_path)
    assert read_spool(folder).best == window(0)
    folder.remove()


def test_a_spool_that_kept_nothing_goes(tmp_path: Path) -> None:
    Spool(tmp_path).writer.close(remove=False)
    assert not (tmp_path / SPOOLS).exists()


def test_a_notice_is_on_disk_before_the_call_returns(spool: Spool) -> None:
    spool.writer.notified()
    assert read_spool(spool.folder).notified


def test_removing_leaves_nothing(tmp_path: Path) -> None:
    others = set(threading.enumerate())
    spool = Spool(tmp_path)
    spool.put(0, 125, state(window(0)), range(5))
    spool.writer.close(remove=True)
    assert not (tmp_path / SPOOLS).exists()
    assert not [thread for thread in set(threading.enumerate()) - others if thread.name == "take5-spool"]
