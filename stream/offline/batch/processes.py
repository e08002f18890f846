"""Jobs in processes of this machine.

The standard library's pool is broken by the first worker that dies, and does not say of what. Here each worker has a
pipe of its own: its end is noticed there, costs the one video at hand, and another worker takes its place. A job is
drawn when a worker is free, so nothing queues.
"""

import os
import signal
import threading
import traceback
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from typing import NoReturn

from take5.scoring.errors import Take5Error
from take5.stream.offline.batch.engine import Setup, Work
from take5.stream.offline.batch.job import Failed, Job, Outcome
from take5.stream.output.atomic import remove_unfinished

GRACE_S = 5.0
"""A worker that is told to end has so long to remove what it has half-written."""

CONTEXT = get_context("spawn")
"""A fork would copy locks of FFmpeg's and the models' threads in any state."""

THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
"""Environment variables for the threads of numpy's libraries. In workers they are 1 where they are not set: two workers
on two cores need 8 % less CPU so, since threads without work spin."""


class ProcessEngine:
    """Does jobs in worker processes.

    Parameters
    ----------
    setup : Setup
        Loads what a worker needs.
    workers : int
        How many jobs are done at a time.
    jobs_each : int, optional
        A worker is replaced after so many; by default never.

    Raises
    ------
    Take5Error
        While running, if ``setup`` fails.
    """

    def __init__(self, setup: Setup, workers: int, jobs_each: int | None = None) -> None:
        self._setup = setup
        self._workers = workers
        self._jobs_each = jobs_each

    def run(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        """Do each job once and yield its outcome as it comes; a worker that dies fails its job."""
        source = iter(jobs)
        crew: list[_Worker] = []
        try:
            for job in islice(source, self._workers):
                crew.append(_Worker(self._setup, job))  # noqa: PERF401 - those begun are ended below in any case
            while crew:
                for worker in _heard(crew):
                    outcome = worker.outcome()
                    if outcome is not None:
                        self._go_on(worker, crew, source)
                        yield outcome
        finally:
            for worker in crew:
                worker.terminate()
            for worker in crew:
                worker.join()

    def _go_on(self, worker: "_Worker", crew: list["_Worker"], source: Iterator[Job]) -> None:
        """Give a worker that is done its next job, or another worker if it is dead or has done its part."""
        job = next(source, None)
        if job is not None and worker.alive and worker.jobs != self._jobs_each:
            worker.give(job)
            return
        crew.remove(worker)
        worker.dismiss()
        if job is not None:
            crew.append(_Worker(self._setup, job))


class _Worker:
    """One process, the pipe to it, and the job that it has."""

    def __init__(self, setup: Setup, job: Job) -> None:
        self.pipe, theirs = CONTEXT.Pipe()
        self.jobs = 0
        self.alive = True
        self._job = job
        self._ready = False
        self._process = CONTEXT.Process(target=_serve, args=(theirs, setup), name="take5-worker", daemon=True)
        with _deaf(), _one_thread():
            self._process.start()
        theirs.close()

    def give(self, job: Job) -> None:
        """Send a job."""
        self._job = job
        with suppress(OSError):  # it has died: the next look at its pipe tells
            self.pipe.send(job)

    def outcome(self) -> Outcome | None:
        """Read what it says: its job's outcome, or None if it is ready for its first."""
        try:
            said = self.pipe.recv()
        except (EOFError, OSError):
            return self._died()
        if isinstance(said, Take5Error):
            raise said
        if said is None:
            self._ready = True
            self.give(self._job)
            return None
        self.jobs += 1
        outcome: Outcome = said
        return outcome

    def _died(self) -> Failed:
        self.alive = False
        self.join()
        how = _ending(self._process.exitcode)
        if not self._ready:
            raise Take5Error(f"a worker process {how} while it loaded the models; try fewer --jobs")
        if self._process.pid is not None:
            remove_unfinished(self._job.folder, self._process.pid)
        return Failed(self._job, f"{self._job.video}: the worker process that read it {how}")

    def dismiss(self) -> None:
        """Let it end by itself."""
        self.pipe.close()
        self.join()

    def terminate(self) -> None:
        """Tell it to stop at once."""
        self._process.terminate()

    def join(self) -> None:
        """Wait until it has ended; kill it if that takes too long."""
        self._process.join(GRACE_S)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()


def _heard(crew: list[_Worker]) -> list[_Worker]:
    """Wait until workers say something or end; return those."""
    speaking = wait([worker.pipe for worker in crew])
    return [worker for worker in crew if worker.pipe in speaking]


def _ending(code: int | None) -> str:
    if code is None or code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"was killed by {name}" + (" (out of memory? fewer --jobs need less)" if name == "SIGKILL" else "")


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes that are started meanwhile never hear of Ctrl-C: whoever runs the engine hears it, and ends them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Processes that are started meanwhile compute with one thread."""
    added = [name for name in THREADS if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


def _serve(pipe: "Connection[Outcome | Take5Error | None, Job]", setup: Setup) -> None:
    """A worker's whole life."""
    signal.signal(signal.SIGTERM, _stop)
    threading.Thread(target=_end_with_parent, name="take5-parent", daemon=True).start()
    with suppress(EOFError, OSError):  # whoever gave the jobs has no more, or is gone
        try:
            work = setup()
        except Exception as error:  # noqa: BLE001 - told there, where people see it
            pipe.send(error if isinstance(error, Take5Error) else Take5Error(f"a worker cannot begin: {_fault(error)}"))
            return
        pipe.send(None)
        while True:
            pipe.send(_attempt(work, pipe.recv()))


def _attempt(work: Work, job: Job) -> Outcome:
    try:
        return work(job)
    except Exception as error:  # noqa: BLE001 - a fault in one video must not end the others
        return Failed(job, f"{job.video}: {_fault(error)}; this is a fault of take5, please report it")


def _fault(error: Exception) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {place.name}, line {place.lineno}: {error}"


def _stop(*_: object) -> NoReturn:
    raise SystemExit(128 + signal.SIGTERM)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
