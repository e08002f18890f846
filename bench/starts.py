"""What captures leave behind: ``python bench/starts.py VIDEO [--count 100]``.

A real server in this process; ``take5 push`` in another one sends two seconds, again and again. Prints threads, file
descriptors, tasks and memory before, in between and after.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn

from take5.client.cli.options import load_models
from take5.scoring.stopping import StopRules
from take5.stream.server.app import create_app
from take5.stream.server.malloc import share_arenas
from take5.stream.server.run import DrainingServer
from take5.stream.server.sessions import Sessions, sessions_for
from take5.stream.settings import Settings


def state(loop: asyncio.AbstractEventLoop) -> str:
    """What this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    memory = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    return (
        f"{threading.active_count():3d} threads {descriptors:3d} descriptors {len(asyncio.all_tasks(loop)):3d} tasks "
        f"{memory:6.1f} MB"
    )


async def measure(video: Path, count: int, seconds: float) -> None:
    """Serve, and send ``count`` times."""
    models = load_models("speech-embedding", None, "cpu")
    with TemporaryDirectory() as folder:
        sessions: Sessions = sessions_for(models, Settings(), StopRules(stop_at=0, gain=None), Path(folder), 2)
        server = DrainingServer(uvicorn.Config(create_app(sessions), port=0, log_level="warning"), sessions)
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        loop = asyncio.get_running_loop()
        print(f"{0:4d} captures: {state(loop)}", flush=True)
        for number in range(1, count + 1):
            send = ["-m", "take5.client.cli", "push", address, str(video), "--seconds", str(seconds), "--json"]
            push = await asyncio.create_subprocess_exec(sys.executable, *send, stdout=subprocess.DEVNULL)
            await push.wait()
            while sessions.live:
                await asyncio.sleep(0.05)
            if number in (1, 2, 5) or number % 10 == 0:
                print(f"{number:4d} captures: {state(loop)}", flush=True)
        server.handle_exit(0, None)
        await serving


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=2.0, help="that each sends")
    options = parser.parse_args()
    share_arenas()
    asyncio.run(measure(options.video, options.count, options.seconds))


if __name__ == "__main__":
    main()
