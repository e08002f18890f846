"""One process that does jobs, and the pipe to it: its death is noticed there, and its cause reported."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from typing import NoReturn

from take5.scoring.errors import Take5Error
from take5.stream.offline.batch.engine import Setup, attempt, fault
from take5.stream.offline.batch.job import Failed, Job, Outcome
from take5.stream.output.atomic import remove_unfinished

GRACE_S = 5.0
"""Time for a worker to remove unfinished files when it is asked to end."""

CONTEXT = get_context("spawn")
"""A fork would copy locks of FFmpeg's and the models' threads in an arbitrary state."""

THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
"""Environment variables for the threads of numpy's libraries. In workers they default to 1: two workers on two
cores then need 8 % less CPU, since idle threads spin."""


class Worker:
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
        with suppress(OSError):  # it has died: the next read of its pipe shows it
            self.pipe.send(job)

    def outcome(self) -> Outcome | None:
        """Read its message: the job's outcome, or None if it is ready for its first."""
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
            for path in filter(None, (self._job.folder, self._job.features)):
                remove_unfinished(path, self._process.pid)
        return Failed(self._job, f"{self._job.video}: the worker process that read it {how}")

    def dismiss(self) -> None:
        """Let it exit by itself."""
        self.pipe.close()
        self.join()

    def terminate(self) -> None:
        """Ask it to stop at once."""
        self._process.terminate()

    def join(self) -> None:
        """Wait until it has ended; kill it if that takes too long."""
        self._process.join(GRACE_S)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()


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
    """Processes started meanwhile ignore Ctrl-C: the engine's process handles it, and ends them."""
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
    """Processes started meanwhile compute with one thread."""
    added = [name for name in THREADS if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


def _serve(pipe: "Connection[Outcome | Take5Error | None, Job]", setup: Setup) -> None:
    """Main function of a worker."""
    signal.signal(signal.SIGTERM, _stop)
    hang_up = getattr(signal, "SIGHUP", None)
    if hang_up is not None and signal.getsignal(hang_up) is not signal.SIG_IGN:
        signal.signal(hang_up, _stop)  # a closed terminal sends it to every process
    threading.Thread(target=_end_with_parent, name="take5-parent", daemon=True).start()
    with suppress(EOFError, OSError):  # there are no more jobs, or the parent is gone
        try:
            work = setup()
        except Exception as error:  # noqa: BLE001 - reported by the parent
            pipe.send(error if isinstance(error, Take5Error) else Take5Error(f"a worker cannot begin: {fault(error)}"))
            return
        pipe.send(None)
        while True:
            pipe.send(attempt(work, pipe.recv()))


def _stop(*_: object) -> NoReturn:
    raise SystemExit(128 + signal.SIGTERM)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
