"""The sessions of a server: who may send, who follows, what is kept."""

import asyncio
import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path

from take5.scoring.errors import OfferMalformed, OfferUnusable
from take5.scoring.stopping import StopRule, StopRules
from take5.stream.analysis.models import Models
from take5.stream.events import ClipReady, Failed, Failure, State, StateChanged
from take5.stream.live.begin import begin_take
from take5.stream.live.session import LiveSession
from take5.stream.live.snapshot import About
from take5.stream.output.free_space import size_text, too_little
from take5.stream.server.capture import Capture, file_address
from take5.stream.server.entry import Entry, checked_name
from take5.stream.server.errors import Refused
from take5.stream.server.feed import Feed, Follower
from take5.stream.server.options import DEFAULT_OPTIONS, ServerOptions
from take5.stream.server.recovered import Recovery
from take5.stream.server.space import Space
from take5.stream.settings import Settings
from take5.stream.sources.webrtc.offer import fault
from take5.stream.sources.webrtc.peer import MALFORMED, accept
from take5.stream.spool.folder import SpoolFolder
from take5.stream.spool.records import Begun
from take5.stream.timeline.media import UnitFormat

KEEP_S = 1800.0
"""How long the events and addresses of a capture are kept after its end; its files stay."""

MAX_FEEDS, MAX_FOLLOWERS = 1000, 500
RETRY_AFTER_S = 10
DRAIN_S = 30.0
"""Maximum time to wait for captures to finish at shutdown."""

DRAIN_ANALYSIS_S = 20.0
"""How much of that time may go into skipped windows; the rest is for clips, bundles and reports."""

MakeLive = Callable[[UnitFormat, str], LiveSession]
"""Makes the session for access units of a format, under a name for its report."""


