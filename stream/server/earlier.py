"""Sessions that an earlier process has captured: their names answer as they did."""

import secrets

from take5.stream.events import State, StateChanged
from take5.stream.live.snapshot import About
from take5.stream.server.entry import Entry
from take5.stream.server.names import Names
from take5.stream.server.watch import Earlier


def restore(names: Names, name: str, earlier: Earlier, about: About) -> Entry:
    """Return what belongs to a name, with the last take of an earlier process if the name is not known."""
    entry = names.get(name)
    if entry is not None:
        return entry
    entry = names.open(name, about)
    entry.capture_id, entry.folder = secrets.token_urlsafe(8), earlier.take
    for event in (StateChanged(0, State.READY), *earlier.events):
        entry.feed.now.remember(event)
    names.leave(entry)
    return entry
