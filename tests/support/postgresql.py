"""PostgreSQL, on loopback, in a temporary folder, never as root."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from services import UNPACKED, Service, answers, free_port, program, running

USER = "take5"
UNPRIVILEGED = "nobody"
"""Runs it where the tests run as root, which PostgreSQL refuses."""


@dataclass
class PostgreSQL:
    """A running server, with an empty database for each name."""

    port: int
    service: Service
    folder: Path

    def address(self, name: str) -> str:
        """Make a database and return its address."""
        address = f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"
        subprocess.run(
            [program("psql"), "-q", address.replace(f"/{name}", "/postgres"), "-c", f"CREATE DATABASE {name}"],
            check=True,
            env=_environment(),
        )
        return address


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """Run a server until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="take5-postgresql-"))
    user = pwd.getpwnam(UNPRIVILEGED).pw_uid if os.geteuid() == 0 else None
    if user is not None:
        os.chown(folder, user, -1)
    data = folder / "data"
    initdb = [
        str(program("initdb")),
        "-D",
        str(data),
        "-U",
        USER,
        "-A",
        "trust",
        "--no-sync",
        "-E",
        "UTF8",
        "--no-locale",
    ]
    try:
        subprocess.run(initdb, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL, env=_environment())
        yield from _served(folder, data, user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _served(folder: Path, data: Path, user: int | None) -> Iterator[PostgreSQL]:
    port = free_port()
    options = ("-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", str(folder), "-F")
    with running("postgres", *options, folder=folder, ready=answers(port), user=user) as service:
        ready = [str(program("pg_isready")), "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "20"]
        subprocess.run(ready, check=True, env=_environment())
        yield PostgreSQL(port, service, folder)


def _environment() -> dict[str, str]:
    libraries = os.pathsep.join(map(str, UNPACKED.glob("usr/lib/*-linux-gnu*")))
    return {**os.environ, **({"LD_LIBRARY_PATH": libraries} if libraries else {})}
