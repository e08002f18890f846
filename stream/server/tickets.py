"""Tickets: what a browser shows where it cannot send a header, as with websockets, media elements and links.

An address ends up in the logs of proxies and in the history of browsers. A ticket in it is worth little there: it
belongs to one session, and opens one websocket, or one file for some minutes.
"""

import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from take5.stream.server.grant import Grant

UNUSED_S = 30.0
"""How long a ticket may wait for its first use."""

FILE_S = 600.0
"""How long a file can be read with a ticket, from the first request: players ask for it in pieces."""

MAX_TICKETS = 1000
"""Tickets at a time; the oldest makes room for another."""


@dataclass
class Ticket:
    """What a ticket is good for, under which grant; ``file`` is None before its first use."""

    session: str
    grant: Grant
    issued_s: float
    until_s: float
    file: str | None = None

    def holds_until(self, time_s: float) -> float:
        """The end of the ticket, or of its grant if that comes first."""
        return min(time_s, self.issued_s + self.grant.left_s)


class Tickets:
    """The valid tickets of a server.

    Parameters
    ----------
    clock : callable
        Returns the time in seconds.
    most : int
        Tickets at a time.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = MAX_TICKETS) -> None:
        self._clock, self._most = clock, most
        self._tickets: dict[str, Ticket] = {}

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._tickets)

    def issue(self, session: str, grant: Grant | None = None) -> str:
        """Return a new ticket for a session, which ends with the grant under which it is issued."""
        now = self._clock()
        self._tickets = {text: each for text, each in self._tickets.items() if now < each.until_s}
        while len(self._tickets) >= self._most:
            del self._tickets[next(iter(self._tickets))]
        text = secrets.token_urlsafe(16)
        ticket = Ticket(session, grant or Grant(session), now, now + UNUSED_S)
        ticket.until_s = ticket.holds_until(ticket.until_s)
        self._tickets[text] = ticket
        return text

    def opens_websocket(self, text: str, session: str) -> Grant | None:
        """Use a ticket for the websocket of a session; it cannot be used again. Returns what it still grants."""
        ticket = self._valid(text, session, None)
        if ticket is None:
            return None
        del self._tickets[text]
        return replace(ticket.grant, left_s=ticket.issued_s + ticket.grant.left_s - self._clock())

    def opens_file(self, text: str, session: str, file: str) -> Grant | None:
        """Use a ticket for a file of a session; from now on it is good for that file alone, of the same take."""
        unused = self._valid(text, session, None)
        if unused is not None:
            unused.file, unused.until_s = file, unused.holds_until(self._clock() + FILE_S)
        ticket = self._valid(text, session, file)
        return None if ticket is None else ticket.grant

    def revoke(self, session: str, holders: Collection[str]) -> None:
        """Make the tickets useless that were issued to holders of a session's secrets."""
        self._tickets = {
            text: ticket
            for text, ticket in self._tickets.items()
            if ticket.session != session or ticket.grant.holder not in holders
        }

    def _valid(self, text: str, session: str, file: str | None) -> Ticket | None:
        ticket = self._tickets.get(text)
        if ticket is None or self._clock() >= ticket.until_s:
            return None
        return ticket if (ticket.session, ticket.file) == (session, file) else None
