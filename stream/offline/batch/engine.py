"""The seam: who does the jobs. Here one after the other; elsewhere in processes, or on a cluster."""

from collections.abc import Callable, Generator, Iterable
from typing import Protocol

from take5.stream.offline.batch.job import Job, Outcome

Work = Callable[[Job], Outcome]
"""Does one job; errors of the video are outcomes."""

Setup = Callable[[], Work]
"""Called once by each worker, for what its jobs share. It pickles: a function of a module, or a partial of one."""


class Engine(Protocol):
    """Does jobs."""

    def run(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        """Do each job once and yield its outcome, in any order.

        Jobs are drawn as there is room for them, never all at once. Closing the generator ends what is under way.
        """


class SerialEngine:
    """Does one job after the other, in this thread."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def run(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        """Do each job when its outcome is asked for."""
        yield from map(self._work, jobs)
