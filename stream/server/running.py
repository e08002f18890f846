"""Which servers work in an output folder: a file for each with its process id in its name, locked while it lives."""

import logging
import os
import re
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from take5.scoring.errors import ServerError

NAME = ".server-{host}-{process}.lock"
"""Of the file: a folder may be shared with servers of other machines, which have process ids of their own."""

RELOAD: int | None = getattr(signal, "SIGUSR2", None)
"""SIGUSR2: let new processes make the captures. Windows does not have it."""

log = logging.getLogger(__name__)


@contextmanager
def known(output: Path) -> Iterator[None]:
    """Let :func:`reload_servers` find this process while the block lasts."""
    _survive_reload()
    path = output / NAME.format(host=_host(), process=os.getpid())
    lock = FileLock(path, timeout=0, thread_local=False)
    try:
        output.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except (Timeout, OSError) as error:
        log.warning("take5 reload will not find this server: %s", error)
        yield
        return
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        lock.release()


def reload_servers(output: Path) -> list[int]:
    """Ask the servers of an output folder on this machine for new workers; return their process ids.

    Raises
    ------
    ServerError
        If there is none, or one cannot be asked.
    """
    found = re.compile(re.escape(NAME).replace(r"\{host\}", re.escape(_host())).replace(r"\{process\}", r"(\d+)"))
    try:
        names = [] if not output.is_dir() else [found.fullmatch(path.name) for path in sorted(output.iterdir())]
        asked = [int(name[1]) for name in names if name is not None and _is_locked(output / name[0])]
    except OSError as error:
        place, why = error.filename or output, error.strerror or error
        raise ServerError(f"{place}: cannot be read ({why}); reload as the user that runs the server") from error
    if not asked or RELOAD is None:
        raise ServerError(
            f"{output}: no take5 serve --workers of this machine writes to this folder; give its output folder with -o"
        )
    for process in asked:
        try:
            os.kill(process, RELOAD)
        except OSError as error:
            raise ServerError(f"{output}: the server (process {process}) cannot be asked ({error.strerror})") from error
    return asked


def _is_locked(path: Path) -> bool:
    """Whether the server of a file lives; the file of one that does not is removed."""
    lock = FileLock(path, timeout=0, thread_local=False)
    try:
        with lock:
            path.unlink(missing_ok=True)
    except Timeout:
        return True
    return False


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "_", socket.gethostname())


def _survive_reload() -> None:
    """Let SIGUSR2 do nothing until the server handles it: its workers are about to be new anyway."""
    if RELOAD is not None and threading.current_thread() is threading.main_thread():
        signal.signal(RELOAD, lambda *_: None)  # a handler, since programs inherit SIG_IGN
