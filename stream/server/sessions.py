"""The sessions of a server: who may send, who follows, what is kept."""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic, process_time

from take5.scoring.stopping import StopRule, StopRules
from take5.stream.analysis.models import Models
from take5.stream.events import ClipReady, Failed, Failure, State
from take5.stream.live.snapshot import About
from take5.stream.output.free_space import size_text
from take5.stream.server.admission import Admission
from take5.stream.server.captures import CaptureHost
from take5.stream.server.counts import HostUsage
from take5.stream.server.decisions import Decisions
from take5.stream.server.entry import Entry, checked_name
from take5.stream.server.errors import Refused, full
from take5.stream.server.feed import Follower
from take5.stream.server.lengths import Choice, Scoring
from take5.stream.server.listener import ServerListener
from take5.stream.server.options import DEFAULT_OPTIONS, ServerOptions
from take5.stream.server.preparing import Preparing
from take5.stream.server.recovered import recover_all, recover_lost, reserve
from take5.stream.server.registry import Registry
from take5.stream.server.senders import Senders
from take5.stream.server.space import Space
from take5.stream.server.watch import (
    CaptureOrder,
    SessionWatch,
)
from take5.stream.settings import Settings
from take5.stream.sources.webrtc.ice_servers import IceServers
from take5.stream.spool.records import Begun

MAX_FOLLOWERS = 500
DRAIN_S = 30.0
"""Maximum time to wait for captures to finish at shutdown."""

DRAIN_ANALYSIS_S = 20.0
"""How much of that time may go into skipped windows; the rest is for clips, bundles and reports."""

log = logging.getLogger(__name__)


