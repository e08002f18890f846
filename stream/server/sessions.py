"""The sessions of a server: who may send, who follows, what is kept."""

import asyncio
import secrets
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic, process_time

from take5.scoring.errors import NoPortFree, OfferMalformed, OfferUnusable
from take5.scoring.stopping import StopRule, StopRules
from take5.stream.analysis.models import Models
from take5.stream.deliverables import Deliverables
from take5.stream.events import ClipReady, Event, Failed, Failure
from take5.stream.live.begin import begin_take
from take5.stream.live.snapshot import About
from take5.stream.output.free_space import size_text, too_little
from take5.stream.server.acceptance import is_accepted, withdraw_accepted, write_accepted
from take5.stream.server.admission import Admission, Place, PlaceState
from take5.stream.server.capture import Capture
from take5.stream.server.earlier import restore
from take5.stream.server.entry import Entry, checked_name
from take5.stream.server.errors import Refused, full
from take5.stream.server.feed import Follower
from take5.stream.server.lengths import Choice, Scoring
from take5.stream.server.names import KEEP_S, Names
from take5.stream.server.options import DEFAULT_OPTIONS, ServerOptions, network_of
from take5.stream.server.recovered import Recovery, recover_all, reserve
from take5.stream.server.space import Space
from take5.stream.server.watch import (
    RECORDED,
    CaptureOrder,
    CaptureReport,
    CaptureState,
    SessionWatch,
    Unwatched,
    ended,
)
from take5.stream.settings import Settings
from take5.stream.sources.webrtc.offer import fault
from take5.stream.sources.webrtc.peer import MALFORMED, Peer, accept
from take5.stream.spool.folder import SpoolFolder
from take5.stream.spool.records import Begun

MAX_FOLLOWERS = 500
CLOSED_S = 600.0
"""How long a name is refused here that was closed; the records refuse it for ever."""

DRAIN_S = 30.0
"""Maximum time to wait for captures to finish at shutdown."""

