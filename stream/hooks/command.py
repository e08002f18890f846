"""``--on-ready COMMAND``: the user's program, started without a shell, informed by argument, environment and stdin."""

import asyncio
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import IO

from take5.scoring.errors import ParameterError
from take5.stream.hooks.delivery import Attempt
from take5.stream.hooks.notice import Notice
from take5.stream.hooks.output_log import ON_READY_LOG, append

SECRET_VARIABLE = "TAKE5_WEBHOOK_SECRET"  # noqa: S105 - the variable's name
"""Environment variable with the webhook's secret."""

SERVERS_OWN = frozenset(
    {SECRET_VARIABLE, "TAKE5_DATABASE", "PGPASSWORD", "TAKE5_TURN_SECRET", "TAKE5_ICE_USERNAME", "TAKE5_ICE_CREDENTIAL"}
)
"""Environment variables with secrets that only the server needs; not passed to commands."""

POLL_S = 0.05
GRACE_S = 2.0
"""Time between SIGTERM and SIGKILL for a process group."""

LAST_WORDS_S = 1.0
"""Time to keep draining a command's output after it exits, since surviving children may hold it open."""

BLOCK_BYTES = 65_536


@dataclass(frozen=True)
class Command:
    """A program and its arguments; the take's folder is appended."""

    arguments: tuple[str, ...]

    @property
    def way(self) -> str:
        """Name in deliveries."""
        return "command"

    @property
    def receiver(self) -> str:
        """The program."""
        return self.arguments[0]

    async def attempts(self, notice: Notice, timeout_s: float, slots: asyncio.Semaphore) -> AsyncIterator[Attempt]:
        """Run it once, and yield the attempt; after ``timeout_s`` its whole process group is ended."""
        async with slots:
            attempt = await self._attempt(notice, timeout_s)
        yield attempt

    async def _attempt(self, notice: Notice, timeout_s: float) -> Attempt:
        begun, since = datetime.now(UTC), monotonic()
        _log(notice, f"== {begun:%Y-%m-%d %H:%M:%S} UTC: {self.receiver}")
        code: int | None = None
        try:
            code = await self._run(notice, timeout_s)
            error = _ending(code)
        except TimeoutError:
            error = f"did not end within {timeout_s:g} s, and was ended"
        except OSError as problem:
            error = f"cannot be started ({problem.strerror or problem})"
        _log(notice, f"== {error or 'done'}")
        return Attempt(begun, monotonic() - since, code, error)

    async def _run(self, notice: Notice, timeout_s: float) -> int:
        process = self._start(notice)
        reader = Thread(target=_keep, args=(process.stdout, notice.folder), name="take5-on-ready", daemon=True)
        reader.start()
        try:
            async with asyncio.timeout(timeout_s):
                while (code := process.poll()) is None:
                    await asyncio.sleep(POLL_S)
            return code
        finally:  # ended too late, or take5 is ending
            if process.poll() is None:
                await _end(process)
            await _over(reader.is_alive, LAST_WORDS_S)

    def _start(self, notice: Notice) -> "subprocess.Popen[bytes]":
        with tempfile.TemporaryFile() as stdin:  # a pipe would need feeding
            stdin.write(notice.body())
            stdin.seek(0)
            return subprocess.Popen(  # noqa: S603 - the user's own program, without a shell
                [*self.arguments, str(notice.folder)],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=environment(notice, os.environ),
                start_new_session=True,
            )


def parse_command(text: str) -> Command:
    """Split a command line as a POSIX shell would, and find its program.

    Raises
    ------
    ParameterError
        If it cannot be split, or the program does not exist.
    """
    try:
        program, *arguments = shlex.split(text) or [""]
    except ValueError as error:
        raise ParameterError(f"--on-ready {text!r}: is not a command line ({error})") from error
    found = shutil.which(program)
    if found is None:
        raise ParameterError(f"--on-ready {text!r}: no program {program!r}; give the path of an executable")
    return Command((str(Path(found).absolute()), *arguments))


def environment(notice: Notice, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return a command's environment: inherited but for the secrets of the server, plus the notice in TAKE5_*."""
    details = notice.details
    bundles = [bundle for bundle in details["bundles"] if bundle.get("error") is None]
    errors = [f"{bundle['trainer']}: {bundle['error']}" for bundle in details["bundles"] if bundle.get("error")]
    clip = next(name for name in details["files"] if name.startswith("clip") and name.endswith(".mp4"))
    own = {
        "ID": notice.id,
        "TYPE": notice.kind,
        "FOLDER": notice.folder,
        "CLIP": notice.folder / clip,
        **{name.upper(): details[name] for name in ("session", "encoder", "tracker", "window_s", "start_s", "end_s")},
        **{name.upper(): details["best"][name] for name in ("I", "D", "MC", "views")},
        "TRAINERS": ",".join(bundle["trainer"] for bundle in bundles),
        "BUNDLES": os.pathsep.join(bundle["path"] for bundle in bundles),
        "MANIFESTS": os.pathsep.join(bundle["manifest"] for bundle in bundles),
        "ERROR": "; ".join(errors),
    }
    kept = {name: value for name, value in inherited.items() if name not in SERVERS_OWN}
    return kept | {f"TAKE5_{name}": "" if value is None else str(value) for name, value in own.items()}


def _ending(code: int) -> str | None:
    """Describe an exit code; None if it is 0."""
    if code >= 0:
        return f"ended with exit code {code}" if code else None
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:  # real-time signals have no names
        return f"was ended by signal {-code}"


def _log(notice: Notice, line: str) -> None:
    append(notice.folder / ON_READY_LOG, f"{line}\n".encode(errors="replace"))


def _keep(output: IO[bytes], folder: Path) -> None:
    """Read a command's output until all writers have closed it, so that it never blocks."""
    with output:
        while block := os.read(output.fileno(), BLOCK_BYTES):
            append(folder / ON_READY_LOG, block)


async def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a process and its group: SIGTERM first, then SIGKILL."""
    for name in ("SIGTERM", "SIGKILL"):
        _signal(process, name)
        if await _over(lambda: _lives(process), GRACE_S):
            return


def _signal(process: "subprocess.Popen[bytes]", name: str) -> None:
    if os.name == "nt":  # no groups there
        process.kill()
        return
    with suppress(ProcessLookupError, PermissionError):  # none left, or only ones ended already
        os.killpg(process.pid, signal.Signals[name])


def _lives(process: "subprocess.Popen[bytes]") -> bool:
    """Whether any process of the group exists."""
    if process.poll() is None or os.name == "nt":
        return process.poll() is None
    try:
        os.killpg(process.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


async def _over(going_on: Callable[[], bool], patience_s: float) -> bool:
    """Wait for a limited time; return whether it has ended."""
    deadline = monotonic() + patience_s
    while going_on():
        if monotonic() > deadline:
            return False
        await asyncio.sleep(POLL_S)
    return True
