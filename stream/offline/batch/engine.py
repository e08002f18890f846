"""The interface of engines, which run jobs: serially here, in processes, or on a cluster."""

import traceback
from collections.abc import Callable, Generator, Iterable
from typing import Protocol

from take5.stream.offline.batch.job import Failed, Job, Outcome

Work = Callable[[Job], Outcome]
"""Does one job; errors of the video are outcomes."""

Setup = Callable[[], Work]
"""Called once by each worker to set up what its jobs share. Must pickle: a module's function, or a partial of one."""


class Engine(Protocol):
    """Runs jobs."""

    def run(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        """Do each job once and yield its outcome, in any order.

        Jobs are drawn as capacity allows, never all at once. Closing the generator ends running jobs.
        """


class SerialEngine:
    """Runs one job after the other, in this thread."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def run(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        """Do each job when its outcome is requested."""
        yield from (attempt(self._work, job) for job in jobs)


def attempt(work: Work, job: Job) -> Outcome:
    """Do a job; a fault in one video does not end the others."""
    try:
        return work(job)
    except Exception as error:  # noqa: BLE001 - reported as the outcome
        return Failed(job, f"{job.video}: {fault(error)}; this is a fault of take5, please report it")


def fault(error: Exception) -> str:
    """Describe an unexpected error: its kind, place and text."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {place.name}, line {place.lineno}: {error}"
