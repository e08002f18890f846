"""Threads share memory on a server: what one has freed, the next one uses."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import ctypes
import threading
from take5.stream.server.malloc import share_arenas

share_arenas()
ready = threading.Barrier(12)


def allocate():
    blocks = [bytes(2000) for _ in range(100)]
    ready.wait()
    return blocks


threads = [threading.Thread(target=allocate) for _ in range(12)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
glibc = ctypes.CDLL(None)
glibc.malloc_info(0, ctypes.c_void_p.in_dll(glibc, "stdout"))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
@pytest.mark.parametrize(("setting", "fewest", "most"), [({}, 1, 2), ({"MALLOC_ARENA_MAX": "8"}, 3, 8)])
def test_threads_share_arenas_unless_the_environment_says_otherwise(
    setting: dict[str, str], fewest: int, most: int
) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"} | setting
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    assert fewest <= done.stdout.count("<heap nr=") <= most
