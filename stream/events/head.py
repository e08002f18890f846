"""What the JSON of every event begins with."""

from take5.stream.timeline.clock import frame_seconds
from take5.stream.wire import Json

EVENTS_VERSION = 1


def event_head(kind: str, frame: int) -> Json:
    """What every event's JSON begins with."""
    return {"type": kind, "v": EVENTS_VERSION, "time_s": frame_seconds(frame)}
