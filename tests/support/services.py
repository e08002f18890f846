"""Services such as coturn and nginx: processes of a test, on loopback, with all their files in its folder."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from repository import ROOT
from serving import eventually

UNPACKED = ROOT / ".cache" / "services"
"""Where scripts/services.sh puts them."""

PROGRAMS = ("usr/sbin", "usr/bin", "usr/lib/postgresql/*/bin")
START_S = 20.0
END_S = 10.0


def program(name: str) -> Path:
    """Path of a service's program, the system's or an unpacked one. Without it a test is skipped; in CI it fails."""
    roots = (Path("/"), UNPACKED)
    found = shutil.which(name) or next((path for root in roots for path in _programs(root, name)), None)
    if found is None:
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing(f"{name} is not here; run make test-services")
    return Path(found)


def _programs(root: Path, name: str) -> list[Path]:
    return [path for folder in PROGRAMS for path in root.glob(f"{folder}/{name}")]


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket(socket.AF_INET, kind) as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
    return port


def answers(port: int) -> Callable[[], bool]:
    """Whether a TCP port of 127.0.0.1 accepts connections."""

    def connects() -> bool:
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", port)) == 0

    return connects


@dataclass
class Service:
    """A running service.

    Attributes
    ----------
    process : subprocess.Popen
        Its process, which is in the foreground.
    output : Path
        File with its standard output and error.
    """

    process: "subprocess.Popen[bytes]"
    output: Path

    @property
    def said(self) -> str:
        """What it has printed."""
        return self.output.read_text(errors="replace")


StartService = Callable[..., Service]
"""What the fixture ``start_service`` gives: :func:`running` in the folder of the test, which ends with the test."""


@contextmanager
def running(
    name: str,
    *arguments: str,
    folder: Path,
    ready: Callable[[], bool],
    environment: Mapping[str, str] | None = None,
    user: int | None = None,
) -> Iterator[Service]:
    """Run a service in ``folder`` from when it is ready until the block ends.

    Parameters
    ----------
    name : str
        Of its program.
    *arguments : str
        They must keep it in the foreground, on loopback, and every file of it in ``folder``.
    folder : Path
        Its working directory.
    ready : callable
        Whether it serves.
    environment : mapping, optional
        Variables besides the test's own.
    user : int, optional
        Runs it as another user.
    """
    path = program(name)
    libraries = os.pathsep.join(map(str, UNPACKED.glob("usr/lib/*-linux-gnu*")))
    searched = {"LD_LIBRARY_PATH": libraries} if path.is_relative_to(UNPACKED) else {}
    output = folder / f"{name}.out"
    with output.open("wb") as written:
        process = subprocess.Popen(
            [str(path), *arguments],
            cwd=folder,
            env={**os.environ, **searched, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            user=user,
        )
    service = Service(process, output)
    try:
        assert eventually(lambda: process.poll() is not None or ready(), START_S), f"{name}: {service.said}"
        assert process.poll() is None, f"{name} ended with {process.returncode}: {service.said}"
        yield service
    finally:
        process.terminate()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
