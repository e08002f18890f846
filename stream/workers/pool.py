"""The workers of a server: started, chosen, watched, replaced."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any

from take5.stream.events import Event, Failed, Failure, State, StateChanged
from take5.stream.hooks.dispatcher import CLOSE_S
from take5.stream.server.admission import Admission
from take5.stream.server.captures import CaptureListener, CaptureRequest, CutOff
from take5.stream.server.counts import HostUsage
from take5.stream.server.errors import Refused, full
from take5.stream.server.rooms import Room
from take5.stream.spool.folder import has_spools
from take5.stream.workers.hosted import RemoteCapture, reply_of
from take5.stream.workers.link import WorkerLink, WorkerStarter, told
from take5.stream.workers.member import Member, Recovering
from take5.stream.workers.protocol import Abandon, Find, Found, Leave, Prepare, Prepared, Ready, Recover, Stop, Unable
from take5.stream.workers.usage import WorkersUsage

READY_S = 120.0
"""Longest time from a worker's start until its models are loaded."""

BACKOFF_S, LONGEST_BACKOFF_S = 1.0, 30.0
"""How long after it ended at its start a worker is started again: at first, and at most."""

GIVE_UP = 5
"""How often in a row a worker may end at its start; then no more is started in its place."""

STEADY_S = 60.0
"""How long a worker has to last for its death not to count as one at its start."""

SUCCESSOR_S = 30.0
"""How long captures that a worker has left behind wait for its successor, before another one recovers them."""

SILENT_S = 30.0
"""How long a worker may note nothing, not even its load; then it hangs, and is ended."""

LOOK_S = 1.0
"""How often that is looked at. Looks are counted, not seconds: a server that was stopped itself has not looked."""

LEAVE_S = CLOSE_S + 10.0
"""How long workers may take to end, at the end."""

log = logging.getLogger(__name__)


