"""Events of a session, frozen, and their JSON, version 1 (``docs/events.md``)."""

from take5.stream.events.advice import TROUBLE_TEXTS, Coached, Trouble, Warned
from take5.stream.events.head import EVENTS_VERSION
from take5.stream.events.outcome import (
    STOP_TEXTS,
    Bundled,
    BundlePrepared,
    ClipReady,
    Decided,
    Failed,
    Failure,
    Finished,
    LeftStep,
    NoClip,
    Reported,
    Stopped,
)
from take5.stream.events.scores import (
    BestChanged,
    ChunkNote,
    Kept,
    LengthProgress,
    Progress,
    Scored,
    best_json,
    window_json,
)
from take5.stream.events.states import STALL_TEXTS, Cause, Resumed, Stalled, State, StateChanged, StreamMeasured

Event = (
    Progress
    | BestChanged
    | Kept
    | Scored
    | Warned
    | Coached
    | StateChanged
    | StreamMeasured
    | Stalled
    | Resumed
    | Stopped
    | ClipReady
    | NoClip
    | Bundled
    | BundlePrepared
    | Reported
    | Failed
    | Decided
    | Finished
)

__all__ = [
    "EVENTS_VERSION",
    "STALL_TEXTS",
    "STOP_TEXTS",
    "TROUBLE_TEXTS",
    "BestChanged",
    "BundlePrepared",
    "Bundled",
    "Cause",
    "ChunkNote",
    "ClipReady",
    "Coached",
    "Decided",
    "Event",
    "Failed",
    "Failure",
    "Finished",
    "Kept",
    "LeftStep",
    "LengthProgress",
    "NoClip",
    "Progress",
    "Reported",
    "Resumed",
    "Scored",
    "Stalled",
    "State",
    "StateChanged",
    "Stopped",
    "StreamMeasured",
    "Trouble",
    "Warned",
    "best_json",
    "window_json",
]
