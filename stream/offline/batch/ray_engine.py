"""Jobs on a Ray cluster: one actor a slot, each with its own models, and a job only where an actor is ready.

Ray places actors, and notices when a machine is lost. What an actor had then is done again by another one.
"""

import pickle
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

from take5.scoring.errors import ClusterError, Take5Error
from take5.stream.cluster.joined import joined
from take5.stream.cluster.place import Place, last_line, probe, unseen
from take5.stream.cluster.share import ClusterShare
from take5.stream.offline.batch.engine import Setup
from take5.stream.offline.batch.job import Failed, Job, Outcome
from take5.stream.offline.batch.ray_actor import JobActor, Pickled, Unseen
from take5.stream.offline.batch.worker_process import GRACE_S
from take5.stream.output.atomic import remove_leftovers

OnNotice = Callable[[str], None]
"""Called with a line of text about the cluster."""

LOOK_S = 1.0
"""How often the size of the cluster is looked at, in seconds."""

LOSSES = 5
"""Number of losses of its machine after which a video has failed, or of actors in a row after which the run ends."""

PATIENCE_S = 30.0
"""Time without any actor at work after which the user is told, in seconds."""


class RayEngine:
    """Runs jobs on a Ray cluster.

    Parameters
    ----------
    setup : Setup
        Sets up a worker; every node can import it.
    share : ClusterShare
        The cluster, and what each worker takes of it.
    output : Path
        Folder that all nodes must see.
    videos : int
        Number of jobs at most.
    workers : int or None
        Largest number of concurrent jobs. By default what the cluster has room for; a larger number makes a cluster
        that scales by itself grow.
    cores : int
        CPUs of a cluster that is started here, at most.
    on_notice : callable, optional
        Called when a machine is lost, and when there is no room.

    Raises
    ------
    LibraryMissing, ClusterError
        While running, if there is no Ray, no cluster, or one whose nodes do not share the files.
    Take5Error
        While running, if ``setup`` fails.
    """

    def __init__(
        self,
        setup: Setup,
        share: ClusterShare,
        output: Path,
        videos: int,
        workers: int | None,
        cores: int,
        on_notice: OnNotice = lambda _: None,
    ) -> None:
        self._setup, self._share, self._output = setup, share, output
        self._videos, self._workers, self._cores, self._on_notice = videos, workers, cores, on_notice

    def run(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        """Do each job and yield its outcome as it comes; what a lost machine had is done again."""
        cpus = ceil(self._share.cpus * min(self._workers or self._cores, self._videos))
        with joined(self._share.address, cpus) as ray, probe(self._output) as found:
            setup = Pickled(pickle.dumps(self._setup))
            crew = _Crew(ray, setup, self._share, self._workers, Place.of(found), self._on_notice)
            with closing(crew.run(iter(jobs), self._videos)) as outcomes:
                yield from outcomes


@dataclass
class _Member:
    """An actor, its node once that is known, and the job that it has; ``fresh`` if its take is not there before."""

    actor: Any
    node: str | None = None
    job: Job | None = None
    fresh: bool = False


class _Crew:
    """The actors of a run; each has one call under way, its start or a job, or is dismissed."""

    def __init__(
        self, ray: Any, setup: Pickled, share: ClusterShare, workers: int | None, place: Place, on_notice: OnNotice
    ) -> None:
        self._ray, self._share, self._workers, self._place, self._on_notice = ray, share, workers, place, on_notice
        options: dict[str, Any] = {"max_concurrency": 2, "max_restarts": 0}
        self._actors = ray.remote(num_cpus=share.cpus, num_gpus=share.gpus, **options)(JobActor)
        self._setup = setup
        self._calls: dict[Future[Any], _Member] = {}  # not Ray's waiting: a signal that ends the command would end it
        self._again: deque[Job] = deque()
        self._losses: Counter[str] = Counter()
        self._lost_in_a_row = 0
        self._drawn_out = False

    def run(self, source: Iterator[Job], left: int) -> Generator[Outcome, None, None]:
        """Do ``left`` jobs at most."""
        idle_s = 0.0
        try:
            self._source = source
            while self._more() or any(each.job for each in self._calls.values()):
                self._enlist(left)
                ready, _ = wait(self._calls, LOOK_S, FIRST_COMPLETED)
                idle_s = 0.0 if ready or any(each.node for each in self._calls.values()) else idle_s + LOOK_S
                if idle_s == PATIENCE_S:
                    self._on_notice(f"the cluster has no room yet: each video needs {self._share}")
                for call in ready:
                    outcome = self._heard(call)
                    if outcome is not None:
                        left -= 1
                        yield outcome
        finally:
            self._end()

    def _more(self) -> bool:
        return bool(self._again) or not self._drawn_out

    def _enlist(self, left: int) -> None:
        """Ask for actors, as many as there is room and work for."""
        room = self._workers or max(1, self._share.workers_in(self._ray.cluster_resources()))
        while self._more() and len(self._calls) < min(room, left):
            member = _Member(self._actors.remote(self._setup))
            self._calls[member.actor.begin.remote(Path.cwd(), self._place).future()] = member

    def _heard(self, call: Future[Any]) -> Outcome | None:
        """Take the answer of a call, and give its actor the next job."""
        member = self._calls.pop(call)
        try:
            said = call.result()
        except self._ray.exceptions.RayTaskError as error:
            raise ClusterError(f"a node cannot do its part: {last_line(error)}") from error
        except self._ray.exceptions.RayError as error:
            return self._lost(member, error)
        self._lost_in_a_row = 0
        outcome = None
        if isinstance(said, Take5Error):
            raise said
        if member.job is None:
            member.node = said
        else:
            outcome = self._outcome(member.job, said)
        self._go_on(member)
        return outcome

    def _outcome(self, job: Job, said: Outcome | Unseen) -> Outcome:
        if not isinstance(said, Unseen):
            return said
        if isinstance(job.video, Path) and job.video.exists():
            raise unseen(said.node, job.video)
        return Failed(job, f"{job.video}: cannot be read (No such file or directory)")

    def _go_on(self, member: _Member) -> None:
        """Give an actor that is ready a lost job, or else a new one; without any it is dismissed."""
        job = self._again.popleft() if self._again else next(self._source, None)
        self._drawn_out = self._drawn_out or job is None
        member.job, member.fresh = job, job is not None and not job.folder.exists()
        if job is None:
            self._ray.kill(member.actor)
        else:
            self._calls[member.actor.do.remote(job).future()] = member

    def _lost(self, member: _Member, error: Exception) -> Failed | None:
        """Do the job of a lost actor again, unless that has been tried often enough."""
        self._lost_in_a_row += 1
        with suppress(Exception):
            self._ray.kill(member.actor)
        job, node = member.job, member.node or "unknown"
        if job is None:
            if self._lost_in_a_row >= LOSSES:
                raise ClusterError(f"no worker can be started on the cluster ({last_line(error)})") from error
            return None
        self._losses[str(job.video)] += 1
        remove_leftovers(job.folder)
        if self._losses[str(job.video)] >= LOSSES:
            return Failed(job, f"{job.video}: {LOSSES} machines that read it were lost ({last_line(error)})")
        self._on_notice(f"{job.video}: node {node} was lost; it is done again elsewhere")
        self._again.append(replace(job, force=job.force or member.fresh))  # its take may be complete by now
        return None

    def _end(self) -> None:
        """End what is under way: each process removes what is half-written; where that fails, it is removed here."""
        under_way = {call: member for call, member in self._calls.items() if member.job is not None}
        for member in under_way.values():
            member.actor.stop.remote()
        wait(under_way, 2 * GRACE_S)
        for member in self._calls.values():
            with suppress(self._ray.exceptions.RayError):
                self._ray.kill(member.actor)
        for member in under_way.values():
            if member.job is not None:
                remove_leftovers(member.job.folder)
