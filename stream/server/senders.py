"""How senders get in: their offers are answered, and their captures have a place from the first media to the end."""

import asyncio
import secrets
from collections.abc import Sequence
from pathlib import Path

from take5.stream.events import Event
from take5.stream.live.snapshot import About
from take5.stream.output.free_space import too_little
from take5.stream.server.admission import Admission, Place, PlaceState
from take5.stream.server.captures import CaptureHost, CaptureRequest, HostedCapture
from take5.stream.server.counts import CaptureCounts
from take5.stream.server.entry import Entry, checked_name
from take5.stream.server.errors import Refused, full
from take5.stream.server.lengths import Choice, Scoring
from take5.stream.server.preparing import Preparing
from take5.stream.server.recovered import interrupted
from take5.stream.server.registry import Registry
from take5.stream.server.space import Space
from take5.stream.server.watch import RECORDED, CaptureOrder, CaptureReport, CaptureState, ended

READY_S = 30.0
"""How long a sender waits for a process that captures, at most."""


class Senders:
    """Lets senders in.

    Parameters
    ----------
    registry : Registry
        The names that they send under.
    choice : Choice
        The lengths of windows that they choose among.
    output : Path
        Gets a folder for each capture.
    admission : Admission
        Gives them their places.
    host : CaptureHost
        Makes the captures.
    space : Space
        Of the output folder.
    preparing : Preparing
        Prepares their bundles, after everything else.
    """

    def __init__(
        self,
        registry: Registry,
        choice: Choice,
        output: Path,
        admission: Admission,
        host: CaptureHost,
        space: Space,
        preparing: Preparing,
    ) -> None:
        self._registry, self._choice, self._output, self._admission = registry, choice, output, admission
        self._host, self._space, self._preparing = host, space, preparing
        self._ending = False

    def end(self) -> None:
        """Let no sender begin any more: the server is ending."""
        self._ending = True

    async def begin(
        self,
        name: str | None,
        offer: str,
        address: str | None = None,
        seconds: Sequence[str] = (),
        lost_s: float | None = None,
    ) -> tuple[str, str, str]:
        """Accept a sender at an IP address; return the session's name, the capture's id, and the answer.

        ``seconds`` are the lengths of windows that it chooses, as text; none for the server's. The capture waits
        ``lost_s`` while nothing arrives.
        """
        chosen = self._choice.chosen(seconds)
        name = checked_name(secrets.token_urlsafe(16) if name is None else name)
        scoring, order = await self._order(name, chosen)
        await self._registry.restore(name)
        free = await self._space.free()
        entry = self._registry.names.get(name)
        if entry is not None and await _left(entry):
            scoring, order = await self._order(name, chosen)  # meanwhile the clip may have been accepted
        if entry is not None and entry.live:
            raise entry.busy
        if free is not None and self._space.too_low(free):
            raise Refused(507, "disk_full", too_little(self._output, free, self._space.least))
        await self._host_ready()
        if self._ending:
            raise _refusal_at_the_end()
        self._registry.refuse_closed(name)
        place = self._admission.knock(address)
        try:
            opened = self._registry.names.open(name)
            opened.offers += 1
            try:
                request = CaptureRequest(name, secrets.token_urlsafe(8), offer, order, lost_s)
                answer = await self._accept(opened, place, request, scoring.about)
            finally:
                opened.offers -= 1
                self._registry.names.leave(opened)
        except BaseException:
            self._admission.release(place)
            raise
        return name, request.capture, answer

    async def _host_ready(self) -> None:
        """Wait until captures can be made, as while models are loaded; not for ever: a cluster may have no room."""
        try:
            async with asyncio.timeout(READY_S):
                await self._host.ready()
        except TimeoutError as error:
            raise full("no process that captures is there yet") from error

    async def _order(self, name: str, chosen: Scoring) -> tuple[Scoring, CaptureOrder]:
        """What a session is to be captured with, and how else; raise Refused if no sender may begin."""
        scoring, order = await self._registry.ordered(name, chosen)
        if order.closed is not None:
            raise order.closed
        return scoring, order

    async def _accept(self, entry: Entry, place: Place, request: CaptureRequest, about: About) -> str:
        sender = Sender(self._registry, self._admission, self._preparing, entry, place, about)
        capture = sender.capture = await self._host.prepare(request, sender, place.room)
        if entry.live or self._ending:
            await capture.abandon()
            raise _refusal_at_the_end() if self._ending else entry.busy
        entry.begin(capture, request.capture, capture.folder)
        try:
            return await capture.begin()
        except BaseException:
            sender.over()
            await capture.abandon()
            raise


