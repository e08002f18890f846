"""PostgreSQL, on loopback, in a temporary folder, never as root."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from services import UNPACKED, free_port, program, running

USER = "take5"
UNPRIVILEGED = "nobody"
"""Runs it where the tests run as root, which PostgreSQL refuses."""


class PostgreSQL:
    """A server in a folder.

    Parameters
    ----------
    folder : Path
        Gets all of its files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._port, self._running = folder, free_port(), ExitStack()
        self._user = pwd.getpwnam(UNPRIVILEGED).pw_uid if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(folder, self._user, -1)
        self._run("initdb", "-D", "data", "-U", USER, "-A", "trust", "-N", "-E", "UTF8", "--no-locale")

    def start(self) -> None:
        """Start it, with what is there."""
        options = ("-D", "data", "-p", str(self._port), "-h", "127.0.0.1", "-k", str(self._folder), "-F")
        server = running("postgres", *options, folder=self._folder, ready=self._ready, user=self._user)
        self._running.enter_context(server)

    def _ready(self) -> bool:
        """Whether it takes connections, which it does not while it recovers."""
        try:
            self._run("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self._port))
        except subprocess.CalledProcessError:
            return False
        return True

    def stop(self) -> None:
        """Stop it at once; its files stay."""
        self._run("pg_ctl", "stop", "-D", "data", "-m", "immediate", "-s")
        self._running.close()

    def address(self, name: str) -> str:
        """Make a database and return its address."""
        server = f"postgresql://{USER}@127.0.0.1:{self._port}"
        self._run("psql", "-q", f"{server}/postgres", "-c", f"CREATE DATABASE {name}")
        return f"{server}/{name}"

    def _run(self, name: str, *arguments: str) -> None:
        libraries = os.pathsep.join(map(str, UNPACKED.glob("usr/lib/*-linux-gnu*")))
        environment = {**os.environ, **({"LD_LIBRARY_PATH": libraries} if libraries else {})}
        command = [str(program(name)), *arguments]
        subprocess.run(
            command, check=True, user=self._user, cwd=self._folder, stdout=subprocess.DEVNULL, env=environment
        )


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """Run a server until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="take5-postgresql-"))
    try:
        server = PostgreSQL(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
