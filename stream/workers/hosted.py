"""A capture that a worker makes, as the server knows it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from take5.scoring.stopping import StopRule
from take5.stream.events import Event
from take5.stream.server.captures import CaptureListener
from take5.stream.server.errors import Refused, full
from take5.stream.workers.link import WorkerGone, WorkerLink, asked, told
from take5.stream.workers.protocol import (
    Abandon,
    Answer,
    Begin,
    Connected,
    Counted,
    End,
    Note,
    Over,
    Refuse,
    Reply,
    Request,
    Restart,
    Save,
    Saved,
    ShutDown,
    Told,
)
from take5.stream.workers.told import unpacked


class RemoteCapture:
    """A capture that a worker makes.

    Parameters
    ----------
    link : WorkerLink
        The way to the worker.
    capture : str
        The capture's id.
    folder : Path
        The take's folder.
    listener : CaptureListener
        Hears what it tells.
    forget : callable
        Called when it is given up, with its id.
    """

    def __init__(
        self,
        link: WorkerLink,
        capture: str,
        folder: Path,
        listener: CaptureListener,
        forget: Callable[[str], object] = lambda _: None,
    ) -> None:
        self.folder, self._forget = folder, forget
        self._link, self._capture, self._listener = link, capture, listener
        self._done = asyncio.Event()

    async def begin(self) -> str:
        """Begin to receive; return the answer to the offer."""
        reply = await reply_of(self._link, Begin(self._capture))
        return reply.sdp if isinstance(reply, Answer) else ""

    async def abandon(self) -> None:
        """Give up what could not begin; nothing more is told of it."""
        self._forget(self._capture)
        with suppress(Refused):
            await reply_of(self._link, Abandon(self._capture))

    def refuse(self, text: str) -> None:
        """End it: there is no room for its media."""
        told(self._link, Refuse(self._capture, text))

    def restart(self) -> None:
        """Let the stop rules start over."""
        told(self._link, Restart(self._capture))

    def end(self, rule: StopRule) -> None:
        """Let the recording end."""
        told(self._link, End(self._capture, rule))

    async def save(self) -> Event | None:
        """Try to write the clip now; return the outcome, None if there is nothing to write."""
        reply = await reply_of(self._link, Save(self._capture))
        return unpacked(reply.event) if isinstance(reply, Saved) and reply.event is not None else None

    def shut_down(self, within_s: float) -> None:
        """End the recording; analyse no longer than ``within_s``."""
        told(self._link, ShutDown(self._capture, within_s))

    async def wait(self) -> None:
        """Wait until everything has ended."""
        await self._done.wait()

    def hear(self, note: Note) -> None:
        """Take what the worker notes of it."""
        if isinstance(note, Told):
            self._listener.event(unpacked(note.event))
        elif isinstance(note, Connected):
            self._listener.connected()
        elif isinstance(note, Counted):
            self._listener.counted(note.counts)
        elif isinstance(note, Over):
            self._done.set()
            self._listener.over()

    def lose(self) -> None:
        """Take it that the worker is gone."""
        self._done.set()
        self._listener.lost()


async def reply_of(link: WorkerLink, request: Request) -> Reply:
    """Return the reply to a request; raise Refused if it is refused, or the worker ends."""
    try:
        return await asked(link, request)
    except WorkerGone as error:
        raise full("the process that would have done this has ended") from error
