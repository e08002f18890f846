"""Candidates of a connection, gathered from own sockets and several servers, without waiting for those that are silent.

aioice binds random ports, announces nothing but the addresses of interfaces, asks one STUN and one TURN server, and
waits five seconds for them.
"""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence

import aioice.ice
from aioice import Candidate, Connection
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import StunProtocol, relayed_candidate, server_reflexive_candidate
from aiortc import RTCPeerConnection

from take5.stream.sources.webrtc.aiortc_internals.attributes import replace
from take5.stream.sources.webrtc.host_sockets import HostSocket
from take5.stream.sources.webrtc.ice import IceAccess

GATHER_S = 1.0
"""Maximum time to wait for servers."""

GRACE_S = 0.1
"""How much longer to wait for a server's answers to other sockets once every server has answered one."""

COMPONENT = 1
Answered = Callable[[str, str | None], None]
"""Called with the URL of each server that was asked, and why it is of no use; None if it has answered."""

_Found = tuple[Candidate, StunProtocol | None]
_Question = Coroutine[None, None, _Found]
_Task = asyncio.Task[_Found]


def interface_addresses() -> list[str]:
    """Addresses of this machine's interfaces, as aioice finds them."""
    return aioice.ice.get_host_addresses(use_ipv4=True, use_ipv6=True)


def ice_connections(connection: RTCPeerConnection) -> list[Connection]:
    """The ICE connections of a connection whose offer has been set: one, unless the sender does not bundle."""
    transports = [each.receiver.transport.transport for each in connection.getTransceivers()]
    return list(dict.fromkeys(transport._connection for transport in transports))  # noqa: SLF001


class Gathering:
    """Gathers the candidates of one ICE connection, in place of aioice.

    Parameters
    ----------
    ice : Connection
        Of aioice.
    sockets : sequence of HostSocket
        Bound; they are closed with the connection, or by :meth:`close` if they have not been used.
    servers : sequence of IceAccess
        Asked all at once.
    answered : callable
        Hears how each server did.
    """

    def __init__(
        self, ice: Connection, sockets: Sequence[HostSocket], servers: Sequence[IceAccess], answered: Answered
    ) -> None:
        self._ice, self._sockets, self._servers, self._answered = ice, list(sockets), servers, answered
        replace(ice, "get_component_candidates", self._gather)

    def close(self) -> None:
        """Close the sockets that have not been used."""
        while self._sockets:
            self._sockets.pop().socket.close()

    async def _gather(self, component: int, addresses: list[str], timeout: int = 5) -> list[Candidate]:
        """Return the candidates; aioice's arguments are not needed."""
        del component, addresses, timeout
        candidates: list[Candidate] = []
        protocols: list[StunProtocol] = []
        while self._sockets:
            host = self._sockets.pop(0)
            protocol = await self._listen(host)
            made = [_host_candidate(address, host.port) for address in host.announced]
            protocol.local_candidate = made[0]
            candidates += made
            protocols.append(protocol)
        self._ice._protocols += protocols  # noqa: SLF001
        candidates += await self._ask(protocols)
        return list({(each.type, each.host, each.port): each for each in candidates}.values())

    async def _listen(self, host: HostSocket) -> StunProtocol:
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_datagram_endpoint(lambda: StunProtocol(self._ice), sock=host.socket)
        return protocol

    async def _ask(self, protocols: Sequence[StunProtocol]) -> list[Candidate]:
        """Ask the servers for candidates, until all have answered or the time is over."""
        asked = {
            asyncio.create_task(question): access.server.url
            for access in self._servers
            for question in self._questions(access, protocols)
        }
        outcomes: dict[str, str | None] = dict.fromkeys(asked.values(), f"no answer within {GATHER_S:g} s")
        candidates: list[Candidate] = []
        try:
            async for task in _as_they_finish(asked):
                fault = task.exception()
                if fault is None:
                    candidate, relay = task.result()
                    candidates.append(candidate)
                    if relay is not None:
                        self._keep(relay)
                    outcomes[asked[task]] = None
                elif outcomes[asked[task]] is not None:
                    outcomes[asked[task]] = getattr(fault, "strerror", None) or str(fault)
        finally:
            for task in asked:
                task.cancel()
        for url, why in outcomes.items():
            self._answered(url, why)
        return candidates

    def _questions(self, access: IceAccess, protocols: Sequence[StunProtocol]) -> Iterator[_Question]:
        server = access.server
        where = (server.host, server.port)
        if server.relays:
            yield relayed_candidate(
                component=COMPONENT,
                hide_related_address=False,
                protocol_factory=lambda: StunProtocol(self._ice),
                turn_server=where,
                turn_username=access.username,
                turn_password=access.credential,
                turn_ssl=server.scheme == "turns",
                turn_transport=server.transport,
            )
        elif server.scheme == "stun" and ":" not in server.host:  # aioice knows STUN by UDP and IPv4 alone
            for protocol in protocols:
                if ipaddress.ip_address(protocol.transport.get_extra_info("sockname")[0]).version == 4:
                    yield server_reflexive_candidate(protocol, where)

    def _keep(self, relay: StunProtocol) -> None:
        """Use a relay; at its end the server is notified, but not waited for, since it may have gone."""

        async def close() -> None:
            relay.transport.close()

        replace(relay, "close", close)
        self._ice._protocols.append(relay)  # noqa: SLF001


async def _as_they_finish(asked: Mapping[_Task, str]) -> AsyncIterator[_Task]:
    """Yield tasks as they finish, until the time is over: shortly after each server has answered one."""
    now = asyncio.get_running_loop().time
    until, pending = now() + GATHER_S, set(asked)
    silent = set(asked.values())
    while pending:
        done, pending = await asyncio.wait(
            pending, timeout=max(0.0, until - now()), return_when=asyncio.FIRST_COMPLETED
        )
        if not done:
            return
        for task in done:
            if task.exception() is None:
                silent.discard(asked[task])
            yield task
        if not silent & {asked[task] for task in pending}:
            until = min(until, now() + GRACE_S)


def _host_candidate(address: str, port: int) -> Candidate:
    return Candidate(
        foundation=candidate_foundation("host", "udp", address),
        component=COMPONENT,
        transport="udp",
        priority=candidate_priority(COMPONENT, "host"),
        host=address,
        port=port,
        type="host",
    )
