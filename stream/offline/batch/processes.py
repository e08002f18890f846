"""Jobs in local processes.

The standard library's pool breaks when a worker dies, and does not report the cause. Here each worker has its own
pipe: its death is noticed there, fails only its current video, and another worker replaces it. A job is drawn when a
worker is free, so nothing queues.
"""

from collections.abc import Generator, Iterable, Iterator
from itertools import islice
from multiprocessing.connection import wait

from take5.stream.offline.batch.engine import Setup
from take5.stream.offline.batch.job import Job, Outcome
from take5.stream.offline.batch.worker_process import Worker


class ProcessEngine:
    """Runs jobs in worker processes.

    Parameters
    ----------
    setup : Setup
        Sets up a worker.
    workers : int
        Number of concurrent jobs.
    jobs_each : int, optional
        Jobs after which a worker is replaced; by default never.

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
        crew: list[Worker] = []
        try:
            for job in islice(source, self._workers):
                crew.append(Worker(self._setup, job))  # noqa: PERF401 - those begun are ended below in any case
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

    def _go_on(self, worker: Worker, crew: list[Worker], source: Iterator[Job]) -> None:
        """Give an idle worker its next job, or replace it if it is dead or has done its share."""
        job = next(source, None)
        if job is not None and worker.alive and worker.jobs != self._jobs_each:
            worker.give(job)
            return
        crew.remove(worker)
        worker.dismiss()
        if job is not None:
            crew.append(Worker(self._setup, job))


def _heard(crew: list[Worker]) -> list[Worker]:
    """Wait until workers send a message or end; return those."""
    speaking = wait([worker.pipe for worker in crew])
    return [worker for worker in crew if worker.pipe in speaking]
