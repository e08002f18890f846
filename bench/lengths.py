"""What a second length of windows costs: CPU seconds per second of media, and memory, of whole commands.

    python bench/lengths.py VIDEO [--lengths 5 10]

For each length by itself, and all of them in one pass: ``take5 select``, ``take5 select --exhaustive`` and
``take5 replay``, which scores like a live capture and keeps the same media. The operating system counts, start-up
included; memory is the largest resident set.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from take5.scoring.parameters import FPS
from take5.stream.sources.file import MediaFile

COMMANDS = {
    "select": ("select", "--json"),
    "select --exhaustive": ("select", "--json", "--exhaustive"),
    "replay": ("replay", "--json"),
}


def cost(command: tuple[str, ...], video: Path, lengths: list[float]) -> tuple[float, float]:
    """CPU seconds and largest resident set in MB of a command with these lengths."""
    options = [part for length in lengths for part in ("--seconds", f"{length:g}")]
    with tempfile.TemporaryDirectory() as folder:
        program = [sys.executable, "-m", "take5.client.cli", *command, str(video), "-o", folder, *options]
        with subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
            _, status, usage = os.wait4(running.pid, 0)
            running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise SystemExit(f"{' '.join(program)} ended with {running.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path, metavar="VIDEO")
    parser.add_argument("--lengths", nargs="+", type=float, default=[5.0, 10.0], metavar="SECONDS")
    options = parser.parse_args()
    media = MediaFile(options.video).stated_frames / FPS
    runs = [*([length] for length in options.lengths), options.lengths]
    print(f"{'':20s}", *(f"{' + '.join(f'{each:g}' for each in run) + ' s':>20s}" for run in runs))
    for name, command in COMMANDS.items():
        costs = [cost(command, options.video, run) for run in runs]
        print(f"{name:20s}", *(f"{cpu / media:11.3f} {memory:5.0f} MB" for cpu, memory in costs))


if __name__ == "__main__":
    main()
