"""Bundles that are prepared in the background: by real processes with real models, ended, killed and cancelled."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import pytest
from serving import eventually

from take5.stream.analysis.models import Models
from take5.stream.bundles.footage import footage
from take5.stream.bundles.manifest import Origin
from take5.stream.bundles.write import wanted_for, write_bundles
from take5.stream.events import Bundled, BundlePrepared
from take5.stream.preparing import bundle as bundle_module
from take5.stream.preparing import process as process_module
from take5.stream.preparing.bundle import prepare_fully
from take5.stream.preparing.child import NICENESS
from take5.stream.preparing.models import face_model
from take5.stream.preparing.priority import Priority
from take5.stream.preparing.process import PROGRAM, PreparingProcess
from take5.stream.preparing.queue import Order, PreparationQueue
from take5.stream.recording.from_file import open_recording
from take5.stream.sources.file import MediaFile

FEW = 30
"""Frames: each costs every process that prepares them."""


@pytest.fixture(scope="module")
def made(short: Path, models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    recording = open_recording(MediaFile(short), models, lambda *_: None)
    folder = tmp_path_factory.mktemp("made")
    wanted = wanted_for(["synctalk"], 256)
    (one,) = write_bundles(footage(recording, 50, FEW), Origin("talk.mkv", 2.0), wanted, models, folder, "ann")
    return one.folder


@pytest.fixture
def bundle(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "take" / "synctalk" / "ann"))


@pytest.fixture
def queue() -> Iterator[PreparationQueue]:
    """Closed whatever fails, so that no process is left to other tests."""
    made = PreparationQueue()
    yield made
    made.close()


@dataclass
class Told:
    """What a queue has told of its orders."""

    events: list[BundlePrepared] = field(default_factory=list)
    over: list[Sequence[BundlePrepared]] = field(default_factory=list)

    def order(self, *folders: Path, session: str = "ann") -> Order:
        bundles = tuple(Bundled(175, "synctalk", str(folder), 41, 37) for folder in folders)
        return Order(session, bundles, self.events.append, self.over.append)


def content(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def children(parent: int) -> list[int]:
    """The processes that a process has started to prepare bundles."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(parent)], capture_output=True, text=True, check=False
    )
    return [int(line.split()[0]) for line in listed.stdout.splitlines() if PROGRAM[-1] in line]


