"""Which server works in an output folder: its process id in a file, locked as long as it lives."""

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from take5.scoring.errors import ServerError

LOCK, PROCESS = ".server.lock", ".server.pid"
log = logging.getLogger(__name__)


@contextmanager
def known(output: Path) -> Iterator[None]:
    """Let :func:`reload_server` find this process while the block lasts.

    Of several servers with one output folder, the first is found.
    """
    lock = FileLock(output / LOCK, timeout=0, thread_local=False)
    try:
        output.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except (Timeout, OSError) as error:
        log.warning("take5 reload will not find this server: %s", error)
        yield
        return
    try:
        with suppress(OSError):
            (output / PROCESS).write_text(f"{os.getpid()}\n")
        yield
    finally:
        with suppress(OSError):
            (output / PROCESS).unlink()
        lock.release()


def reload_server(output: Path) -> int:
    """Ask the server of an output folder for new workers; return its process id.

    Raises
    ------
    ServerError
        If there is none.
    """
    none = f"{output}: no take5 serve --workers writes to this folder; give its output folder with -o"
    lock = FileLock(output / LOCK, timeout=0, thread_local=False)
    if not (output / LOCK).exists():
        raise ServerError(none)
    try:
        with lock:
            raise ServerError(none)
    except Timeout:
        pass
    try:
        process = int((output / PROCESS).read_text())
        os.kill(process, signal.SIGUSR2)
    except (OSError, ValueError) as error:
        raise ServerError(f"{output / PROCESS}: the server cannot be asked ({error})") from error
    return process
