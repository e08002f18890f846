"""A worker's side: requests in, replies and notes out, whatever carries them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from take5.scoring.stopping import StopRule
from take5.stream.events import Event
from take5.stream.server.captures import CaptureHost, CutOff, HostedCapture
from take5.stream.server.counts import CaptureCounts
from take5.stream.server.errors import Refused, full
from take5.stream.server.rooms import Room
from take5.stream.workers.protocol import (
    Abandon,
    Answer,
    Begin,
    Connected,
    Counted,
    CutOffTake,
    Done,
    End,
    Find,
    Found,
    Leave,
    Note,
    Over,
    Prepare,
    Prepared,
    Recover,
    Recovered,
    RecoveryTold,
    Refusal,
    Refuse,
    Reply,
    Request,
    Restart,
    Save,
    Saved,
    ShutDown,
    Stop,
    Told,
)
from take5.stream.workers.told import packed

DONE = Done()
log = logging.getLogger(__name__)


class Service:
    """Does what the server requests. Used on one event loop.

    Parameters
    ----------
    host : CaptureHost
        Makes the captures, in this process.
    note : callable
        Takes the notes for the server, in order.

    Attributes
    ----------
    left : asyncio.Event
        Set when the worker was asked to leave, and everything that went on has ended.
    stopped : bool
        Whether the server is ending.
    """

    def __init__(self, host: CaptureHost, note: Callable[[Note], None]) -> None:
        self._host, self._note = host, note
        self._captures: dict[str, HostedCapture] = {}
        self._begun: set[str] = set()
        self._preparing: dict[str, bool] = {}
        """Whether each capture that is being prepared is still wanted."""
        self._found: dict[str, CutOff] = {}
        self._recovering: set[asyncio.Task[None]] = set()
        self._room = Room(lambda: (0.0, 0.0))  # the server counts
        self._leaving = self.stopped = False
        self.left = asyncio.Event()
        self._doing: dict[type[Request], Callable[[Any], Awaitable[Reply]]] = {
            Prepare: self._prepare,
            Begin: self._begin,
            Abandon: self._abandon,
            Save: self._save,
            Find: self._find,
        }

    async def handle(self, request: Request) -> Reply:
        """Do what is requested; requests that are handed over in order begin in order."""
        try:
            do = self._doing.get(type(request))
            if do is not None:
                return await do(request)
            self._do_now(request)
        except Refused as error:
            return Refusal.of(error)
        except Exception as error:
            log.exception("a request of the server failed")
            return Refusal(500, "internal", f"an internal error: {error}", {})
        return DONE

    def over(self, capture: str) -> None:
        """Forget a capture, of which everything has ended."""
        self._captures.pop(capture, None)
        self._begun.discard(capture)
        self._note(Over(capture))
        self._leave_if_idle()

    def _do_now(self, request: Request) -> None:
        if isinstance(request, Leave):
            self._leaving = True
            self._leave_if_idle()
        elif isinstance(request, Stop):
            self.stopped = True
            self._host.end()
        elif isinstance(request, Recover):
            task = asyncio.create_task(self._recover(request.take))
            self._recovering.add(task)
            task.add_done_callback(self._recovered)
        elif isinstance(request, Refuse | Restart | End | ShutDown):
            capture = self._captures.get(request.capture)
            if capture is not None:  # it may have ended meanwhile
                _tell(capture, request)

    async def _prepare(self, request: Prepare) -> Reply:
        if self._leaving:
            raise full("the process that would capture is leaving")
        self._preparing[request.capture] = True
        try:
            listener = Listener(request.capture, self, self._note)
            capture = await self._host.prepare(request.request, listener, self._room)
        finally:
            wanted = self._preparing.pop(request.capture)
            asyncio.get_running_loop().call_soon(self._leave_if_idle)
        if not wanted:
            await capture.abandon()
            return DONE
        self._captures[request.capture] = capture
        return Prepared(str(capture.folder))

    async def _begin(self, request: Begin) -> Reply:
        answer = await self._captures[request.capture].begin()
        self._begun.add(request.capture)
        return Answer(answer)

    async def _abandon(self, request: Abandon) -> Reply:
        capture = self._captures.get(request.capture)
        if request.capture in self._preparing:
            self._preparing[request.capture] = False
        elif capture is not None and request.capture in self._begun:
            capture.end(StopRule.ENDED)
        elif capture is not None:
            del self._captures[request.capture]
            await capture.abandon()
            self._leave_if_idle()
        return DONE

    async def _save(self, request: Save) -> Reply:
        capture = self._captures.get(request.capture)
        outcome = None if capture is None else await capture.save()
        return Saved(None if outcome is None else packed(outcome))

    async def _find(self, request: Find) -> Reply:
        takes = None if request.takes is None else list(map(Path, request.takes))
        found = await self._host.find(takes)
        self._found |= {str(each.take): each for each in found}
        return Found(tuple(CutOffTake(each.begun, str(each.take)) for each in found))

    async def _recover(self, take: str) -> None:
        def emit(event: Event) -> None:
            self._note(RecoveryTold(take, packed(event)))

        await self._host.recover(self._found.pop(take), emit)
        self._note(Recovered(take))

    def _recovered(self, task: "asyncio.Task[None]") -> None:
        self._recovering.discard(task)
        self._leave_if_idle()

    def _leave_if_idle(self) -> None:
        if self._leaving and not self._captures and not self._preparing and not self._found and not self._recovering:
            self.left.set()


class Listener:
    """Notes what a capture tells."""

    def __init__(self, capture: str, service: Service, note: Callable[[Note], None]) -> None:
        self._capture, self._note = capture, note
        self.over = partial(service.over, capture)

    def connected(self) -> None:
        """Note it."""
        self._note(Connected(self._capture))

    def event(self, event: Event) -> None:
        """Note it."""
        self._note(Told(self._capture, packed(event)))

    def counted(self, counts: CaptureCounts) -> None:
        """Note it."""
        self._note(Counted(self._capture, counts))

    def lost(self) -> None:
        """Do nothing: who could tell it is gone."""


def _tell(capture: HostedCapture, request: Refuse | Restart | End | ShutDown) -> None:
    if isinstance(request, Refuse):
        capture.refuse(request.text)
    elif isinstance(request, Restart):
        capture.restart()
    elif isinstance(request, End):
        capture.end(request.rule)
    else:
        capture.shut_down(request.within_s)
