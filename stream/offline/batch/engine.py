"""The interface of engines, which run jobs: serially here, in processes, or on a cluster."""

from collections.abc import Callable, Generator, Iterable
from typing import Protocol

from take5.stream.offline.batch.job import Job, Outcome

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
        yield from map(self._work, jobs)
