"""A real server with workers: which processes it has, and their ends."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from killing import Program
from serving import eventually


def workers(server: Program) -> list[int]:
    """Ids of the processes that capture, the oldest first."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    return sorted(int(each) for each in children if b"take5.client.worker" in _command(int(each)))


def captures_in(worker: int, output: Path) -> list[str]:
    """Names of the takes whose spools a worker holds."""
    return [take.name for take in sorted((output / ".spool").glob("*")) if _holds(worker, take)]


def kill(worker: int) -> None:
    """End a worker as a crash would."""
    os.kill(worker, signal.SIGKILL)


@contextmanager
def full_disk(worker: int, longest: int = 10_000) -> Iterator[None]:
    """Let a worker write no file longer than that many bytes while the block lasts, as if the disk were full."""
    import resource  # Linux and macOS have it; prlimit is Linux's

    _, hard = before = resource.prlimit(worker, resource.RLIMIT_FSIZE)
    resource.prlimit(worker, resource.RLIMIT_FSIZE, (longest, hard))
    try:
        yield
    finally:
        resource.prlimit(worker, resource.RLIMIT_FSIZE, before)


def gone(process: int) -> bool:
    """Whether a process has ended, soon."""
    return eventually(lambda: not Path(f"/proc/{process}").exists(), 20)


def _command(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def _holds(process: int, take: Path) -> bool:
    files = [str(each.readlink()) for each in Path(f"/proc/{process}/fd").iterdir() if each.exists()]
    return any(file.startswith(f"{take}/") or file == f"{take}.lock" for file in files)
