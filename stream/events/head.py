"""What the JSON of every event begins with."""

from take5.stream.timeline.clock import frame_seconds
from take5.stream.wire import Json

EVENTS_VERSION = 1


def event_head(kind: str, frame: int, window_frames: int | None = None) -> Json:
    """What every event's JSON begins with; of those about one length of windows, with ``window_s``."""
    head = {"type": kind, "v": EVENTS_VERSION, "time_s": frame_seconds(frame)}
    return head if window_frames is None else {**head, "window_s": frame_seconds(window_frames)}