class Sessions:
    """All sessions, by name.

    Parameters
    ----------
    make_live : callable
        Makes what scores a capture.
    about : About
        What every session has in common.
    output : Path
        Gets a folder for each capture.
    capacity : int
        Captures at a time.
    options : ServerOptions
        What its captures have in common.
    recovery : Recovery, optional
        Makes the clips of captures whose process was killed.
    """

    def __init__(
        self,
        make_live: MakeLive,
        about: About,
        output: Path,
        capacity: int,
        options: ServerOptions = DEFAULT_OPTIONS,
        recovery: Recovery | None = None,
    ) -> None:
        self.space, self._recovery = Space(output, options.min_free), recovery
        self.about, self.capacity, self.options = about, capacity, options
        self._make_live, self._output = make_live, output
        self._entries: dict[str, Entry] = {}
        self._accepting = 0

    @property
    def live(self) -> int:
        """Captures going on."""
        return sum(entry.live for entry in self._entries.values()) + self._accepting

    def entry(self, name: str) -> Entry:
        """Return what belongs to a name; raise Refused if there is nothing."""
        if name not in self._entries:
            raise Refused(404, "not_found", f"no session {name!r} here; it may have ended long ago")
        return self._entries[name]

    async def begin(self, name: str | None, offer: str) -> tuple[str, str, str]:
        """Accept a sender; return the session's name, the capture's id, and the answer."""
        name = secrets.token_urlsafe(16) if name is None else checked_name(name)
        free = await self.space.free()
        entry = self._entries.get(name)
        if entry is not None and entry.recovered is not None:
            await entry.recovered.wait()  # the clip of the capture that was cut off, first
        if entry is not None and entry.capture is not None and entry.clip is not None:
            await entry.capture.wait()  # its clip is there, and its bundles are being written
        if entry is not None and entry.live:
            raise entry.busy
        if self.live >= self.capacity:
            text = f"{self.live} of {self.capacity} captures are going on; try again in {RETRY_AFTER_S} s"
            raise Refused(503, "full", text, {"Retry-After": str(RETRY_AFTER_S)})
        if free is not None and self.space.too_low(free):
            raise Refused(507, "disk_full", too_little(self._output, free, self.space.least))
        self._accepting += 1
        opened = self._open(name)
        try:
            return await self._accept(opened, name, offer)
        finally:
            self._accepting -= 1
            if not opened.live and not opened.feed.followers:
                self._forget_later(opened)

    async def _accept(self, entry: Entry, name: str, offer: str) -> tuple[str, str, str]:
        try:
            peer = await accept(offer, self.options.ice_servers)
        except OfferMalformed as error:
            raise Refused(400, "bad_sdp", str(error)) from error
        except OfferUnusable as error:
            raise Refused(422, "unsupported_media", str(error)) from error
        if entry.live:
            await peer.close()
            raise entry.busy
        live, capture_id = self._make_live(peer.unit_format, name), secrets.token_urlsafe(8)
        wanted = self.options.deliverables
        folder, spool = await asyncio.to_thread(begin_take, self._output, name, live, wanted, capture_id)
        capture = Capture(
            peer,
            live,
            entry.feed,
            folder,
            self.options,
            spool,
            lambda: self._over(entry),
            self.space,
            KEEP_S,
        )
        if entry.live:
            await capture.abandon()
            raise entry.busy
        entry.capture, entry.capture_id, entry.folder = capture, capture_id, folder
        try:
            return name, entry.capture_id, await capture.begin()
        except MALFORMED as error:
            raise Refused(400, "bad_sdp", f"the offer cannot be answered: {fault(offer)}") from error
        finally:
            if not capture.begun:
                self._over(entry)
                await capture.abandon()

    def end(self, name: str, capture_id: str) -> None:
        """End a sender's capture, as it wishes."""
        entry = self.entry(name)
        if not secrets.compare_digest(entry.capture_id.encode(), capture_id.encode()):
            raise Refused(404, "not_found", f"session {name!r} has no such capture; it may have ended")
        if entry.capture is not None:
            entry.capture.end(StopRule.ENDED)

    async def save(self, name: str) -> ClipReady:
        """Try now to write a clip that could not be written; return the clip, also of a capture that has one."""
        entry = self.entry(name)
        outcome = await entry.capture.save() if entry.clip is None and entry.capture is not None else None
        if isinstance(outcome, Failed) and outcome.failure is Failure.NOT_WRITTEN:
            free = await self.space.free()
            room = "" if free is None else f"; {size_text(free)} are free"
            raise Refused(507, "not_written", f"{outcome.text}{room}; make room, and try again")
        if entry.clip is None:
            raise Refused(404, "not_found", f"session {name!r} has no clip to save")
        return entry.clip

    def follow(self, name: str) -> tuple[Entry, Follower]:
        """Begin to follow a name, which need not have a sender yet."""
        if sum(len(entry.feed.followers) for entry in self._entries.values()) >= MAX_FOLLOWERS:
            raise Refused(503, "full", "too many follow this server's sessions; try again later")
        entry = self._open(checked_name(name))
        return entry, entry.feed.follow()

    def unfollow(self, entry: Entry, follower: Follower) -> None:
        """End following."""
        entry.feed.followers.discard(follower)
        if not entry.needed and not entry.feed.followers:
            self._forget_later(entry)

    async def recover(self) -> "asyncio.Task[None]":
        """Find the captures in the output folder whose process is gone; their names answer with their clips.

        Returns the task that makes the clips, one after the other, while other sessions begin.
        """
        found = [] if self._recovery is None else await self._recovery.find()
        reserved = [(begun, folder, self._reserve(begun)) for begun, folder in found]
        return asyncio.create_task(self._recover(reserved), name="take5-recover")

    async def _recover(self, found: list[tuple[Begun, SpoolFolder, Entry | None]]) -> None:
        for place, (begun, folder, entry) in enumerate(found):
            assert self._recovery is not None  # noqa: S101 - it found them
            address = partial(file_address, begun.session)
            if entry is None:  # files only
                await self._recovery.run(folder, address, lambda _: None)
                continue
            if entry.feed.now.decided:
                entry.feed.restart()
            entry.capture_id, entry.folder = begun.capture or secrets.token_urlsafe(8), folder.take
            await self._recovery.run(folder, address, entry.feed.publish)
            entry.folder = entry.folder if entry.clip is None else Path(entry.clip.path)
            if all(entry is not later for *_, later in found[place + 1 :]):
                self._let_begin(entry)

    def _let_begin(self, entry: Entry) -> None:
        """Let senders have a name again."""
        if entry.recovered is not None:
            entry.recovered.set()
            entry.recovered = None
        if not entry.live:
            self._over(entry)

    def _reserve(self, begun: Begun) -> Entry | None:
        """Let a name wait for its recovered clip; None if it cannot."""
        try:
            entry = self._open(checked_name(begun.session))
        except Refused:
            return None
        entry.recovered = entry.recovered or asyncio.Event()
        entry.feed.restart()
        entry.feed.publish(StateChanged(0, State.STOPPING))
        return entry

    async def drain(self) -> None:
        """End every capture and wait until its clip is saved."""
        if self._recovery is not None:
            self._recovery.end()
        captures = [entry.capture for entry in self._entries.values() if entry.capture is not None]
        for capture in captures:
            capture.shut_down(DRAIN_ANALYSIS_S)
        if captures:
            await asyncio.wait([asyncio.create_task(capture.wait()) for capture in captures], timeout=DRAIN_S)

    def _open(self, name: str) -> Entry:
        entry = self._entries.get(name)
        if entry is None:
            if len(self._entries) >= MAX_FEEDS:
                raise Refused(503, "full", "too many sessions are waiting; try again later")
            entry = self._entries[name] = Entry(Feed(name, self.about))
        if entry.forget is not None:
            entry.forget.cancel()
            entry.forget = None
        return entry

    def _over(self, entry: Entry) -> None:
        entry.capture = None
        if not entry.feed.followers:
            self._forget_later(entry)

    def _forget_later(self, entry: Entry) -> None:
        if entry.forget is not None:
            entry.forget.cancel()
        keep = KEEP_S if entry.capture_id else 0.0
        entry.forget = asyncio.get_running_loop().call_later(keep, self._forget, entry)

    def _forget(self, entry: Entry) -> None:
        if not entry.needed and not entry.feed.followers:
            self._entries.pop(entry.feed.name, None)


def sessions_for(
    models: Models,
    settings: Settings,
    rules: StopRules,
    output: Path,
    capacity: int,
    options: ServerOptions = DEFAULT_OPTIONS,
) -> Sessions:
    """Return sessions that share these models and settings."""
    about = About.of(models.encoder.name, settings.parameters, rules)

    def make_live(unit_format: UnitFormat, name: str) -> LiveSession:
        return LiveSession(models, settings, rules, unit_format, name)

    recovery = Recovery(output, models, options.hooks)
    return Sessions(make_live, about, output, capacity, options, recovery)
