"""A real Ray cluster on this machine: a head without CPUs, and nodes that can be killed."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from take5.stream.cluster.joined import SILENT, environment

OBJECT_STORE_BYTES = 80_000_000


def need_ray() -> None:
    """Skip a test where Ray is not installed; in CI it fails."""
    if find_spec("ray") is None:
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("Ray is not here; run make test-services")


class LocalCluster:
    """Nodes on loopback, each with its own processes."""

    def __init__(self, cluster: Any) -> None:
        self._cluster = cluster
        self.address: str = cluster.address

    def add(self, cpus: int) -> Any:
        """Start a node, and wait until it is part of the cluster."""
        return self._cluster.add_node(
            num_cpus=cpus, object_store_memory=OBJECT_STORE_BYTES, include_dashboard=False, dashboard_port=None
        )

    @property
    def nodes(self) -> list[Any]:
        """Those besides the head."""
        return list(self._cluster.worker_nodes)

    @staticmethod
    def raylet(node: Any) -> int:
        """The process that a node's workers are children of."""
        process: int = node.all_processes["raylet"][0].process.pid
        return process

    def workers(self) -> list[int]:
        """Ids of the processes that capture on its nodes."""
        raylets = {self.raylet(node) for node in self.nodes}
        found = subprocess.run(["pgrep", "-f", "take5.client.worker"], capture_output=True, text=True, check=False)
        return [int(each) for each in found.stdout.split() if raylets & set(_ancestors(int(each)))]

    def node_of(self, process: int) -> Any:
        """The node that a process belongs to."""
        above = _ancestors(process)
        return next(node for node in self.nodes if self.raylet(node) in above)

    def kill(self, node: Any) -> None:
        """Kill a node's processes, as a power cut would."""
        self._cluster.remove_node(node, allow_graceful=False)


def _ancestors(process: int) -> list[int]:
    """The process, its parent, and so on."""
    found = []
    with suppress(OSError):
        while process > 1:
            found.append(process)
            process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    return found


@contextmanager
def ray_cluster(*cpus: int, reporting: bool = False) -> Iterator[LocalCluster]:
    """Run a cluster with nodes of these CPUs, besides its head, and end all its processes.

    With ``reporting`` it would send usage statistics, to an address where nothing listens.
    """
    with environment(
        SILENT | {"RAY_USAGE_STATS_ENABLED": str(int(reporting)), "PYTHONPATH": os.pathsep.join(sys.path)}
    ):  # workers import the tests' helpers
        yield from _running(*cpus)


def _running(*cpus: int) -> Iterator[LocalCluster]:
    from ray.cluster_utils import Cluster

    folder = tempfile.mkdtemp(prefix="t5ray-")  # a test's folder is too long for sockets
    cluster = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": 0,
            "object_store_memory": OBJECT_STORE_BYTES,
            "include_dashboard": False,
            "temp_dir": folder,
        },
    )
    try:
        local = LocalCluster(cluster)
        for each in cpus:
            local.add(each)
        yield local
    finally:
        cluster.shutdown()
        shutil.rmtree(folder, ignore_errors=True)
