"""The names that a server knows: those that are sending, followed, or not yet forgotten."""

import asyncio
from collections.abc import Iterator
from operator import itemgetter

from take5.stream.events import Failed, Failure
from take5.stream.live.snapshot import About
from take5.stream.server.entry import Entry, checked_name
from take5.stream.server.errors import Refused, full
from take5.stream.server.feed import Feed
from take5.stream.server.listener import ServerListener, Unheard

KEEP_S, KEEP_UNCONNECTED_S = 1800.0, 60.0
"""How long the events and addresses of a capture are kept after its end, and of one that never had a place; its files
stay."""

UNPLACED = (Failure.NEVER_CONNECTED, Failure.FULL)
"""How a sender ends that never had a capture's place."""

MAX_NAMES = 1000


class Names:
    """The entries of a server by name.

    Parameters
    ----------
    about : About
        What every session has in common.

    Attributes
    ----------
    listener : ServerListener
        Hears what goes on, whatever the name.
    """

    def __init__(self, about: About) -> None:
        self.about = about
        self.listener: ServerListener = Unheard()
        self._entries: dict[str, Entry] = {}

    def __iter__(self) -> Iterator[Entry]:
        """Iterate over what is known now."""
        return iter(list(self._entries.values()))

    def __contains__(self, name: str) -> bool:
        """Whether a name is known."""
        return name in self._entries

    def get(self, name: str) -> Entry | None:
        """Return what belongs to a name, if there is anything."""
        return self._entries.get(name)

    def entry(self, name: str) -> Entry:
        """Return what belongs to a name; raise Refused if there is nothing."""
        if name not in self._entries:
            raise Refused(404, "not_found", f"no session {name!r} here; it may have ended long ago")
        return self._entries[name]

    def open(self, name: str, about: About | None = None) -> Entry:
        """Return what belongs to a name, which is not forgotten until :meth:`leave`.

        Parameters
        ----------
        name : str
            The name.
        about : About, optional
            What its followers are told, if it is new; by default what all sessions have in common.

        Raises
        ------
        Refused
            If it cannot be a name, or there are too many.
        """
        entry = self._entries.get(checked_name(name))
        if entry is None:
            self._make_room()
            entry = self._entries[name] = Entry(Feed(name, about or self.about, self.listener))
        if entry.forget is not None:
            entry.forget.cancel()
            entry.forget = None
        return entry

    def leave(self, entry: Entry) -> None:
        """Forget an entry in time, if nothing goes on under its name and nobody follows it."""
        if entry.needed or entry.feed.followers:
            return
        if entry.forget is not None:
            entry.forget.cancel()
        failed = entry.feed.now.last.get(Failed)
        unconnected = isinstance(failed, Failed) and failed.failure in UNPLACED
        keep = KEEP_UNCONNECTED_S if unconnected and entry.kept is None else KEEP_S
        keep = keep if entry.capture_id else 0.0  # nothing was captured
        entry.forget = asyncio.get_running_loop().call_later(keep, self._forget, entry)

    def remove(self, entry: Entry) -> None:
        """Forget an entry now; its followers are sent away."""
        if entry.forget is not None:
            entry.forget.cancel()
        for follower in entry.feed.followers:
            follower.end()
        self._entries.pop(entry.feed.name, None)

    def _forget(self, entry: Entry) -> None:
        if not entry.needed and not entry.feed.followers:
            self._entries.pop(entry.feed.name, None)

    def _make_room(self) -> None:
        """Forget, of too many names, that which would be forgotten first."""
        if len(self._entries) < MAX_NAMES:
            return
        over = [(entry.forget.when(), entry) for entry in self._entries.values() if entry.forget is not None]
        if not over:
            raise full(f"{MAX_NAMES} sessions are waiting")
        _, first = min(over, key=itemgetter(0))
        assert first.forget is not None  # noqa: S101 - it was chosen by it
        first.forget.cancel()
        self._forget(first)
