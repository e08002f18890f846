"""What a command takes of a Ray cluster."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ClusterShare:
    """A cluster, and what each worker needs of it.

    Attributes
    ----------
    address : str or None
        ``HOST:PORT``, or ``auto``; None to start a cluster on this machine.
    cpus : float
        CPUs of each worker.
    gpus : float
        GPUs of each worker, which may be a fraction of one; without any it sees none.
    """

    address: str | None = None
    cpus: float = 1.0
    gpus: float = 0.0

    def workers_in(self, has: dict[str, float]) -> int:
        """Number of workers that there is room for in resources as Ray names them."""
        rooms = [has.get(name, 0.0) / each for name, each in (("CPU", self.cpus), ("GPU", self.gpus)) if each]
        return int(min(rooms))

    def __str__(self) -> str:
        return f"{self.cpus:g} CPU" + (f" and {self.gpus:g} GPU" if self.gpus else "")
