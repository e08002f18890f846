"""The process that prepares bundles, as the one that has started it knows it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer

from take5.stream.hooks.command import SERVERS_OWN
from take5.stream.offline.batch.worker_process import THREADS
from take5.stream.output.atomic import remove_half_prepared
from take5.stream.output.folder_lock import locked
from take5.stream.preparing.priority import Priority
from take5.stream.wire import Json

PROGRAM = (sys.executable, "-m", "take5.stream.preparing.child")
GRACE_S = 5.0
"""How long it may take to remove what is half-written."""

IDLE_PRIORITY = getattr(subprocess, "IDLE_PRIORITY_CLASS", 0)
"""On Windows, which has no niceness."""


class PreparingProcess:
    """A process that prepares bundles.

    Parameters
    ----------
    folders : sequence of Path
        The bundles.
    priority : Priority
        Against what else goes on.

    Raises
    ------
    OSError
        If it cannot be started.
    """

    def __init__(self, folders: Sequence[Path], priority: Priority = Priority.LOW) -> None:
        self._errors = TemporaryFile()  # noqa: SIM115 - closed by read
        # Of its own group, since a terminal sends Ctrl-C to a group; of the same session, in which niceness counts.
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [*PROGRAM, priority, *(str(folder.absolute()) for folder in folders)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=_environment(),
            process_group=None if os.name == "nt" else 0,
            creationflags=IDLE_PRIORITY,
        )
        self._folders, self._longest_s, self._late = tuple(folders), priority.longest_s * len(folders), False
        self._limit = Timer(self._longest_s, self._end_late)
        self._limit.daemon = True

    def read(self) -> Iterator[Json]:
        """Yield what it says of each bundle, in order, until it has ended."""
        assert self._process.stdout is not None  # noqa: S101 - a pipe
        self._limit.start()
        try:
            for line in self._process.stdout:
                if line.endswith(b"\n"):  # or it was killed in the middle of it
                    yield json.loads(line)
            self._process.wait()
        finally:
            self._limit.cancel()

    @property
    def fault(self) -> str:
        """How it ended, in words, where it did not do everything."""
        if self._late:
            return f"was ended after {self._longest_s:.0f} s"
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        code = self._process.returncode
        return f"ended with exit code {code}" + (f" ({lines[-1]})" if code > 0 and lines else "")

    def end(self) -> None:
        """End it, from any thread, and wait until it has ended and nothing half-written is left.

        One that runs only while the machine would be idle may not get to that itself.
        """
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            self._process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.returncode:
            for folder in self._folders:
                with suppress(OSError), locked(folder, wait=False) as free:
                    if free:
                        remove_half_prepared(folder)

    def _end_late(self) -> None:
        self._late = True
        self._process.kill()

    def close(self) -> None:
        """Let go of its pipes, after it has ended."""
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            if pipe is not None:
                pipe.close()


def _environment() -> dict[str, str]:
    """Without the secrets of the server; with one thread for each of numpy's libraries, whose idle threads spin."""
    kept = {name: value for name, value in os.environ.items() if name not in SERVERS_OWN}
    return dict.fromkeys(THREADS, "1") | kept
