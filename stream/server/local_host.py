"""Captures in this process: :class:`LocalHost`."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from pathlib import Path

from take5.scoring.errors import NoPortFree, OfferMalformed, OfferUnusable
from take5.stream.analysis.models import Models
from take5.stream.events import Event
from take5.stream.live.begin import begin_take
from take5.stream.live.session import LiveSession
from take5.stream.live.snapshot import About
from take5.stream.server.capture import Capture, file_address
from take5.stream.server.captures import CaptureListener, CaptureRequest, CutOff
from take5.stream.server.counts import HostUsage
from take5.stream.server.errors import Refused, full
from take5.stream.server.names import KEEP_S
from take5.stream.server.options import ServerOptions, check_ports
from take5.stream.server.recovered import Recovery
from take5.stream.server.rooms import Room
from take5.stream.server.space import Space
from take5.stream.sources.webrtc.network import Network
from take5.stream.sources.webrtc.peer import Peer, accept
from take5.stream.spool.folder import SpoolFolder

log = logging.getLogger(__name__)


class LocalHost:
    """Makes captures in this process.

    Parameters
    ----------
    models : Models
        Score them.
    output : Path
        Gets a folder for each.
    options : ServerOptions
        What they have in common.
    network : Network
        How media reach them.
    space : Space, optional
        Of the output folder, if the server watches over it, too.
    """

    def __init__(
        self, models: Models, output: Path, options: ServerOptions, network: Network, space: Space | None = None
    ) -> None:
        self._models, self._output, self._options, self._network = models, output, options, network
        self._space = space or Space(output, options.min_free)
        self._recovery = Recovery(output, models, options.hooks)
        self._found: dict[Path, SpoolFolder] = {}

    def start(self, cut_off: Callable[[Collection[Path]], Awaitable[None]]) -> None:  # noqa: ARG002 - all die together
        """Find out which ICE servers answer; those that do not are named in the log."""
        self._network.check()

    async def ready(self) -> None:
        """Return at once."""

    async def prepare(self, request: CaptureRequest, listener: CaptureListener, room: Room) -> Capture:  # noqa: ARG002
        """Accept an offer; return the capture, which has not begun."""
        try:
            peer = await accept(request.offer, self._network)
        except OfferMalformed as error:
            raise Refused(400, "bad_sdp", str(error)) from error
        except OfferUnusable as error:
            raise Refused(422, "unsupported_media", str(error)) from error
        except NoPortFree as error:
            raise full(str(error)) from error
        try:
            return await self._prepared(request, listener, peer)
        except BaseException:
            await peer.close()
            raise

    async def find(self, takes: Collection[Path] | None = None) -> list[CutOff]:
        """Lock and return the captures whose process is gone; what cannot be read is set aside."""
        found = await self._recovery.find(takes)
        self._found |= {folder.take: folder for _, folder in found}
        return [CutOff(begun, folder.take) for begun, folder in found]

    async def recover(self, found: CutOff, emit: Callable[[Event], None]) -> None:
        """Make the clip of a capture that was found, in a thread."""
        folder = self._found.pop(found.take)
        await self._recovery.run(folder, partial(file_address, found.begun.session), emit)

    @property
    def usage(self) -> HostUsage:
        """Return nothing: its process is the server's, which knows what it has used and done."""
        return HostUsage()

    def reload(self) -> None:
        """Say that there is nothing to reload."""
        log.warning("nothing is reloaded: captures are made in the server's own process (take5 serve --workers 1)")

    def end(self) -> None:
        """Ask ICE servers no more, and leave to the next start what is not recovered yet."""
        self._network.close()
        self._recovery.end()

    async def close(self) -> None:
        """Do nothing."""

    async def _prepared(self, request: CaptureRequest, listener: CaptureListener, peer: Peer) -> Capture:
        order, models = request.order, self._models
        live = LiveSession(models, order.settings, order.rules, peer.unit_format, request.session)
        folder, spool = await asyncio.to_thread(
            begin_take, self._output, request.session, live, order.deliverables, request.capture
        )
        settings = order.settings
        about = About.of(models.encoder.name, settings.parameters, order.rules, settings.also, models.tracker_name)
        return Capture(request, listener, peer, live, folder, self._options, spool, self._space, about, KEEP_S)


def network_of(options: ServerOptions, capacity: int, longest_s: float) -> Network:
    """Return how captures reach this server, at most ``capacity`` at a time, each at most ``longest_s`` long.

    Raises
    ------
    ParameterError
        If an option is not valid, or there are fewer UDP ports than captures.
    """
    check_ports(options.udp_ports, capacity)
    return Network(options.ice_servers, options.udp_ports, options.public_addresses, longest_s)
