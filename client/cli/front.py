"""The server of ``take5 serve --workers N``: it loads no models and receives no media."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

from take5.client.cli.capturing import Capturing
from take5.client.cli.worker_options import WORKER, capacities, cores, same_everywhere
from take5.scoring.errors import ServerError
from take5.stream.cluster.share import ClusterShare
from take5.stream.server.admission import Admission
from take5.stream.server.lengths import Choice, Scoring
from take5.stream.server.sessions import Sessions
from take5.stream.workers.link import LocalStarter, WorkerStarter
from take5.stream.workers.pool import WorkerPool
from take5.stream.workers.setup import WorkerSetup, slices


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster that has been joined, and a file in the output folder that its nodes must see."""

    ray: Any
    share: ClusterShare
    probe: Path
    workers: int

    @property
    def cores(self) -> float:
        """CPUs of all workers."""
        return self.share.cpus * self.workers


@contextmanager
def cluster_joined(share: ClusterShare, output: Path, workers: int | None) -> Iterator[Cluster]:
    """Join a cluster until the block ends; there are as many workers as it has room for, unless that is given."""
    from take5.stream.cluster.joined import joined
    from take5.stream.cluster.place import probe

    with joined(share.address, ceil(share.cpus * (workers or cores()))) as ray, probe(output) as found:
        yield Cluster(ray, share, found, workers or max(1, share.workers_in(ray.cluster_resources())))


class Front:
    """A server whose captures are made by workers.

    Parameters
    ----------
    capturing : Capturing
        How they capture.
    workers : int
        How many there are.
    log_format : str
        How they log, as the server does: ``text`` or ``json``.
    cluster : Cluster, optional
        Where they are; by default on this machine.
    """

    def __init__(
        self, capturing: Capturing, workers: int, log_format: str = "text", cluster: Cluster | None = None
    ) -> None:
        choice, rules, options = same_everywhere(capturing.choice), capturing.rules, capturing.options
        self._command = (*WORKER, log_format)
        scoring = Scoring(choice.encoder, choice.tracker, capturing.settings, rules)
        self._choice, self._output, self._options = Choice(scoring, options.seconds), capturing.output, options
        self._cluster = cluster
        self._ports = slices(options.udp_ports, workers)
        longest_s = rules.cap_s + rules.idle_s
        self._setups = [
            WorkerSetup.of(replace(options, udp_ports=ports), choice, capturing.hooks, str(self._output), longest_s)
            for ports in self._ports
        ]
        self._pool: WorkerPool | None = None

    def __str__(self) -> str:
        """Return where captures are made, in words."""
        return f"{len(self._setups)} processes" + (" on Ray" if self._cluster else "")

    def sessions(self, admission: Admission, failed: Callable[[], None]) -> Sessions:
        """Return the sessions; ``failed`` is called if no worker can begin."""
        starter, most = self._starter(), capacities(self._ports)
        if self._cluster is not None:
            most = [min(each, max(1, int(self._cluster.share.cpus / admission.assumed))) for each in most]
        self._pool = WorkerPool(starter, admission, self._output, most, failed)
        return Sessions(self._choice, self._output, admission, self._pool, self._options)

    def _starter(self) -> WorkerStarter:
        if self._cluster is None:
            return LocalStarter(self._command, self._setups)
        from take5.stream.cluster.ray_workers import RayStarter

        return RayStarter(self._cluster.ray, self._cluster.share, self._command[1:], self._setups, self._cluster.probe)

    def check(self) -> None:
        """Raise ServerError if no worker could begin."""
        if self._pool is not None and self._pool.fault is not None:
            raise ServerError(self._pool.fault)
