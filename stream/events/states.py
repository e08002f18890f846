"""Events of the connection: the state of a session, and why nothing arrives."""

from dataclasses import asdict, dataclass
from enum import StrEnum

from take5.stream.events.head import event_head
from take5.stream.timeline.stream_facts import PictureFacts, SoundFacts
from take5.stream.wire import Json


class State(StrEnum):
    """State of a session."""

    WAITING = "waiting"
    CONNECTING = "connecting"
    RECEIVING = "receiving"
    STALLED = "stalled"
    STOPPING = "stopping"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True)
class StateChanged:
    """The session's state has changed."""

    frame: int
    state: State

    def json(self) -> Json:
        """Return the event as ``{"type": "state", ...}``."""
        return {**event_head("state", self.frame), "state": str(self.state)}


class Cause(StrEnum):
    """Why there is no progress although packets arrive."""

    INCOMPLETE = "incomplete"
    NO_KEYFRAME = "no_keyframe"
    TIMES = "times"
    UNDECODABLE = "undecodable"


STALL_TEXTS = {
    "picture": "no picture arrives",
    "sound": "no sound arrives",
    "both": "nothing arrives",
    Cause.INCOMPLETE: "packets of the {track} arrive, but nothing whole: too many are lost, or their times stand still",
    Cause.NO_KEYFRAME: "pictures arrive, but no keyframe to begin with; set the sender's keyframe interval to 1 or 2 s",
    Cause.TIMES: "the {track} arrives, but its times do not go on; begin to send again",
    Cause.UNDECODABLE: "the {track} arrives, but cannot be decoded; choose another encoder in the sender",
}


@dataclass(frozen=True)
class Stalled:
    """Nothing has arrived for a while on ``track``: "picture", "sound" or "both"; or what has is of no use.

    Then ``cause`` says why.
    """

    frame: int
    track: str
    cause: Cause | None = None

    def json(self) -> Json:
        """Return the event as ``{"type": "stalled", ...}``."""
        cause = None if self.cause is None else str(self.cause)
        head = event_head("stalled", self.frame)
        return {**head, "track": self.track, "cause": cause, "text": self.text}

    @property
    def text(self) -> str:
        """What is wrong, in words."""
        return STALL_TEXTS[self.track if self.cause is None else self.cause].format(track=self.track)


@dataclass(frozen=True)
class Resumed:
    """Media arrive again."""

    frame: int

    def json(self) -> Json:
        """Return the event as ``{"type": "resumed", ...}``."""
        return event_head("resumed", self.frame)


@dataclass(frozen=True)
class StreamMeasured:
    """What the sender's stream is like has changed, or is known for the first time."""

    frame: int
    picture: PictureFacts
    sound: SoundFacts

    def json(self) -> Json:
        """Return the event as ``{"type": "stream", ...}``."""
        return {**event_head("stream", self.frame), **asdict(self.picture), **asdict(self.sound)}