DRAIN_ANALYSIS_S = 20.0
"""How much of that time may go into skipped windows; the rest is for clips, bundles and reports."""


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
    recovery : Recovery, optional
        Makes the clips of captures whose process was killed.

    Attributes
    ----------
    output : Path
        The same.
    watch : SessionWatch
        Keeps records of the sessions; by default there are none.

    Raises
    ------
    ParameterError
        If a network option is not valid, or there are fewer UDP ports than captures.
    """

    def __init__(
        self,
        choice: Choice,
        output: Path,
        admission: Admission,
        options: ServerOptions = DEFAULT_OPTIONS,
        recovery: Recovery | None = None,
    ) -> None:
        self.space, self._recovery = Space(output, options.min_free), recovery
        self.about, self.admission, self.options = choice.scoring.about, admission, options
        rules = choice.scoring.rules
        self.network = network_of(options, admission.capacity, rules.cap_s + rules.idle_s)
        self._names = Names(self.about)
        self.output, self._choice = output, choice
        self.watch: SessionWatch = Unwatched()
        self._closed: set[str] = set()

    @property
    def order(self) -> CaptureOrder:
        """How sessions are captured for which nothing else is ordered."""
        return self._usual(self._choice.scoring)

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
        self._refuse_closed(name)
        return self._names.entry(name)

    async def find(self, name: str) -> Entry:
        """Return what belongs to a name, of an earlier process if need be; raise Refused if there is nothing."""
        self._refuse_closed(name)
        await self._restore(name)
        return self.entry(name)

    async def _restore(self, name: str) -> None:
        """Let a name answer with the last take of an earlier process, unless it is known."""
        if name in self._names:
            return
        earlier = await self.watch.earlier(name)
        if earlier is not None:
            restore(self._names, name, earlier, (await self._ordered(name, self._choice.scoring))[0].about)

    async def begin(
        self, name: str | None, offer: str, address: str | None = None, seconds: Sequence[str] = ()
    ) -> tuple[str, str, str]:
        """Accept a sender at an IP address; return the session's name, the capture's id, and the answer.

        ``seconds`` are the lengths of windows that it chooses, as text; none for the server's.
        """
        scoring = self._choice.chosen(seconds)
        name = checked_name(secrets.token_urlsafe(16) if name is None else name)
        scoring, order = await self._ordered(name, scoring)
        if order.closed is not None:
            raise order.closed
        await self._restore(name)
        free = await self.space.free()
        entry = self._names.get(name)
        if entry is not None and entry.recovered is not None:
            await entry.recovered.wait()  # the clip of the capture that was cut off, first
        if entry is not None and entry.capture is not None and entry.clip is not None:
            await entry.capture.wait()  # its clip is there, and its bundles are being written
        if entry is not None and entry.live:
            raise entry.busy
        if free is not None and self.space.too_low(free):
            raise Refused(507, "disk_full", too_little(self.output, free, self.space.least))
        self._refuse_closed(name)
        place = self.admission.knock(address)
        try:
            opened = self._names.open(name)
            opened.offers += 1
            try:
                capture_id, answer = await self._accept(opened, offer, place, scoring, order.deliverables)
            finally:
                opened.offers -= 1
                self._names.leave(opened)
        except BaseException:
            self.admission.release(place)
            raise
        return name, capture_id, answer

    async def _accept(
        self, entry: Entry, offer: str, place: Place, scoring: Scoring, wanted: Deliverables
    ) -> tuple[str, str]:
        try:
            peer = await accept(offer, self.network)
        except OfferMalformed as error:
            raise Refused(400, "bad_sdp", str(error)) from error
        except OfferUnusable as error:
            raise Refused(422, "unsupported_media", str(error)) from error
        except NoPortFree as error:
            raise full(str(error)) from error
        if entry.live:
            await peer.close()
            raise entry.busy
        capture_id = secrets.token_urlsafe(8)
        try:
            capture = await self._prepared(entry, peer, place, capture_id, scoring, wanted)
        except BaseException:
            await peer.close()
            raise
        if entry.live:
            await capture.abandon()
            raise entry.busy
        entry.begin(capture, capture_id, capture.folder)
        try:
            return capture_id, await capture.begin()
        except MALFORMED as error:
            raise Refused(400, "bad_sdp", f"the offer cannot be answered: {fault(offer)}") from error
        finally:
            if not capture.begun:
                self._over(entry, place)
                await capture.abandon()

    async def _prepared(
        self, entry: Entry, peer: Peer, place: Place, capture_id: str, scoring: Scoring, wanted: Deliverables
    ) -> Capture:
        """Return a capture that has not begun."""
        name = entry.feed.name
        live = scoring.live(peer.unit_format, name)
        folder, spool = await asyncio.to_thread(begin_take, self.output, name, live, wanted, capture_id)
        return Capture(
            peer,
            live,
            entry.feed,
            folder,
            replace(self.options, deliverables=wanted),
            spool,
            lambda: self._connect(entry, place),
            lambda event: self._tell(entry, place, event),
            lambda: self._over(entry, place),
            self.space,
            KEEP_S,
            scoring.about,
        )

    def _connect(self, entry: Entry, place: Place) -> str | None:
        """Give a capture whose media arrive its place; return why there is none."""
        if not self.admission.connect(place):
            return str(self.admission.full)
        self.watch.report(entry.feed.name, CaptureReport(CaptureState.LIVE, entry.folder))
        return None

    def _tell(self, entry: Entry, place: Place, event: Event) -> None:
        """Report an event of a capture that has its place."""
        if place.state is PlaceState.CAPTURE and isinstance(event, RECORDED):
            self.watch.report(entry.feed.name, CaptureReport(CaptureState.LIVE, entry.folder, event))

    async def _ordered(self, name: str, scoring: Scoring) -> tuple[Scoring, CaptureOrder]:
        """What a session is to be captured with, and how else; raise Refused if there is no such session."""
        self._refuse_closed(name)
        order = await self.watch.order(name, self._usual(scoring))
        return replace(scoring, settings=order.settings, rules=order.rules), order

    def _usual(self, scoring: Scoring) -> CaptureOrder:
        return CaptureOrder(scoring.settings, scoring.rules, self.options.deliverables)

    def end(self, name: str, capture_id: str) -> None:
        """End a sender's capture, as it wishes."""
        entry = self.entry(name)
        if not secrets.compare_digest(entry.capture_id.encode(), capture_id.encode()):
            raise Refused(404, "not_found", f"session {name!r} has no such capture; it may have ended")
        if entry.capture is not None:
            entry.capture.end(StopRule.ENDED)

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
        scoring, _ = await self._ordered(checked_name(name), self._choice.scoring)
        await self._restore(name)
        self._refuse_closed(name)
        if sum(len(entry.feed.followers) for entry in self._names) >= MAX_FOLLOWERS:
            raise full(f"{MAX_FOLLOWERS} follow this server's sessions")
        entry = self._names.open(name, scoring.about)
        return entry, entry.feed.follow()

    async def accept(self, name: str) -> ClipReady:
        """Accept the clip of a name; return it."""
        entry = await self.find(name)
        if entry.clip is None:
            raise Refused(404, "not_found", f"session {name!r} has no clip to accept")
        await self.accept_take(name, entry.folder)
        assert entry.clip is not None  # noqa: S101 - a clip stays until there is another
        return entry.clip

    async def accept_take(self, name: str, take: Path) -> None:
        """Accept a take of a name: in its folder, in the records, and for those who follow.

        Raises
        ------
        Refused
            If that cannot be written.
        """
        was = await asyncio.to_thread(is_accepted, take)
        await asyncio.to_thread(write_accepted, take)
        try:
            withdrawn = await self.watch.accept(name, take)
        except Refused:
            if not was:
                await asyncio.to_thread(withdraw_accepted, take)
            raise
        await self.withdraw(name, withdrawn)
        entry = self._names.get(name)
        if entry is not None and entry.folder == take:
            entry.accept()

    async def withdraw(self, name: str, takes: Collection[Path]) -> None:
        """Mark takes of a name as not accepted: in their folders, and for those who follow."""
        for take in takes:
            await asyncio.to_thread(withdraw_accepted, take)
        entry = self._names.get(name)
        if entry is not None and entry.folder in takes:
            entry.accept(accepted=False)

    def hang_up(self, name: str) -> None:
        """End the capture of a name, if one is going on, and let no other begin, nor anyone follow."""
        self._close(name)
        entry = self._names.get(name)
        if entry is not None and entry.capture is not None:
            entry.capture.end(StopRule.ENDED)

    async def remove(self, name: str) -> bool:
        """End everything under a name and forget it, but for its files; False if something is still being written."""
        self._close(name)
        entry = self._names.get(name)
        if entry is None:
            return True
        if entry.capture is not None:
            entry.capture.shut_down(0.0)
            with suppress(TimeoutError):
                await asyncio.wait_for(entry.capture.wait(), DRAIN_S)
        if entry.needed:
            return False
        self._names.remove(entry)
        return True

    def _close(self, name: str) -> None:
        """Refuse what was let in before the records refused it."""
        self._closed.add(name)
        asyncio.get_running_loop().call_later(CLOSED_S, self._closed.discard, name)

    def _refuse_closed(self, name: str) -> None:
        if name in self._closed:
            raise Refused(404, "not_found", f"session {name!r} has been cancelled or deleted")

    def unfollow(self, entry: Entry, follower: Follower) -> None:
        """End following."""
        entry.feed.followers.discard(follower)
        self._names.leave(entry)

    async def recover(self) -> "asyncio.Task[None]":
        """Find the captures in the output folder whose process is gone; their names answer with their clips.

        Returns the task that makes the clips, one after the other, while other sessions begin. ICE servers that do not
        answer are named in the log.
        """
        self.network.check()
        found = [] if self._recovery is None else await self._recovery.find()
        self.watch.restarted(self.output, {begun.session for begun, _ in found})
        reserved = [(begun, folder, reserve(self._names, begun, self._about(begun))) for begun, folder in found]
        return asyncio.create_task(self._recover(reserved), name="take5-recover")

    async def _recover(self, found: list[tuple[Begun, SpoolFolder, Entry | None]]) -> None:
        if self._recovery is not None:
            await recover_all(self._recovery, found, self._names, self._about, self.watch)

    def _about(self, begun: Begun) -> About:
        """What the followers of a recovered capture are told."""
        return replace(self._choice.scoring, settings=begun.settings).about

    async def drain(self) -> None:
        """End every capture and wait until its clip is saved."""
        self.network.close()
        if self._recovery is not None:
            self._recovery.end()
        captures = [entry.capture for entry in self._names if entry.capture is not None]
        for capture in captures:
            capture.shut_down(DRAIN_ANALYSIS_S)
        if captures:
            await asyncio.wait([asyncio.create_task(capture.wait()) for capture in captures], timeout=DRAIN_S)

    def _over(self, entry: Entry, place: Place) -> None:
        connected = place.state is PlaceState.CAPTURE
        if connected:
            self.watch.report(entry.feed.name, ended(entry.outcome, entry.folder))
        self.admission.release(place)
        entry.end(connected=connected)
        self._names.leave(entry)


def sessions_for(
    models: Models,
    settings: Settings,
    rules: StopRules,
    output: Path,
    admission: Admission | int,
    options: ServerOptions = DEFAULT_OPTIONS,
) -> Sessions:
    """Return sessions that share these models and settings, so many at a time, or as ``admission`` says."""
    choice = Choice(Scoring(models, settings, rules), options.seconds)
    recovery = Recovery(output, models, options.hooks)
    places = Admission(admission, usage) if isinstance(admission, int) else admission
    return Sessions(choice, output, places, options, recovery)


def usage() -> tuple[float, float]:
    """Seconds of a steady clock, and CPU seconds of this process."""
    return monotonic(), process_time()
