"""What every node of a cluster must have: the same version, and the output folder."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Self
from uuid import uuid4

from take5.scoring.errors import ClusterError
from take5.stream.output.atomic import writing


@dataclass(frozen=True)
class Place:
    """What a node is checked for.

    Attributes
    ----------
    probe : Path
        A file in the output folder.
    take5 : str
        The version of take5.
    """

    probe: Path
    take5: str

    @classmethod
    def of(cls, probe: Path) -> Self:
        """Return the place of this process."""
        return cls(probe, version("take5"))

    def check(self, node: str) -> None:
        """Raise ClusterError if this process, on a node, has another version or does not see the output folder."""
        if version("take5") != self.take5:
            raise ClusterError(f"node {node} has take5 {version('take5')}, the machine that asks it {self.take5}")
        if not self.probe.exists():
            raise unseen(node, self.probe.parent, "other files are there")


@contextmanager
def probe(output: Path) -> Iterator[Path]:
    """A file in the output folder as long as the block lasts, which every node that shares the folder sees."""
    made = not output.exists()
    path = output.absolute() / f".take5-probe-{uuid4().hex}"
    with writing(path):
        output.mkdir(parents=True, exist_ok=True)
        path.touch()
    try:
        yield path
    finally:
        with suppress(OSError):
            path.unlink()
            if made:
                output.rmdir()  # unless something is in it by now


def unseen(node: str, path: object, why: str = "it is there on this machine") -> ClusterError:
    """Error about a path that a node does not see."""
    return ClusterError(
        f"{path}: node {node} does not see it ({why}); it must be on storage that all nodes share, under the same path"
    )


def last_line(error: Exception) -> str:
    """The last line of one of Ray's errors, which names the cause."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
