"""Threads share memory on a server: what one has freed, the next one uses."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import threading
from pathlib import Path
from take5.stream.server.arenas import share_arenas

share_arenas()
ready = threading.Barrier(12)


def allocate():
    blocks = [bytes(2000) for _ in range(100)]
    ready.wait()
    return blocks


threads = [threading.Thread(target=allocate) for _ in range(12)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(sum(int(line.split("-")[0], 16) % 2**26 == 0 for line in Path("/proc/self/maps").read_text().splitlines()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
@pytest.mark.parametrize(("setting", "fewest", "most"), [({}, 0, 1), ({"MALLOC_ARENA_MAX": "8"}, 2, 8)])
def test_threads_share_arenas_unless_the_environment_says_otherwise(
    setting: dict[str, str], fewest: int, most: int
) -> None:
    """An arena beside the first begins at a multiple of 64 MB."""
    environment = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"} | setting
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    assert fewest <= int(done.stdout) <= most
