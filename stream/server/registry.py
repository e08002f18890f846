"""What belongs to the names of a server's sessions: entries in memory, and the records of earlier processes."""

import asyncio
from dataclasses import replace

from take5.stream.deliverables import Deliverables
from take5.stream.server.earlier import fill, restore
from take5.stream.server.entry import Entry
from take5.stream.server.errors import Refused
from take5.stream.server.lengths import Scoring
from take5.stream.server.names import Names
from take5.stream.server.watch import CaptureOrder, SessionWatch, Unwatched

CLOSED_S = 600.0
"""How long a name is refused here that was closed; the records refuse it for ever."""


class Registry:
    """Finds what belongs to a name.

    Parameters
    ----------
    scoring : Scoring
        Of captures whose sender chooses no lengths.
    deliverables : Deliverables
        What is made of their clips.

    Attributes
    ----------
    names : Names
        The entries in memory.
    watch : SessionWatch
        Keeps records of the sessions; by default there are none.
    """

    def __init__(self, scoring: Scoring, deliverables: Deliverables) -> None:
        self.names = Names(scoring.about)
        self.watch: SessionWatch = Unwatched()
        self._scoring, self._deliverables = scoring, deliverables
        self._closed: set[str] = set()

    def usual(self, scoring: Scoring) -> CaptureOrder:
        """How sessions are captured for which nothing else is ordered."""
        return CaptureOrder(scoring.settings, scoring.rules, self._deliverables)

    async def ordered(self, name: str, scoring: Scoring | None = None) -> tuple[Scoring, CaptureOrder]:
        """What a session is to be captured with, and how else; raise Refused if there is no such session."""
        self.refuse_closed(name)
        scoring = scoring or self._scoring
        order = await self.watch.order(name, self.usual(scoring))
        return replace(scoring, settings=order.settings, rules=order.rules), order

    def entry(self, name: str) -> Entry:
        """Return what belongs to a name; raise Refused if there is nothing."""
        self.refuse_closed(name)
        return self.names.entry(name)

    async def find(self, name: str) -> Entry:
        """Return what belongs to a name, of an earlier process if need be; raise Refused if there is nothing."""
        self.refuse_closed(name)
        await self.restore(name)
        return self.entry(name)

    async def restore(self, name: str) -> None:
        """Let a name answer with the last take of an earlier process, unless it is known."""
        if name in self.names:
            return
        earlier = await self.watch.earlier(name)
        if earlier is not None:
            restore(self.names, name, earlier, (await self.ordered(name))[0].about)

    async def renew(self, name: str) -> None:
        """Let a known name answer with the take that the records choose, unless something goes on under it."""
        earlier = None if name not in self.names else await self.watch.earlier(name)
        if earlier is None:
            return
        about = (await self.ordered(name))[0].about
        entry = self.names.get(name)
        if entry is not None and not entry.needed and entry.folder != earlier.take:
            fill(entry, earlier, about)

    def close(self, name: str) -> None:
        """Refuse what was let in before the records refused it."""
        self._closed.add(name)
        asyncio.get_running_loop().call_later(CLOSED_S, self._closed.discard, name)

    def refuse_closed(self, name: str) -> None:
        """Raise Refused if a name has been closed."""
        if name in self._closed:
            raise Refused(404, "not_found", f"session {name!r} has been cancelled or deleted")
