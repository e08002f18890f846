"""What workers do in the tests of the engines: they answer, hold, or die. Each worker imports this, so it is light."""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from take5.scoring.errors import ModelMissing
from take5.stream.offline.batch.engine import Work
from take5.stream.offline.batch.job import Failed, Job, Outcome, Recipe
from take5.stream.offline.batch.processes import ProcessEngine
from take5.stream.offline.batch.worker_process import THREADS
from take5.stream.output.atomic import new_folder
from take5.stream.settings import Settings

RECIPE = Recipe(Settings(), exhaustive=False, encoder="none", encoder_version="0")
PATIENCE_S = 60.0

DEADLY: dict[str, Callable[[], object]] = {
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "exit": lambda: os._exit(3),
    "bug": lambda: dict[str, str]()["no such key"],
}


def job(name: str | int, folder: Path = Path("out")) -> Job:
    return Job(Path(str(name)), folder, RECIPE)


def answer(job: Job) -> Outcome:
    """Say which process did it; do what the video's name says first."""
    DEADLY.get(job.video.stem, lambda: None)()
    return Failed(job, str(os.getpid()))


def die_writing(job: Job) -> Outcome:
    """Be killed with half a take written."""
    with new_folder(job.folder) as temporary:
        (temporary / "clip.mp4").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return Failed(job, "not killed")


def setup_dying() -> Work:
    return die_writing


def threads(job: Job) -> Outcome:
    """Say what the worker knows of threads."""
    return Failed(job, " ".join(os.environ[name] for name in THREADS))


def setup_threads() -> Work:
    return threads


def answering() -> Work:
    return answer


def holding(job: Job) -> Outcome:
    """Write half a file, and take it away again, whatever ends the wait."""
    half = job.folder / f"{job.video}.partial"
    half.touch()
    try:
        threading.Event().wait(PATIENCE_S)
    finally:
        half.unlink()
    return Failed(job, "waited to the end")


def setup_holding() -> Work:
    return holding


def setup_failing(kind: str) -> Work:
    if kind == "told":
        raise ModelMissing("model face is not on this machine: run something")
    DEADLY[kind]()
    raise AssertionError


def answer_once_others_hold(job: Job) -> Outcome:
    """Of three jobs two hold, and the third is done once they do."""
    if job.video.name != "answer":
        return holding(job)
    while len(list(job.folder.iterdir())) < 2:
        threading.Event().wait(0.02)
    return answer(job)


def setup_mixed() -> Work:
    return answer_once_others_hold


def run_alone(folder: str) -> None:
    """What the program of the next test does."""
    list(ProcessEngine(setup_holding, 2).run(job(name, Path(folder)) for name in ("hold-1", "hold-2")))


def write_take(job: Job) -> Outcome:
    """Write a take, slowly."""
    with new_folder(job.folder, force=job.force) as temporary:
        (temporary / "clip.mp4").touch()
        threading.Event().wait(0.3)
    return Failed(job, "written")


def setup_takes() -> Work:
    return write_take