def alive(process: int) -> bool:
    """Whether it runs; who has ended and waits for a parent that is gone does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def is_low(process: int) -> bool:
    """Whether its priority is as low as it is to be, which is its first act."""
    return os.getpriority(os.PRIO_PROCESS, process) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)


def running() -> int:
    """The process that prepares bundles now; it is beyond its start."""
    assert eventually(lambda: bool(children(os.getpid())), 20)
    (process,) = children(os.getpid())
    assert eventually(lambda: is_low(process), 20)
    return process


@pytest.mark.long
def test_a_process_of_low_priority_prepares_what_it_can_and_says_why_of_the_rest(
    bundle: Path, queue: PreparationQueue, tmp_path: Path
) -> None:
    told, gone = Told(), tmp_path / "gone"
    queue.add(told.order(bundle, gone))
    running()
    assert queue.wait(300)
    good, bad = told.events
    assert (good.error, good.path, good.made[0]) == (None, str(bundle), "head_pose")
    assert ("masks" in good.made) == (not good.warnings)
    assert good.left[0].command.startswith("python main.py" if "masks" in good.made else "python data_utils")
    assert bad.error is not None
    assert bad.error.startswith(f"{gone}/manifest.json: cannot be read")
    assert told.over == [[good, bad]]
    manifest = json.loads((bundle / "manifest.json").read_text())
    assert manifest["preparation"]["experimental"] is True
    assert ("without_masks" in manifest["preparation"]) == bool(good.warnings)
    assert [step["command"] for step in manifest["left"]] == [step.command for step in good.left]
    assert not [path for path in bundle.iterdir() if path.name.startswith(".")]


def test_a_manifest_that_says_why_there_are_no_masks_names_no_folder_of_the_machine(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_module, "local_network", lambda: None)
    _, reason = prepare_fully(bundle, face_model())
    assert reason.endswith(f"then take5 prepare --masks {bundle}")
    manifest = (bundle / "manifest.json").read_text()
    assert json.loads(manifest)["preparation"]["without_masks"].endswith("then take5 prepare --masks ann")
    assert str(bundle.parent) not in manifest


def test_a_fault_in_the_masks_costs_no_poses(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise MemoryError("too large")

    monkeypatch.setattr(bundle_module, "local_network", lambda: Path("x.tflite"))
    monkeypatch.setattr(bundle_module, "Segmenter", broken)
    made, reason = prepare_fully(bundle, face_model())
    assert (list(made.made), reason) == (["head_pose"], "no masks: an internal error ended them: too large")
    assert json.loads((bundle / "manifest.json").read_text())["preparation"]["without_masks"] == reason


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="Linux alone has it")
def test_a_server_s_process_runs_only_while_the_machine_would_be_idle(bundle: Path) -> None:
    told, idle = Told(), PreparationQueue(Priority.IDLE)
    try:
        idle.add(told.order(bundle))
        process = running()
        assert eventually(lambda: os.sched_getscheduler(process) == os.SCHED_IDLE, 20)
    finally:
        idle.close()


def test_at_the_end_bundles_are_left_as_they_are_and_a_remedy_is_told(bundle: Path, queue: PreparationQueue) -> None:
    told, before = Told(), content(bundle)
    queue.add(told.order(bundle))
    queue.add(told.order(bundle, session="bea"))
    process = running()
    queue.close()
    queue.add(told.order(bundle, session="cem"))
    assert not alive(process)
    assert len(told.events) == len(told.over) == 3
    assert all(event.error is not None and f"{bundle} does it" in event.error for event in told.events)
    assert content(bundle) == before


def test_what_is_cancelled_is_written_no_more_and_nothing_is_told(bundle: Path, queue: PreparationQueue) -> None:
    told = Told()
    queue.add(told.order(bundle))
    queue.add(told.order(bundle))
    process = running()
    queue.cancel("nobody")
    assert alive(process)
    queue.cancel("ann")
    assert not alive(process)
    shutil.rmtree(bundle.parents[1])
    assert queue.wait(1)
    queue.close()
    assert (told.events, told.over) == ([], [])
    assert not bundle.parents[1].exists()


def test_of_an_order_that_is_cancelled_after_its_last_bundle_no_end_is_told(
    queue: PreparationQueue, tmp_path: Path
) -> None:
    told = Told()
    cancelling = Thread(target=queue.cancel, args=("ann",))

    def tell(event: BundlePrepared) -> None:
        told.events.append(event)
        cancelling.start()
        assert eventually(lambda: queue._cancelled, 10)

    queue.add(Order("ann", told.order(tmp_path / "gone").bundles, tell, told.over.append))
    assert queue.wait(60)
    cancelling.join(10)
    assert (len(told.events), told.over) == (1, [])


def test_a_process_that_is_killed_and_an_error_of_who_is_told_cost_their_bundles_alone(
    bundle: Path, queue: PreparationQueue, caplog: pytest.LogCaptureFixture
) -> None:
    told = Told()

    def fail(_: BundlePrepared) -> None:
        raise ValueError("nobody listens")

    queue.add(Order("bea", told.order(bundle).bundles, fail))
    os.kill(first := running(), signal.SIGKILL)
    queue.add(told.order(bundle))
    assert eventually(lambda: children(os.getpid()) not in ([], [first]), 20)
    os.kill(running(), signal.SIGKILL)
    assert queue.wait(20)
    assert "nobody listens" in caplog.text
    assert [event.error for event in told.events] == ["its process ended with exit code -9"]


LEAVES = "import pathlib, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
LEAVES += "(pathlib.Path(sys.argv[-1]) / '.preparation-x').mkdir(); print('{}', flush=True); time.sleep(60)"


def test_what_a_process_that_has_to_be_killed_leaves_half_written_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that runs only while the machine would be idle may get nowhere on a busy one."""
    monkeypatch.setattr(process_module, "PROGRAM", (sys.executable, "-c", LEAVES))
    monkeypatch.setattr(process_module, "GRACE_S", 0.2)
    process = PreparingProcess([tmp_path])
    said = process.read()
    assert next(said) == {}
    assert [path.name for path in tmp_path.iterdir()] == [".preparation-x"]
    process.end()
    assert list(said) == []
    assert (process.fault, list(tmp_path.iterdir())) == ("ended with exit code -9", [])
    process.close()


def test_what_was_not_said_to_its_end_was_not_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says = "import os; os.write(1, b'{}\\n{\"made\": ['); os.kill(os.getpid(), 9)"
    monkeypatch.setattr(process_module, "PROGRAM", (sys.executable, "-c", says))
    process = PreparingProcess([tmp_path])
    assert list(process.read()) == [{}]
    process.end()
    assert process.fault == "ended with exit code -9"
    process.close()


def test_a_process_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "PROGRAM", (sys.executable, "-c", LEAVES))
    monkeypatch.setattr(Priority, "longest_s", 1.0)
    process = PreparingProcess([tmp_path])
    assert list(process.read()) in ([{}], [])
    process.end()
    assert (process.fault, list(tmp_path.iterdir())) == ("was ended after 1 s", [])
    process.close()


OWNER = "import sys, time; from pathlib import Path; from take5.stream.preparing.process import PreparingProcess as P; "
OWNER += "p = P([Path(sys.argv[1])]); print(p._process.pid, flush=True); time.sleep(60)"


def test_it_ends_with_who_has_started_it(bundle: Path) -> None:
    before = content(bundle)
    with subprocess.Popen([sys.executable, "-c", OWNER, str(bundle)], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        process = int(owner.stdout.readline())
        assert eventually(lambda: is_low(process), 20)
        owner.kill()
    assert eventually(lambda: not alive(process), 10)
    assert content(bundle) == before
