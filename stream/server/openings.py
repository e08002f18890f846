"""What grants have opened and what is still open: websockets and tickets. It is closed when a secret is revoked."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from take5.stream.server.grant import Grant
from take5.stream.server.tickets import Tickets

REVOKED = "the secret has been revoked"


class Openings:
    """The websockets and tickets of a server.

    Attributes
    ----------
    tickets : Tickets
        Those that are valid.
    turn : int
        Counts revocations: a grant that was looked up in an earlier turn may be one of a revoked secret.
    """

    def __init__(self) -> None:
        self.tickets, self.turn = Tickets(), 0
        self._websockets: dict[tuple[str | None, str | None], set[asyncio.Future[str]]] = defaultdict(set)

    @contextmanager
    def websocket(self, grant: Grant) -> Iterator[asyncio.Future[str]]:
        """Note a websocket while it is open; the future says why when its grant is revoked."""
        key, revoked = (grant.session, grant.holder), asyncio.get_running_loop().create_future()
        self._websockets[key].add(revoked)
        try:
            yield revoked
        finally:
            revoked.cancel()
            self._websockets[key].discard(revoked)
            if not self._websockets[key]:
                del self._websockets[key]

    def revoke(self, session: str, holders: Collection[str], why: str = REVOKED) -> None:
        """Close what secrets of a session have opened: websockets now, whose followers are told why, and tickets."""
        self.turn += 1
        self.tickets.revoke(session, holders)
        for holder in holders:
            for revoked in self._websockets.get((session, holder), ()):
                if not revoked.done():
                    revoked.set_result(why)
