"""The actor of a cluster that does jobs, in a process beside it.

A video that crashes its decoder ends that process alone, as with ``ProcessEngine``: an actor that is lost means that
its machine is. The process computes with one thread, removes what is half-written when it is asked to stop, and ends
with the actor.
"""

import os
import pickle
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from take5.scoring.errors import ClusterError, Take5Error
from take5.stream.cluster.place import Place, unseen
from take5.stream.offline.batch.engine import Work
from take5.stream.offline.batch.job import Job, Outcome
from take5.stream.offline.batch.worker_process import Worker


@dataclass(frozen=True)
class Unseen:
    """A video that is missing on a node."""

    node: str


@dataclass(frozen=True)
class Pickled:
    """A pickled setup, so that only the process that does the jobs imports what it needs."""

    setup: bytes

    def __call__(self) -> Work:
        """Set up."""
        setup: Callable[[], Work] = pickle.loads(self.setup)  # noqa: S301 - from our own command
        return setup()


class JobActor:
    """Does one job at a time; ``stop`` may be called meanwhile.

    Its errors are returned, since Ray would wrap them.
    """

    def __init__(self, setup: Pickled) -> None:
        self._setup = setup
        self._worker: Worker | None = None
        self._stopped = False
        self._node = socket.gethostname()

    def begin(self, folder: Path, place: Place) -> str | Take5Error:
        """Check that this node sees the same files, and return its name; paths of jobs are relative to ``folder``."""
        try:
            place.check(self._node)
            os.chdir(folder)
        except ClusterError as error:
            return error
        except OSError as error:
            return unseen(self._node, folder, error.strerror or str(error))
        return self._node

    def do(self, job: Job) -> Outcome | Unseen | Take5Error:
        """Do a job in the process beside this one, and start another if that has died."""
        if isinstance(job.video, Path) and not job.video.exists():
            return Unseen(self._node)
        try:
            if self._worker is None or not self._worker.alive:
                self._worker = Worker(self._setup, job)
            else:
                self._worker.give(job)
            if self._stopped:
                self.stop()
            while (outcome := self._worker.outcome()) is None:
                pass
        except Take5Error as error:
            return error
        return outcome

    def stop(self) -> None:
        """End the process, and with it the job, as soon as what is half-written is removed."""
        self._stopped = True
        if self._worker is not None:
            self._worker.terminate()
            self._worker.join()