class Sender:
    """One sender: hands what its capture tells to the followers of its name, and to the records.

    Parameters
    ----------
    registry : Registry
        Has the records.
    admission : Admission
        Has its place.
    preparing : Preparing
        Prepares its bundles.
    entry : Entry
        What belongs to its name.
    place : Place
        Its place, which becomes a capture's when its media arrive.
    about : About
        What its followers are told.

    Attributes
    ----------
    capture : HostedCapture, optional
        Its capture, once that is prepared.
    """

    def __init__(
        self,
        registry: Registry,
        admission: Admission,
        preparing: Preparing,
        entry: Entry,
        place: Place,
        about: About,
    ) -> None:
        self._registry, self._admission, self._entry, self._place = registry, admission, entry, place
        self._preparing, self._about, self._begun, self._ended = preparing, about, False, False
        self.capture: HostedCapture | None = None

    def connected(self) -> None:
        """Give the capture whose media arrive its place, or refuse it."""
        if self._admission.connect(self._place):
            self._report(CaptureReport(CaptureState.LIVE, self._entry.folder))
        elif self.capture is not None:
            self.capture.refuse(str(self._admission.full))

    def event(self, event: Event) -> None:
        """Tell the followers, and the records if the capture has its place."""
        if self._ended:
            return
        if not self._begun:
            self._begun = True
            self._entry.feed.restart(self._about)
        self._entry.feed.publish(event)
        if self._has_place and isinstance(event, RECORDED):
            self._report(CaptureReport(CaptureState.LIVE, self._entry.folder, event))

    def counted(self, counts: CaptureCounts) -> None:
        """Hand on what is new of its media."""
        self._registry.names.listener.counted(counts)

    def over(self) -> None:
        """Give the place back, and the name."""
        if self._ended:
            return
        self._ended, connected, entry = True, self._has_place, self._entry
        if connected:
            self._report(ended(entry.outcome, entry.folder))
        self._admission.release(self._place)
        now, take = entry.feed.now, entry.folder
        entry.end(connected=connected)
        self._registry.names.leave(entry)
        if connected:
            self._preparing.begin(entry, now, take)

    def lost(self) -> None:
        """Give the place back; the name of a capture that had one waits for what is recovered."""
        if self._ended:
            return
        if self._has_place:
            self._ended = True
            self._admission.release(self._place)
            self._entry.interrupt()
            return
        for event in interrupted():
            self.event(event)
        self.over()

    @property
    def _has_place(self) -> bool:
        return self._place.state is PlaceState.CAPTURE

    def _report(self, report: CaptureReport) -> None:
        self._registry.watch.report(self._entry.feed.name, report)


def _refusal_at_the_end() -> Refused:
    return full("the server is ending")


async def _left(entry: Entry) -> bool:
    """Wait for what an earlier capture still has to make; return whether there was anything."""
    waits = False
    if entry.capture is not None and entry.clip is not None:
        waits = True
        await entry.capture.wait()  # its clip is there, and its bundles are being written
    if entry.recovered is not None:
        waits = True
        await entry.recovered.wait()  # the clip of the capture that was cut off, perhaps while it was waited for
    return waits
