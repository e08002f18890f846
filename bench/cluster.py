"""A batch across machines, one of which is killed: ``python -m bench.cluster [--videos 100] [--nodes 3]``.

Starts a Ray cluster of several nodes on this machine, with a CPU each, and runs ``take5 select --engine ray`` over
short talkers (``--seconds 2``). When a third of them is done, one node's processes are killed. Prints how long it took,
how long nothing was done after the kill, and what is there in the end. Needs ``pip install 'take5[cluster]'``.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.batch import make_videos
from take5.stream.cluster.joined import SILENT
from take5.stream.offline.batch.ledger import LEDGER

OBJECT_STORE_BYTES = 80_000_000


@dataclass
class Run:
    """What a run has told, with times from its start."""

    begun: float = field(default_factory=time.monotonic)
    done: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    notices: list[tuple[float, str]] = field(default_factory=list)
    killed_s: float | None = None
    code: int | None = None

    @property
    def now(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.begun

    def hear(self, program: "subprocess.Popen[str]") -> None:
        """Take what the command writes to stderr."""
        assert program.stderr is not None  # noqa: S101 - it is a pipe
        for line in program.stderr:
            if "was lost" in line:
                self.notices.append((self.now, line.strip()))


def run(cluster: Any, victim: Any, folder: Path, videos: int) -> Run:
    """Run the batch, and kill a node when a third is done."""
    command = [sys.executable, "-m", "take5.client.cli", "select", "in", "-o", "out", "--json", "--seconds", "2"]
    command += ["--engine", "ray", "--ray", cluster.address]
    made = Run()
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        threading.Thread(target=made.hear, args=(program,), daemon=True).start()
        assert program.stdout is not None  # noqa: S101 - it is a pipe
        for line in program.stdout:
            made.done.append((made.now, json.loads(line)))
            if len(made.done) == videos // 3:
                made.killed_s = made.now
                cluster.remove_node(victim, allow_graceful=False)
    made.code = program.returncode
    return made


def report(made: Run, output: Path, videos: int) -> None:
    """Print what came of it."""
    lines = [json.loads(line) for line in (output / LEDGER).read_text().splitlines()]
    recorded = [line["video"] for line in lines if "begun" not in line]
    failed = [each for _, each in made.done if "error" in each]
    print(f"exit code {made.code}; {videos} videos in {made.done[-1][0]:.0f} s")
    print(
        f"told {len(made.done)}, different ones {len({each['video'] for _, each in made.done})}, failed {len(failed)}"
    )
    print(f"in the ledger {len(recorded)}, different ones {len(set(recorded))}")
    print(f"clips {len(list(output.rglob('clip.mp4')))}, half-written {len(list(output.rglob('*.partial')))}")
    if made.killed_s is not None:
        times = [0.0, *(at for at, _ in made.done)]
        gaps = [later - at for at, later in pairwise(times) if later > made.killed_s]
        print(f"node killed after {made.killed_s:.0f} s, with {videos // 3} done; then no other for {max(gaps):.1f} s")
    for at, notice in made.notices:
        print(f"{at:.0f} s: {notice}")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=100)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="length of each video")
    options = parser.parse_args()
    os.environ.update(SILENT)
    from ray.cluster_utils import Cluster

    base = tempfile.mkdtemp(prefix="t5ray-")  # short, for sockets
    with tempfile.TemporaryDirectory() as name:
        (folder := Path(name) / "in").mkdir()
        make_videos(folder, options.videos, options.seconds)
        small = {"object_store_memory": OBJECT_STORE_BYTES, "include_dashboard": False}
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "temp_dir": base, **small})
        try:
            nodes = [cluster.add_node(num_cpus=1, **small) for _ in range(options.nodes)]
            report(run(cluster, nodes[-1], Path(name), options.videos), Path(name) / "out", options.videos)
        finally:
            cluster.shutdown()
            shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
