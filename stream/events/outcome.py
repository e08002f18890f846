"""Events of the end: the stop, and what is on disk after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from take5.scoring.score import WindowScore
from take5.scoring.stopping import Stop, StopRule
from take5.stream.events.head import event_head
from take5.stream.events.scores import best_json
from take5.stream.selection import Checked, Selection
from take5.stream.timeline.clock import frame_seconds
from take5.stream.wire import Json

STOP_TEXTS = {
    StopRule.THRESHOLD: "the best window is good enough",
    StopRule.GAIN: "going on is not expected to bring a better window",
    StopRule.CAP: "the longest time is over",
    StopRule.ENDED: "it was ended",
    StopRule.LOST: "picture or sound has not arrived for too long",
    StopRule.SHUTDOWN: "the server is ending",
    StopRule.FAULT: "scoring failed",
    StopRule.INTERRUPTED: "the program was killed; what was on disk has been recovered",
}


@dataclass(frozen=True)
class Stopped:
    """The recording has stopped; the clip or an error follows."""

    frame: int
    stop: Stop

    def json(self) -> Json:
        """Return the event as ``{"type": "stopped", ...}``."""
        rule, numbers = (
            self.stop.rule,
            {
                "value": self.stop.value,
                "limit": self.stop.limit,
                "expected": self.stop.expected,
            },
        )
        return {**event_head("stopped", self.frame), "rule": str(rule), "text": STOP_TEXTS[rule], "numbers": numbers}


@dataclass(frozen=True)
class Decided:
    """A take of the session has been accepted, by its id; with None, none is any more."""

    frame: int
    accepted: str | None

    def json(self) -> Json:
        """Return the event as ``{"type": "decided", ...}``."""
        return {**event_head("decided", self.frame), "accepted": self.accepted}


@dataclass(frozen=True)
class ClipReady:
    """The clip is on disk: ``files`` by name, in the folder ``path``.

    A bundle for each of ``bundles`` follows, and then, if requested, the ``report``; later ``prepared`` for each of
    ``prepare`` whose bundle has not failed. Where there are several lengths, each has its own clip; ``lengths`` are
    those, in grid frames, whose clips, or word that there is none, follow this one. ``after_stop_s`` is how long ago
    the recording has stopped; followers are not told.
    """

    frame: int
    best: WindowScore
    window_frames: int
    path: str
    files: Mapping[str, str] = field(default_factory=dict)
    bundles: tuple[str, ...] = ()
    report: bool = False
    accepted: bool = False
    checked: Checked | None = None
    lengths: tuple[int, ...] = ()
    prepare: tuple[str, ...] = ()
    after_stop_s: float | None = field(default=None, compare=False)

    def json(self) -> Json:
        """Return the event as ``{"type": "clip", ...}``."""
        start, stop = self.best.start, self.best.start + self.window_frames
        return {
            **event_head("clip", self.frame, self.window_frames),
            "files": dict(self.files),
            "path": self.path,
            "start_s": frame_seconds(start),
            "end_s": frame_seconds(stop),
            "best": best_json(self.best),
            "bundles": list(self.bundles),
            "report": self.report,
            "prepare": list(self.prepare),
            "accepted": self.accepted,
            "checked": self.checked and self.checked.json(),
            **({"lengths": [frame_seconds(length) for length in self.lengths]} if self.lengths else {}),
        }


@dataclass(frozen=True)
class Bundled:
    """A trainer's bundle is on disk, or has failed.

    ``path`` is its folder, ``frames`` the number of pictures, ``train_frames`` of those to train on, and ``warnings``
    are for the trainer's users. ``after_stop_s`` is how long ago the recording has stopped; followers are not told.
    """

    frame: int
    trainer: str
    path: str = ""
    frames: int = 0
    train_frames: int = 0
    warnings: tuple[str, ...] = ()
    error: str | None = None
    window_frames: int | None = None
    after_stop_s: float | None = field(default=None, compare=False)

    def json(self) -> Json:
        """Return the event as ``{"type": "bundle", ...}``."""
        return {
            **event_head("bundle", self.frame, self.window_frames),
            "trainer": self.trainer,
            "path": self.path,
            "frames": self.frames,
            "train_frames": self.train_frames,
            "warnings": list(self.warnings),
            "error": self.error,
        }


@dataclass(frozen=True)
class LeftStep:
    """A step that is left before and for the training, and its command."""

    what: str
    command: str


@dataclass(frozen=True)
class BundlePrepared:
    """A bundle has been prepared for training beyond what its trainer's contract asks, or has not: ``error`` says why.

    The bundle is there in either case. ``made`` are the names of what was made, ``left`` the steps that are left, and
    ``warnings`` say what could not be made.
    """

    frame: int
    trainer: str
    path: str
    made: tuple[str, ...] = ()
    left: tuple[LeftStep, ...] = ()
    warnings: tuple[str, ...] = ()
    error: str | None = None
    window_frames: int | None = None

    def json(self) -> Json:
        """Return the event as ``{"type": "prepared", ...}``."""
        return {
            **event_head("prepared", self.frame, self.window_frames),
            "trainer": self.trainer,
            "path": self.path,
            "experimental": True,
            "made": list(self.made),
            "left": [{"what": step.what, "command": step.command} for step in self.left],
            "warnings": list(self.warnings),
            "error": self.error,
        }


@dataclass(frozen=True)
class Reported:
    """The report page is on disk next to the clip, ``files`` by name, or has failed."""

    frame: int
    files: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None

    def json(self) -> Json:
        """Return the event as ``{"type": "report", ...}``."""
        return {**event_head("report", self.frame), "files": dict(self.files), "error": self.error}


class Failure(StrEnum):
    """Why there is no clip."""

    NEVER_CONNECTED = "never_connected"
    FULL = "full"
    NO_SOUND = "no_sound"
    NO_PICTURE = "no_picture"
    NOTHING_ELIGIBLE = "nothing_eligible"
    TOO_SHORT = "too_short"
    NOT_WRITTEN = "not_written"
    INTERNAL = "internal"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Failed:
    """There will be no clip; ``reasons`` counts the windows that broke each rule, ``checked`` those with a verdict."""

    frame: int
    failure: Failure
    text: str
    reasons: Mapping[str, int] = field(default_factory=dict)
    checked: Checked | None = None

    def json(self) -> Json:
        """Return the event as ``{"type": "error", ...}``."""
        head = event_head("error", self.frame)
        return {
            **head,
            "code": str(self.failure),
            "text": self.text,
            "reasons": dict(self.reasons),
            "checked": self.checked and self.checked.json(),
        }


@dataclass(frozen=True)
class NoClip:
    """One of several lengths has no clip, while another has; ``why`` is what would have been said without the other."""

    window_frames: int
    why: Failed

    def json(self) -> Json:
        """Return the event as ``{"type": "no_clip", ...}``."""
        return {**self.why.json(), **event_head("no_clip", self.why.frame, self.window_frames)}


@dataclass(frozen=True)
class Finished:
    """The recording has ended; this is the last event."""

    selection: Selection

    def json(self) -> Json:
        """Return the event as ``{"type": "result", "result": what select --json prints}``."""
        return {**event_head("result", self.selection.frames), "result": self.selection.json()}
