"""Sessions that an earlier process has captured: their names answer as they did."""

import secrets
from dataclasses import replace

from take5.stream.events import ClipReady, State, StateChanged
from take5.stream.live.snapshot import About, Snapshot
from take5.stream.server.entry import Entry
from take5.stream.server.names import Names
from take5.stream.server.watch import Earlier


def restore(names: Names, name: str, earlier: Earlier, about: About) -> Entry:
    """Return what belongs to a name, with the last take of an earlier process if the name is not known."""
    entry = names.get(name)
    if entry is not None:
        return entry
    entry = names.open(name, about)
    fill(entry, earlier, about)
    names.leave(entry)
    return entry


def fill(entry: Entry, earlier: Earlier, about: About) -> None:
    """Let an entry, under which nothing goes on, answer with a take."""
    entry.capture_id, entry.folder, entry.kept = secrets.token_urlsafe(8), earlier.take, None
    entry.feed.now = Snapshot(entry.feed.name, about)
    for event in (StateChanged(0, State.READY), *earlier.events):
        # nothing prepares any more what that process has left
        entry.feed.now.remember(replace(event, prepare=()) if isinstance(event, ClipReady) else event)
