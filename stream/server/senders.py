"""How senders get in: their offers are answered, and their captures have a place from the first media to the end."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from take5.scoring.errors import NoPortFree, OfferMalformed, OfferUnusable
from take5.stream.deliverables import Deliverables
from take5.stream.events import Event
from take5.stream.live.begin import begin_take
from take5.stream.output.free_space import too_little
from take5.stream.server.admission import Admission, Place, PlaceState
from take5.stream.server.capture import Capture
from take5.stream.server.entry import Entry, checked_name
from take5.stream.server.errors import Refused, full
from take5.stream.server.lengths import Choice, Scoring
from take5.stream.server.names import KEEP_S
from take5.stream.server.options import ServerOptions
from take5.stream.server.registry import Registry
from take5.stream.server.space import Space
from take5.stream.server.watch import RECORDED, CaptureOrder, CaptureReport, CaptureState, ended
from take5.stream.sources.webrtc.network import Network
from take5.stream.sources.webrtc.offer import fault
from take5.stream.sources.webrtc.peer import MALFORMED, Peer, accept


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
    options : ServerOptions
        What captures have in common.
    network : Network
        How media reach the server.
    space : Space
        Of the output folder.
    """

    def __init__(
        self,
        registry: Registry,
        choice: Choice,
        output: Path,
        admission: Admission,
        options: ServerOptions,
        network: Network,
        space: Space,
    ) -> None:
        self._registry, self._choice, self._output, self._admission = registry, choice, output, admission
        self._options, self._network, self._space = options, network, space

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
        self._registry.refuse_closed(name)
        place = self._admission.knock(address)
        try:
            opened = self._registry.names.open(name)
            opened.offers += 1
            try:
                capture_id, answer = await self._accept(opened, offer, place, scoring, order.deliverables, lost_s)
            finally:
                opened.offers -= 1
                self._registry.names.leave(opened)
        except BaseException:
            self._admission.release(place)
            raise
        return name, capture_id, answer

    async def _order(self, name: str, chosen: Scoring) -> tuple[Scoring, CaptureOrder]:
        """What a session is to be captured with, and how else; raise Refused if no sender may begin."""
        scoring, order = await self._registry.ordered(name, chosen)
        if order.closed is not None:
            raise order.closed
        return scoring, order

    async def _accept(
        self,
        entry: Entry,
        offer: str,
        place: Place,
        scoring: Scoring,
        wanted: Deliverables,
        lost_s: float | None,
    ) -> tuple[str, str]:
        try:
            peer = await accept(offer, self._network)
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
            capture = await self._prepared(entry, peer, place, capture_id, scoring, wanted, lost_s)
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
        self,
        entry: Entry,
        peer: Peer,
        place: Place,
        capture_id: str,
        scoring: Scoring,
        wanted: Deliverables,
        lost_s: float | None,
    ) -> Capture:
        """Return a capture that has not begun."""
        name = entry.feed.name
        live = scoring.live(peer.unit_format, name)
        folder, spool = await asyncio.to_thread(begin_take, self._output, name, live, wanted, capture_id)
        return Capture(
            peer,
            live,
            entry.feed,
            folder,
            replace(self._options, deliverables=wanted),
            spool,
            lambda: self._connect(entry, place),
            lambda event: self._tell(entry, place, event),
            lambda: self._over(entry, place),
            self._space,
            KEEP_S,
            scoring.about,
            lost_s,
        )

    def _connect(self, entry: Entry, place: Place) -> str | None:
        """Give a capture whose media arrive its place; return why there is none."""
        if not self._admission.connect(place):
            return str(self._admission.full)
        self._registry.watch.report(entry.feed.name, CaptureReport(CaptureState.LIVE, entry.folder))
        return None

    def _tell(self, entry: Entry, place: Place, event: Event) -> None:
        """Report an event of a capture that has its place."""
        if place.state is PlaceState.CAPTURE and isinstance(event, RECORDED):
            self._registry.watch.report(entry.feed.name, CaptureReport(CaptureState.LIVE, entry.folder, event))

    def _over(self, entry: Entry, place: Place) -> None:
        connected = place.state is PlaceState.CAPTURE
        if connected:
            self._registry.watch.report(entry.feed.name, ended(entry.outcome, entry.folder))
        self._admission.release(place)
        entry.end(connected=connected)
        self._registry.names.leave(entry)


async def _left(entry: Entry) -> bool:
    """Wait for what an earlier capture still has to make; return whether there was anything."""
    waits = False
    if entry.recovered is not None:
        waits = True
        await entry.recovered.wait()  # the clip of the capture that was cut off, first
    if entry.capture is not None and entry.clip is not None:
        waits = True
        await entry.capture.wait()  # its clip is there, and its bundles are being written
    return waits