class WorkerPool:
    """Makes captures in processes of their own.

    Parameters
    ----------
    starter : WorkerStarter
        Starts them.
    admission : Admission
        Gets a room for each.
    output : Path
        The output folder, which is theirs, too.
    capacities : sequence of float
        Captures at a time, at most, of each; as many as there are workers.
    failed : callable
        Called if no worker can begin.

    Attributes
    ----------
    fault : str, optional
        Why workers cannot begin, which will not change.
    """

    def __init__(
        self,
        starter: WorkerStarter,
        admission: Admission,
        output: Path,
        capacities: Sequence[float] = (inf,),
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        self._starter, self._admission, self._capacities = starter, admission, capacities
        self._output, self._failed = output, failed
        self._members: list[Member] = []
        self._usage = WorkersUsage()
        self._tasks: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()
        self._cut_off: Callable[[Collection[Path]], Awaitable[None]] | None = None
        self._given_up: set[int] = set()
        self._renewing: set[int] = set()
        """Numbers whose next worker has not taken on captures yet."""
        self._closing = self._was_ready = False
        self.fault: str | None = None

    def start(self, cut_off: Callable[[Collection[Path]], Awaitable[None]]) -> None:
        """Start the workers."""
        self._cut_off = cut_off
        self.reload()

    async def ready(self) -> None:
        """Wait until a worker is ready, or none will be."""
        while not (self._open or len(self._given_up) == len(self._capacities) or self.fault or self._closing):
            self._news.clear()
            await self._news.wait()

    async def prepare(self, request: CaptureRequest, listener: CaptureListener, room: Room) -> RemoteCapture:
        """Accept an offer in the worker that a room belongs to."""
        member = next((each for each in self._members if each.room is room), None)
        if member is None or member.link is None:
            raise full("the process that would capture has ended")
        try:
            reply = await reply_of(member.link, Prepare.of(request))
        except asyncio.CancelledError:
            told(member.link, Abandon(request.capture))
            raise
        if member not in self._members or not isinstance(reply, Prepared):
            raise full("the process that would capture has ended")
        capture = RemoteCapture(member.link, request.capture, Path(reply.folder), listener, member.forget)
        member.captures[request.capture] = capture
        return capture

    async def find(self, takes: Collection[Path] | None = None) -> list[CutOff]:
        """Let a worker find the captures whose process is gone."""
        if not (has_spools(self._output) if takes is None else takes):
            return []
        return await self._find(await self._any(), takes)

    async def recover(self, found: CutOff, emit: Callable[[Event], None]) -> None:
        """Let a worker make the clip of a capture. If that ends it, no other one tries: it might end, too."""
        with suppress(Refused):
            if await self._recovered(found, emit):
                return
        if self._closing:
            return
        emit(StateChanged(0, State.FAILED))
        emit(Failed(0, Failure.INTERNAL, "it was cut off, and is left as it is: its recovery ended the process"))
        log.error("%s is left as it is: the process that recovered it has ended; use take5 recover", found.take)

    @property
    def usage(self) -> HostUsage:
        """What the workers have used and done so far."""
        return self._usage.so_far

    def reload(self) -> None:
        """Replace every worker but those that are just starting; the old ones leave when their captures have ended."""
        self._given_up.clear()
        for number in range(0 if self._closing else len(self._capacities)):
            if number not in self._renewing:
                self._renewing.add(number)
                self._go(self._keep(number), f"take5-worker-{number + 1}")

    def end(self) -> None:
        """Begin no recovery any more, and start no workers."""
        self._closing = True
        self._news.set()
        for link in self._links:
            told(link, Stop())

    async def close(self) -> None:
        """Let the workers leave, and end those that do not."""
        self.end()
        links = self._links
        for member in self._members:
            if member.link is not None and not member.is_ready:
                member.link.kill()
        for link in links:
            told(link, Leave())
        if links:
            _, late = await asyncio.wait([link.ended for link in links], timeout=LEAVE_S)
            for link in links:
                if link.ended in late:
                    link.kill()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def _links(self) -> list[WorkerLink]:
        return [member.link for member in self._members if member.link is not None and not member.link.ended.done()]

    @property
    def _open(self) -> list[Member]:
        return [member for member in self._members if member.opened and not member.leaving]

    def _go(self, work: Awaitable[None], name: str) -> None:
        task = asyncio.ensure_future(_logged(work, name))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _any(self) -> Member:
        """Return the worker to recover captures, one without captures of its own if there is one."""
        able = [member for member in self._members if member.is_ready and not member.leaving]
        if not able:
            await self.ready()
            able = self._open
        if not able:
            raise full("no process that captures is there")
        return min(able, key=lambda member: (member.opened, len(member.recovering) + len(member.captures)))

    async def _find(self, member: Member, takes: Collection[Path] | None) -> list[CutOff]:
        assert member.link is not None  # noqa: S101 - it is ready
        reply = await reply_of(member.link, Find(None if takes is None else tuple(map(str, takes))))
        found = reply.cut_off if isinstance(reply, Found) else ()
        member.found |= {each.take for each in found}
        return [CutOff(each.begun, Path(each.take)) for each in found]

    async def _recovered(self, found: CutOff, emit: Callable[[Event], None]) -> bool:
        """Whether a recovery has come to its end."""
        take = str(found.take)
        member = next((each for each in self._members if take in each.found), None) or await self._any()
        if take not in member.found and not await self._find(member, [found.take]):
            return False
        member.found.discard(take)
        over: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        member.recovering[take] = Recovering(emit, over)
        assert member.link is not None  # noqa: S101 - it is ready
        told(member.link, Recover(take))
        return await over

    async def _keep(self, number: int) -> None:
        """Start a worker, and its successors, until the end, or until another one has its number."""
        failures, lost = 0, list[Path]()
        while not self._closing and self.fault is None:
            begun, beginning = monotonic(), asyncio.ensure_future(self._begin(number))
            try:
                if lost and not (await asyncio.wait([beginning], timeout=SUCCESSOR_S))[0]:
                    self._go(self._recover(lost), "take5-recover-lost")
                    lost = []
                member = await beginning
            finally:
                beginning.cancel()
            if member is not None:
                self._go(self._settle(member, lost), f"take5-settle-{number + 1}")
                lost = await self._watch(member)
                if member.leaving:
                    self._abandon(lost)
                    return
            failures = 0 if member is not None and monotonic() - begun >= STEADY_S else failures + 1
            if failures >= GIVE_UP:
                log.error(
                    "worker %d has ended %d times in a row at its start: no other is started", number + 1, failures
                )
                self._given_up.add(number)
                self._renewing.discard(number)
                self._news.set()
                self._abandon(lost)
                return
            if failures > 1:
                await asyncio.sleep(min(LONGEST_BACKOFF_S, BACKOFF_S * 2 ** (failures - 2)))

    def _abandon(self, lost: Collection[Path]) -> None:
        """Let any worker recover what one has left that has no successor."""
        if lost:
            self._go(self._recover(lost), "take5-recover-lost")

    async def _begin(self, number: int) -> Member | None:
        """Start a worker and wait until it is ready; return None if it is not going to be."""
        member = Member(number, self._admission.assumed, self._capacities[number], usage=self._usage)
        try:
            member.link = link = await self._starter.start(number, member.hear)
        except OSError as error:
            log.error("worker %d cannot be started: %s", number + 1, error.strerror or error)  # noqa: TRY400 - no bug
            return None
        self._members.append(member)
        first_of: list[asyncio.Future[Any]] = [member.ready, link.ended]
        await asyncio.wait(first_of, timeout=READY_S, return_when=asyncio.FIRST_COMPLETED)
        if member.ready.done() and isinstance(member.ready.result(), Ready) and not self._closing:
            self._was_ready = True
            return member
        if member.ready.done() and isinstance(first := member.ready.result(), Unable):
            self._refuse(first.text)
        elif not (link.ended.done() or self._closing):
            log.error("%s is not ready after %g s, and is ended", link.name, READY_S)
        link.kill()
        await self._watch(member)
        return None

    def _refuse(self, text: str) -> None:
        """Say why a worker cannot begin; if none ever could, none is started any more."""
        if self._was_ready:
            log.error("a worker cannot begin: %s", text)
        elif self.fault is None:
            self.fault = text
            self._news.set()
            self._failed()

    async def _settle(self, member: Member, lost: Collection[Path]) -> None:
        """Let a worker recover what its predecessor has left, then take on captures; others of its number leave."""
        await self._recover(lost)
        if member not in self._members or self._closing or member.leaving:
            return
        member.opened = True
        self._renewing.discard(member.number)
        self._admission.add(member.room)
        self._news.set()
        for other in self._members:
            if other.number == member.number and other is not member:
                self._dismiss(other)

    async def _recover(self, lost: Collection[Path]) -> None:
        if lost and self._cut_off is not None and not self._closing:
            await self._cut_off(lost)

    def _dismiss(self, member: Member) -> None:
        """Let a worker end when its captures have."""
        member.leaving = True
        self._admission.close(member.room)
        if member.link is not None:
            told(member.link, Leave())

    async def _watch(self, member: Member) -> list[Path]:
        """Wait until a worker has ended; return the takes that it has left behind."""
        assert member.link is not None  # noqa: S101 - it has begun
        hanging = asyncio.create_task(_end_hanging(member, member.link))
        how = await member.link.ended
        hanging.cancel()
        self._members.remove(member)
        lost = [capture.folder for capture in member.end()]
        self._admission.close(member.room)
        if lost or not (member.leaving or self._closing or self.fault):
            log.error("%s %s; captures that it leaves behind: %d", member.link.name, how, len(lost))
        return lost


async def _end_hanging(member: Member, link: WorkerLink) -> None:
    """End a worker once it hangs."""
    looks = 0
    while looks * LOOK_S < SILENT_S:
        noted = member.notes
        await asyncio.sleep(LOOK_S)
        looks = looks + 1 if member.notes == noted else 0
    log.error("%s has noted nothing for %g s, and is ended", link.name, SILENT_S)
    link.kill()


async def _logged(work: Awaitable[None], name: str) -> None:
    try:
        await work
    except Exception:
        log.exception("%s failed", name)
