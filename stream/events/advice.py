"""Events for the person at the camera: warnings, and the coach."""

from dataclasses import dataclass
from enum import StrEnum

from take5.scoring.gates.findings import Code
from take5.scoring.idle import IdleState
from take5.stream.events.head import event_head
from take5.stream.texts.languages import GOOD, texts
from take5.stream.wire import Json


class Trouble(StrEnum):
    """What a warning is about."""

    KEYFRAMES_RARE = "keyframes_rare"
    NO_SENDER_REPORTS = "no_sender_reports"
    TIME_JUMPED = "time_jumped"
    BEHIND = "behind"
    CAUGHT_UP = "caught_up"
    LOSS = "loss"
    LOW_RESOLUTION = "low_resolution"
    FAULT = "fault"
    NOT_KEPT = "not_kept"
    DISK_LOW = "disk_low"
    NOT_WRITTEN = "not_written"


TROUBLE_TEXTS = {
    Trouble.KEYFRAMES_RARE: "the sender's keyframes are rare; set its keyframe interval to 1 or 2 s",
    Trouble.NO_SENDER_REPORTS: "the sender reports no times; picture and sound are aligned by their arrival",
    Trouble.TIME_JUMPED: "the sender's clock has jumped, or its stream began again; seconds around it do not count",
    Trouble.BEHIND: "scoring has fallen behind; only windows that can win are analysed",
    Trouble.CAUGHT_UP: "scoring has caught up; every frame is analysed again",
    Trouble.LOSS: "packets were lost; the picture is damaged until the next keyframe",
    Trouble.LOW_RESOLUTION: "the picture is small; trainers want 1280x720 or more",
    Trouble.FAULT: "scoring failed; the best window until then was kept",
    Trouble.NOT_KEPT: "the best window is in memory only, the disk does not take it; a kill would lose it",
    Trouble.DISK_LOW: "the disk is nearly full, {value} MB are free; make room",
    Trouble.NOT_WRITTEN: "the clip cannot be written yet; make room, it is tried again",
}


@dataclass(frozen=True)
class Warned:
    """A warning to the sender; ``value`` is the measured value, or what failed."""

    frame: int
    trouble: Trouble
    value: float | int | list[int] | str | None = None

    def json(self) -> Json:
        """Return the event as ``{"type": "warning", ...}``."""
        text = TROUBLE_TEXTS[self.trouble].format(value=self.value)
        if isinstance(self.value, str):
            text = f"{text} ({self.value})"
        return {**event_head("warning", self.frame), "code": str(self.trouble), "text": text, "value": self.value}


@dataclass(frozen=True)
class Coached:
    """The instruction to the speaker from now on; none if ``code`` is None and nothing was ``followed``.

    In the second stage, for the idle clip, ``code`` is its progress.

    ``restarts``: following it changes how the person speaks.
    """

    frame: int
    code: Code | IdleState | None
    followed: Code | None = None
    restarts: bool = False

    def json(self) -> Json:
        """Return the event as ``{"type": "coach", ...}``."""
        code = str(self.code) if self.code else GOOD if self.followed else None
        return {
            **event_head("coach", self.frame),
            "code": code,
            "text": texts().coaching[code] if code else "",
            "followed": self.followed and str(self.followed),
        }
