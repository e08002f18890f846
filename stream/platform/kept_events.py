"""Events of a take as its record keeps them: enough for its session's name to answer after a restart."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from take5.stream.events import Bundled, BundlePrepared, ClipReady, Event, Failed, NoClip, Reported, Stopped

KEPT = (Stopped, ClipReady, NoClip, Bundled, Reported, Failed, BundlePrepared)
"""Kinds of events that are kept."""

Kept = dict[str, Any]
"""An event and the name of its kind, as JSON."""

_BY_NAME = {kind.__name__: kind for kind in KEPT}


def with_event(kept: Sequence[Kept], event: Event) -> list[Kept] | None:
    """Return a record's events with another one, which replaces that of the same kind, length and trainer.

    Whether a clip has been accepted is not an event's to keep. None if the record has the very event.
    """
    if isinstance(event, ClipReady):
        event = replace(event, accepted=False)
    fresh = {"kind": type(event).__name__, "event": msgspec.json.decode(msgspec.json.encode(event))}
    if fresh in kept:
        return None
    if any(_identity(each) == _identity(fresh) for each in kept):
        return [fresh if _identity(each) == _identity(fresh) else each for each in kept]
    return [*kept, fresh]


def _identity(kept: Kept) -> tuple[Any, ...]:
    return kept["kind"], kept["event"].get("window_frames"), kept["event"].get("trainer")


def events_of(kept: Iterable[Kept]) -> tuple[Event, ...]:
    """Return the events of a record; those that this version cannot read are left out."""
    events: list[Event] = []
    for each in kept:
        try:
            event: Any = msgspec.convert(each["event"], _BY_NAME[each["kind"]])
        except (KeyError, TypeError, msgspec.ValidationError):
            continue
        events.append(event)
    return tuple(events)
