"""The server's end of a worker: :class:`WorkerLink`, and the one to a process on this machine."""

import asyncio
import logging
import socket
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from take5.scoring.errors import Take5Error
from take5.stream.workers.frames import Asked, Frames, Said
from take5.stream.workers.protocol import Note, Refusal, Reply, Request
from take5.stream.workers.setup import WorkerSetup

Hear = Callable[[Note], None]
"""Takes the notes of a worker, in order, on the server's event loop."""


EXIT_S = 10.0
"""How long a process may take to end that has closed its connection."""

log = logging.getLogger(__name__)


class WorkerGone(Take5Error):
    """The worker has ended."""


class WorkerLink(Protocol):
    """The way to a worker. Used on the server's event loop."""

    @property
    def name(self) -> str:
        """What the log calls it."""
        ...

    @property
    def ended(self) -> "asyncio.Future[str]":
        """Done when the worker has ended and holds no locks any more, with how it ended in words."""
        ...

    def post(self, request: Request) -> "asyncio.Future[Reply]":
        """Send a request at once; requests arrive in order. The future raises WorkerGone if the worker ends."""
        ...

    def kill(self) -> None:
        """End the worker at once."""
        ...


class WorkerStarter(Protocol):
    """Starts workers."""

    async def start(self, number: int, hear: Hear) -> WorkerLink:
        """Start the worker of a number, from 0; it notes Ready, or Unable. Raise OSError if there can be none."""
        ...


class LocalStarter:
    """Starts workers as processes on this machine.

    Parameters
    ----------
    command : sequence of str
        The worker's program, which gets the descriptor of the connection as its last argument.
    setups : sequence of WorkerSetup
        Of each worker.
    """

    def __init__(self, command: Sequence[str], setups: Sequence[WorkerSetup]) -> None:
        self._command, self._setups = command, setups

    async def start(self, number: int, hear: Hear) -> "LocalLink":
        """Start a worker."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                process = await asyncio.create_subprocess_exec(
                    *self._command, str(theirs.fileno()), stdin=DEVNULL, stdout=DEVNULL, pass_fds=(theirs.fileno(),)
                )
            except BaseException:
                ours.close()
                raise
        frames: Frames[Asked, Said] = Frames(*await asyncio.open_connection(sock=ours), Said)
        link = LocalLink(f"worker {number + 1} (process {process.pid})", process, frames, hear)
        frames.send(Asked(0, self._setups[number]))
        return link


class LocalLink:
    """A worker's process, and the connection to it."""

    def __init__(self, name: str, process: Process, frames: Frames[Asked, Said], hear: Hear) -> None:
        self.name, self._process, self._frames, self._hear = name, process, frames, hear
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._asked = 0
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._listening = asyncio.create_task(self._listen(), name=f"take5-{name}")

    def post(self, request: Request) -> "asyncio.Future[Reply]":
        """Send a request."""
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        if self._listening.done():
            reply.set_exception(WorkerGone(f"{self.name} has ended"))
            return reply
        self._asked += 1
        self._waiting[self._asked] = reply
        self._frames.send(Asked(self._asked, request))
        return reply

    def kill(self) -> None:
        """End the process at once."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def _listen(self) -> None:
        try:
            while (said := await self._frames.read()) is not None:
                self._take(said)
        finally:
            self._frames.close()
            for reply in self._waiting.values():
                if not reply.done():
                    reply.set_exception(WorkerGone(f"{self.name} has ended"))
                    reply.exception()  # nobody may be waiting
            code = await self._exit_code()
            if not self.ended.done():  # cancelled where the server ends at once
                self.ended.set_result(f"was ended by signal {-code}" if code < 0 else f"has ended with code {code}")

    async def _exit_code(self) -> int:
        with suppress(TimeoutError):
            return await asyncio.wait_for(self._process.wait(), EXIT_S)
        self.kill()
        return await self._process.wait()

    def _take(self, said: Said) -> None:
        reply = self._waiting.pop(said.number, None)
        if isinstance(said.message, Reply):
            if reply is not None and not reply.done():
                reply.set_result(said.message)
            return
        try:
            self._hear(said.message)
        except Exception:
            log.exception("what %s notes could not be taken", self.name)


async def asked(link: WorkerLink, request: Request) -> Reply:
    """Send a request and return its reply; raise Refused if it is refused, WorkerGone if the worker ends."""
    reply = await link.post(request)
    if isinstance(reply, Refusal):
        raise reply.error
    return reply


def told(link: WorkerLink, request: Request) -> None:
    """Send a request whose reply says nothing."""
    link.post(request).add_done_callback(lambda reply: reply.cancelled() or reply.exception())
