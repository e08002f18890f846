"""How senders reach a server: on which addresses and ports it listens, and by which STUN and TURN servers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from aioice import Connection
from aiortc import RTCPeerConnection

from take5.scoring.errors import NoPortFree
from take5.stream.sources.webrtc.aiortc_internals.gathering import Gathering, ice_connections, interface_addresses
from take5.stream.sources.webrtc.host_sockets import PortPool, UdpPorts, announced, resolved
from take5.stream.sources.webrtc.ice import IceServer
from take5.stream.sources.webrtc.ice_servers import IceServers

log = logging.getLogger(__name__)

RETRY_S = 30.0
"""How often a server that does not answer is asked again."""


class Network:
    """How the connections of a server are made.

    Parameters
    ----------
    ice_servers : sequence of IceServer or str
        STUN and TURN servers.
    ports : UdpPorts, optional
        Ports for connections; by default any free ones.
    public : sequence of str
        Addresses, or names of addresses, that senders are given instead of those of this machine's interfaces.
    longest_s : float
        How long a capture lasts at most, in seconds.

    Raises
    ------
    ParameterError
        If a server's address or a public address is not one.
    """

    def __init__(
        self,
        ice_servers: Sequence[IceServer | str] = (),
        ports: UdpPorts | None = None,
        public: Sequence[str] = (),
        longest_s: float = 0.0,
    ) -> None:
        self.ice = IceServers(ice_servers, longest_s)
        self._public = [address for text in public for address in resolved(text)]
        self._pool = PortPool(ports)
        self._watch = IceWatch(self._query, RETRY_S)

    def attach(self, connection: RTCPeerConnection) -> list[Gathering]:
        """Bind the sockets of a connection whose offer has been set; return what gathers its candidates.

        Raises
        ------
        NoPortFree
            If there are no ports for them.
        """
        made: list[Gathering] = []
        servers = [access for access in self.ice.access() if access.server.url not in self.silent]
        try:
            for ice in ice_connections(connection):
                sockets = self._pool.bind(announced(interface_addresses(), self._public))
                made.append(Gathering(ice, sockets, servers, self._watch.note))
        except NoPortFree:
            for gathering in made:
                gathering.close()
            raise
        return made

    @property
    def silent(self) -> frozenset[str]:
        """Addresses of servers that are left out until they answer."""
        return frozenset(self._watch.silent)

    def check(self) -> None:
        """Find out in the background which servers do not answer."""
        self._watch.check([server.url for server in self.ice.servers])

    def close(self) -> None:
        """End what goes on in the background."""
        self._watch.close()

    async def _query(self, url: str) -> None:
        """Ask a server for a candidate, on any port; the watch hears how it did."""
        asked = [access for access in self.ice.access() if access.server.url == url]
        ice = Connection(ice_controlling=False)
        sockets = PortPool().bind(announced(interface_addresses(), ()))
        gathering = Gathering(ice, sockets, asked, self._watch.note)
        try:
            await ice.gather_candidates()
        finally:
            gathering.close()
            await ice.close()


class IceWatch:
    """Remembers which servers do not answer, names each once in the log, and asks them again.

    Parameters
    ----------
    query : callable
        Asks the server of a URL, and calls :meth:`note`.
    retry_s : float
        How often.
    """

    def __init__(self, query: Callable[[str], Awaitable[None]], retry_s: float) -> None:
        self._query, self._retry_s = query, retry_s
        self._asking: asyncio.Task[None] | None = None
        self._closed = False
        self.silent: set[str] = set()
        """Those that did not answer the last time."""

    def note(self, url: str, fault: str | None) -> None:
        """Remember how a server did."""
        if fault is None and url in self.silent:
            self.silent.discard(url)
            log.warning("ICE server %s answers again", url)
        elif fault is not None and url not in self.silent:
            self.silent.add(url)
            log.warning("ICE server %s is left out until it answers: %s", url, fault)
        if self.silent:
            self._begin([])

    def check(self, urls: Sequence[str]) -> None:
        """Ask servers in the background."""
        if urls:
            self._begin(urls)

    def close(self) -> None:
        """Ask no more."""
        self._closed = True
        if self._asking is not None:
            self._asking.cancel()

    def _begin(self, urls: Sequence[str]) -> None:
        if not self._closed and (self._asking is None or self._asking.done()):
            self._asking = asyncio.create_task(self._ask(urls), name="take5-ice")

    async def _ask(self, urls: Sequence[str]) -> None:
        await asyncio.gather(*map(self._query, urls), return_exceptions=True)
        while self.silent:
            await asyncio.sleep(self._retry_s)
            await asyncio.gather(*map(self._query, sorted(self.silent)), return_exceptions=True)