class Sessions:
    """All sessions, by name.

    Parameters
    ----------
    choice : Choice
        What captures are scored with, by the lengths of windows that their senders choose.
    output : Path
        Gets a folder for each capture.
    admission : Admission
        Gives their places to senders.
    options : ServerOptions
        What its captures have in common.
    space : Space, optional
        Of the output folder, if the host watches over it, too.
    host : CaptureHost
        Makes the captures, and the clips of those whose process was killed.

    Attributes
    ----------
    output : Path
        The same.
    decisions : Decisions
        Which takes are accepted.
    draining : bool
        Whether every capture is being ended, and no other begins.

    Raises
    ------
    ParameterError
        If an ICE server's address is not valid.
    """

    def __init__(
        self,
        choice: Choice,
        output: Path,
        admission: Admission,
        host: CaptureHost,
        options: ServerOptions = DEFAULT_OPTIONS,
        space: Space | None = None,
    ) -> None:
        self.space, self._host = space or Space(output, options.min_free), host
        self.about, self.admission, self.options = choice.scoring.about, admission, options
        rules = choice.scoring.rules
        self.ice = IceServers(options.ice_servers, rules.cap_s + rules.idle_s)
        self.output, self._choice = output, choice
        self._registry = Registry(choice.scoring, options.deliverables)
        self._names, self.decisions = self._registry.names, Decisions(self._registry)
        self._preparing = Preparing(self._registry, options.hooks)
        self._senders = Senders(self._registry, choice, output, admission, host, self.space, self._preparing)
        self.draining = False

    @property
    def order(self) -> CaptureOrder:
        """How sessions are captured for which nothing else is ordered."""
        return self._registry.usual(self._choice.scoring)

    @property
    def watch(self) -> SessionWatch:
        """Keeps records of the sessions; by default there are none."""
        return self._registry.watch

    @watch.setter
    def watch(self, watch: SessionWatch) -> None:
        self._registry.watch = watch

    @property
    def seconds(self) -> tuple[float, ...]:
        """The lengths of windows that senders may choose, in seconds."""
        return self._choice.seconds

    @property
    def seconds_by_default(self) -> tuple[float, ...]:
        """The lengths of a capture whose sender chooses none."""
        return self._choice.scoring.settings.seconds

    @property
    def live(self) -> int:
        """Captures that are going on or connecting."""
        return self.admission.captures + self.admission.pending

    def entry(self, name: str) -> Entry:
        """Return what belongs to a name; raise Refused if there is nothing."""
        return self._registry.entry(name)

    async def find(self, name: str) -> Entry:
        """Return what belongs to a name, of an earlier process if need be; raise Refused if there is nothing."""
        return await self._registry.find(name)

    async def begin(
        self,
        name: str | None,
        offer: str,
        address: str | None = None,
        seconds: Sequence[str] = (),
        lost_s: float | None = None,
    ) -> tuple[str, str, str]:
        """Accept a sender (:meth:`Senders.begin`)."""
        try:
            return await self._senders.begin(name, offer, address, seconds, lost_s)
        except Refused as error:
            self._names.listener.refused(error.code)
            raise

    def listen(self, listener: ServerListener) -> None:
        """Let what goes on be heard, whatever the session, from now on."""
        self._names.listener = listener

    @property
    def usage(self) -> HostUsage:
        """What the processes that make captures, and this one, have used and done so far."""
        usage, hooks = self._host.usage, self.options.hooks
        notices = Counter(usage.notices)
        notices.update({} if hooks is None else hooks.outcomes)  # of prepared bundles, for example
        return HostUsage(usage.cpu_s, notices)

    @property
    def unread(self) -> list[int]:
        """How many events each follower has not read."""
        return [follower.unread for entry in self._names for follower in list(entry.feed.followers)]

    async def state(self, name: str) -> State:
        """Return the state of a name's capture; that of a name without one, if it has none."""
        try:
            return (await self.find(name)).feed.now.state
        except Refused as error:
            if error.status != 404:
                raise
            return State.WAITING

    def end(self, name: str, capture_id: str | None = None, rule: StopRule = StopRule.ENDED) -> None:
        """End a sender's capture, as it wishes; without an id, whichever is going on."""
        entry = self.entry(name)
        if capture_id is None and entry.capture is None:
            raise Refused(404, "not_found", f"session {name!r} has no capture that is going on")
        if capture_id is not None and not secrets.compare_digest(entry.capture_id.encode(), capture_id.encode()):
            raise Refused(404, "not_found", f"session {name!r} has no such capture; it may have ended")
        if entry.capture is not None:
            entry.capture.end(rule)

    async def save(self, name: str) -> ClipReady:
        """Try now to write a clip that could not be written; return the clip, also of a capture that has one."""
        entry = await self.find(name)
        outcome = await entry.capture.save() if entry.clip is None and entry.capture is not None else None
        if isinstance(outcome, Failed) and outcome.failure is Failure.NOT_WRITTEN:
            free = await self.space.free()
            room = "" if free is None else f"; {size_text(free)} are free"
            raise Refused(507, "not_written", f"{outcome.text}{room}; make room, and try again")
        if entry.clip is None:
            raise Refused(404, "not_found", f"session {name!r} has no clip to save")
        return entry.clip

    async def follow(self, name: str) -> tuple[Entry, Follower]:
        """Begin to follow a name, which need not have a sender yet."""
        scoring, _ = await self._registry.ordered(checked_name(name))
        await self._registry.restore(name)
        self._registry.refuse_closed(name)
        if sum(len(entry.feed.followers) for entry in self._names) >= MAX_FOLLOWERS:
            raise full(f"{MAX_FOLLOWERS} follow this server's sessions")
        entry = self._names.open(name, scoring.about)
        return entry, entry.feed.follow()

    async def file(self, name: str, file: str, take: str | None = None) -> Path | None:
        """Return where a file of a name's last clip is, or of a take; None if it has none."""
        if take is None:
            return (await self.find(name)).file(file)
        self._registry.refuse_closed(name)
        found = await self.watch.take(name, take)
        return None if found is None else found.file(file)

    async def accept(self, name: str, take: str | None = None) -> ClipReady:
        """Accept the clip of a name, or that of one of its takes; return it."""
        entry = await self.find(name)
        if take is not None:
            return await self._accept_earlier(entry, take)
        if entry.clip is None:
            raise Refused(404, "not_found", f"session {name!r} has no clip to accept")
        await self.decisions.accept(name, entry.folder)
        assert entry.clip is not None  # noqa: S101 - a clip stays until there is another
        return entry.clip

    async def _accept_earlier(self, entry: Entry, take: str) -> ClipReady:
        found = await self.watch.take(entry.feed.name, take)
        if found is None:
            raise Refused(404, "not_found", f"session {entry.feed.name!r} has no take {take!r}")
        if found.clip is None:
            raise Refused(409, "no_clip", f"take {take!r} has no clip")
        if entry.needed and entry.folder != found.take:
            raise Refused(409, "busy", "another take of the session is being captured", {"Retry-After": "10"})
        await self.decisions.accept(entry.feed.name, found.take)
        return replace(found.clip, accepted=True)

    def hang_up(self, name: str) -> None:
        """End the capture of a name, if one is going on, and let no other begin, nor anyone follow."""
        self._registry.close(name)
        entry = self._names.get(name)
        if entry is not None and entry.capture is not None:
            entry.capture.end(StopRule.ENDED)

    async def remove(self, name: str) -> bool:
        """End everything under a name and forget it, but for its files; False if something is still being written."""
        self._registry.close(name)
        entry = self._names.get(name)
        if entry is not None and entry.capture is not None:
            entry.capture.shut_down(0.0)
            with suppress(TimeoutError):
                await asyncio.wait_for(entry.capture.wait(), DRAIN_S)
        await self._preparing.stop(name)
        if entry is None:
            return True
        if entry.needed:
            return False
        self._names.remove(entry)
        return True

    def unfollow(self, entry: Entry, follower: Follower) -> None:
        """End following."""
        entry.feed.followers.discard(follower)
        self._names.leave(entry)

    async def recover(self) -> "asyncio.Task[None]":
        """Find the captures in the output folder whose process is gone; their names answer with their clips.

        Returns the task that makes the clips, one after the other, while other sessions begin. ICE servers that do not
        answer are named in the log.
        """
        self._host.start(self._recover_lost)
        try:
            found = await self._host.find()
        except Refused as error:
            log.warning("captures that were cut off are left to the next start: %s", error)
            found = []
        self.watch.restarted(self.output, {each.begun.session for each in found})
        reserved = [(each, reserve(self._names, each.begun, self._about(each.begun))) for each in found]
        recovering = recover_all(self._host, reserved, self._names, self._about, self.watch)
        return asyncio.create_task(recovering, name="take5-recover")

    async def _recover_lost(self, takes: Collection[Path]) -> None:
        await recover_lost(self._host, takes, self._names, self._about, self.watch)

    def _about(self, begun: Begun) -> About:
        """What the followers of a recovered capture are told."""
        return replace(self._choice.scoring, settings=begun.settings).about

    async def drain(self) -> None:
        """End every capture and wait until its clip is saved; bundles that are not prepared yet are left so."""
        self.draining = True
        self._senders.end()
        self._host.end()
        leaving = asyncio.create_task(self._preparing.close(), name="take5-preparation")
        captures = [entry.capture for entry in self._names if entry.capture is not None]
        for capture in captures:
            capture.shut_down(DRAIN_ANALYSIS_S)
        if captures:
            await asyncio.wait([asyncio.create_task(capture.wait()) for capture in captures], timeout=DRAIN_S)
        await self._host.close()
        await leaving

    def reload(self) -> None:
        """Let new processes make the captures that begin from now on, if it has processes for them."""
        self._host.reload()


def sessions_for(
    models: Models,
    settings: Settings,
    rules: StopRules,
    output: Path,
    admission: Admission | int,
    options: ServerOptions = DEFAULT_OPTIONS,
) -> Sessions:
    """Return sessions that share these models and settings, so many at a time, or as ``admission`` says."""
    from take5.stream.server.local_host import LocalHost, network_of  # a server with workers receives no media

    choice = Choice(Scoring(models.encoder.name, models.tracker_name, settings, rules), options.seconds)
    places = Admission(admission, usage) if isinstance(admission, int) else admission
    network = network_of(options, places.capacity, rules.cap_s + rules.idle_s)
    space = Space(output, options.min_free)
    return Sessions(choice, output, places, LocalHost(models, output, options, network, space), options, space)


def usage() -> tuple[float, float]:
    """Seconds of a steady clock, and CPU seconds of this process."""
    return monotonic(), process_time()
