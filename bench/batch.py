"""Cost of a batch: ``python -m bench.batch [--videos 200] [--jobs 1,2] [--seconds 7]``.

Renders a few short talkers, makes the requested number of distinct files from them, and runs ``take5 select`` over them
with each number of jobs, in other processes. Prints CPU seconds per second of media as accounted by the operating
system, start-up included, the speed-up of several jobs, and the memory of the command and its workers over time. Then
runs again with ``--resume``, for the cost of finding everything done.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from demo.talker import DEFAULT, FILLER, fitted
from demo.talker.render import render

SIZE = (640, 360)
KINDS = 4
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Run:
    """Measurements of one run."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    media_s: float = 0.0
    memory: list[tuple[int, float, list[float]]] = field(default_factory=list)


def make_videos(folder: Path, videos: int, seconds: int) -> None:
    """Render a few kinds of talker and copy each, appending an empty Matroska element of varying length."""
    stretches = DEFAULT[:KINDS]
    kinds = []
    for number, stretch in enumerate(stretches):
        path = folder / f"kind-{number}.mkv"
        render(fitted((stretch,), seconds, FILLER), path, SIZE, seed=number)
        kinds.append(path.read_bytes())
        path.unlink()
    for number in range(videos):
        place = folder / f"{number % 10}" / f"talk-{number:05}.mkv"
        place.parent.mkdir(exist_ok=True)
        void = b"\xec\x48\x00" + number.to_bytes(4, "big") + bytes(0x800 - 4)
        place.write_bytes(kinds[number % KINDS] + void)


def resident_mb(process: int) -> float:
    """Resident memory of a process in MB; 0 if it is gone."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE / 1e6
    except (OSError, IndexError):
        return 0.0


def workers_of(process: int) -> list[int]:
    """Its worker processes."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def measured(folder: Path, output: Path, jobs: int, every: int, *options: str) -> Run:
    """Run the command, sampling its memory every few videos."""
    run = Run()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    command = [sys.executable, "-m", "take5.client.cli", "select", str(folder), "-o", str(output), "--json", *options]
    pipe, away = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen([*command, "--jobs", str(jobs)], stdout=pipe, stderr=away) as process:
        for number, line in enumerate(process.stdout or [], 1):
            run.media_s += json.loads(line).get("duration_s", 0.0)
            if number % every == 0 or number == 1:
                workers = sorted(workers_of(process.pid))
                run.memory.append((number, resident_mb(process.pid), [resident_mb(worker) for worker in workers]))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    run.wall_s = time.monotonic() - began
    run.cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return run


def print_run(name: str, run: Run) -> None:
    """Print the measurements of a run."""
    cost = run.cpu_s / run.media_s
    print(f"{name}: {run.wall_s:.1f} s for {run.media_s:.0f} s of media, {cost:.4f} CPU seconds per second", flush=True)
    for number, command, workers in run.memory:
        print(f"  after {number:5} videos: command {command:4.0f} MB, workers", *(f"{mb:4.0f}" for mb in workers), "MB")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=7, help="of each video")
    parser.add_argument("--jobs", default="1,2", help="numbers of jobs to compare")
    parser.add_argument("--every", type=int, default=25, help="videos between two memory samples")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        videos = Path(temporary, "videos")
        videos.mkdir()
        make_videos(videos, asked.videos, asked.seconds)
        walls = {}
        for jobs in map(int, asked.jobs.split(",")):
            output = Path(temporary, f"out-{jobs}")
            run = measured(videos, output, jobs, asked.every)
            walls[jobs] = run.wall_s
            print_run(f"jobs {jobs}", run)
        for jobs in list(walls)[1:]:
            print(f"jobs {jobs}: {next(iter(walls.values())) / walls[jobs]:.2f} times as fast")
        print_run("all done", measured(videos, output, jobs, asked.videos, "--resume"))


if __name__ == "__main__":
    main()
