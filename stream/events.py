"""Events of a session, frozen, and their JSON, version 1 (``docs/events.md``)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from take5.scoring.gates.findings import Code
from take5.scoring.idle import IdleState
from take5.scoring.judging import JudgedWindow
from take5.scoring.score import WindowScore
from take5.scoring.stopping import Stop, StopRule
from take5.stream.selection import Checked, Selection
from take5.stream.texts.languages import GOOD, texts
from take5.stream.timeline.clock import frame_seconds
from take5.stream.wire import Json, findings_json, score_json

EVENTS_VERSION = 1


@dataclass(frozen=True)
class ChunkNote:
    """What was seen and heard in one hop.

    Attributes
    ----------
    face : float or None
        Share of its frames with a face; None if none were analysed.
    faces : int or None
        Most faces seen at once, 2 for two or more; None if not counted.
    level_dbfs : float or None
        RMS of the sound; None for digital silence.
    """

    face: float | None
    faces: int | None
    level_dbfs: float | None


@dataclass(frozen=True)
class Progress:
    """A hop has passed.

    ``frame`` is the session time in grid frames, ``window`` the one that ends there, None before the first, ``best``
    the choice so far, ``gain`` the gain that the gain rule expects from continuing, ``checked`` how many windows have a
    verdict.
    """

    frame: int
    window: JudgedWindow | None
    best: WindowScore | None
    chunk: ChunkNote | None = None
    gain: float | None = None
    checked: Checked | None = None

    def json(self) -> Json:
        """Return the event as ``{"type": "progress", ...}``."""
        chunk = self.chunk
        return {
            **_head("progress", self.frame),
            "chunk": chunk and {"face": chunk.face, "faces": chunk.faces, "level_dbfs": chunk.level_dbfs},
            "window": self.window and window_json(self.window),
            "best": self.best and best_json(self.best),
            "gain": self.gain,
            "checked": self.checked and self.checked.json(),
        }


@dataclass(frozen=True)
class BestChanged:
    """Another window is the best of the recording so far."""

    frame: int
    best: WindowScore

    def json(self) -> Json:
        """Return the event as ``{"type": "best", ...}``."""
        return {**_head("best", self.frame), "best": best_json(self.best)}


@dataclass(frozen=True)
class Kept:
    """The best window is on disk: from now on a kill, or a loss of power, does not lose it."""

    frame: int
    best: WindowScore

    def json(self) -> Json:
        """Return the event as ``{"type": "kept", ...}``."""
        return {**_head("kept", self.frame), "best": best_json(self.best)}


@dataclass(frozen=True)
class Scored:
    """A window skipped when it passed has been analysed later."""

    frame: int
    window: JudgedWindow
    checked: Checked | None = None

    def json(self) -> Json:
        """Return the event as ``{"type": "scored", ...}``."""
        return {
            **_head("scored", self.frame),
            "window": window_json(self.window),
            "checked": self.checked and self.checked.json(),
        }


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
    Trouble.BEHIND: "scoring has fallen behind; only windows that can win are looked at",
    Trouble.CAUGHT_UP: "scoring has caught up; every frame is looked at again",
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
    value: float | list[int] | str | None = None

    def json(self) -> Json:
        """Return the event as ``{"type": "warning", ...}``."""
        text = TROUBLE_TEXTS[self.trouble].format(value=self.value)
        if isinstance(self.value, str):
            text = f"{text} ({self.value})"
        return {**_head("warning", self.frame), "code": str(self.trouble), "text": text, "value": self.value}


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
            **_head("coach", self.frame),
            "code": code,
            "text": texts().coaching[code] if code else "",
            "followed": self.followed and str(self.followed),
        }


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
        return {**_head("state", self.frame), "state": str(self.state)}


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
        head = _head("stalled", self.frame)
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
        return _head("resumed", self.frame)


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
        rule, numbers = self.stop.rule, {"value": self.stop.value, "limit": self.stop.limit}
        return {**_head("stopped", self.frame), "rule": str(rule), "text": STOP_TEXTS[rule], "numbers": numbers}


@dataclass(frozen=True)
class ClipReady:
    """The clip is on disk: ``files`` by name, in the folder ``path``.

    A bundle for each of ``bundles`` follows, and then, if requested, the ``report``.
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

    def json(self) -> Json:
        """Return the event as ``{"type": "clip", ...}``."""
        start, stop = self.best.start, self.best.start + self.window_frames
        return {
            **_head("clip", self.frame),
            "files": dict(self.files),
            "path": self.path,
            "start_s": frame_seconds(start),
            "end_s": frame_seconds(stop),
            "best": best_json(self.best),
            "bundles": list(self.bundles),
            "report": self.report,
            "accepted": self.accepted,
            "checked": self.checked and self.checked.json(),
        }


@dataclass(frozen=True)
class Bundled:
    """A trainer's bundle is on disk, or has failed.

    ``path`` is its folder, ``frames`` the number of pictures, ``train_frames`` of those to train on, and ``warnings``
    are for the trainer's users.
    """

    frame: int
    trainer: str
    path: str = ""
    frames: int = 0
    train_frames: int = 0
    warnings: tuple[str, ...] = ()
    error: str | None = None

    def json(self) -> Json:
        """Return the event as ``{"type": "bundle", ...}``."""
        return {
            **_head("bundle", self.frame),
            "trainer": self.trainer,
            "path": self.path,
            "frames": self.frames,
            "train_frames": self.train_frames,
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
        return {**_head("report", self.frame), "files": dict(self.files), "error": self.error}


class Failure(StrEnum):
    """Why there is no clip."""

    NEVER_CONNECTED = "never_connected"
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
        head = _head("error", self.frame)
        return {
            **head,
            "code": str(self.failure),
            "text": self.text,
            "reasons": dict(self.reasons),
            "checked": self.checked and self.checked.json(),
        }


@dataclass(frozen=True)
class Finished:
    """The recording has ended; this is the last event."""

    selection: Selection

    def json(self) -> Json:
        """Return the event as ``{"type": "result", "result": what select --json prints}``."""
        return {**_head("result", self.selection.frames), "result": self.selection.json()}


Event = (
    Progress
    | BestChanged
    | Kept
    | Scored
    | Warned
    | Coached
    | StateChanged
    | Stalled
    | Resumed
    | Stopped
    | ClipReady
    | Bundled
    | Reported
    | Failed
    | Finished
)


def _head(kind: str, frame: int) -> Json:
    return {"type": kind, "v": EVENTS_VERSION, "time_s": frame_seconds(frame)}


def best_json(window: WindowScore) -> Json:
    """A window's start and numbers."""
    return {"start_s": frame_seconds(window.start), **score_json(window)}


def window_json(window: JudgedWindow) -> Json:
    """A window's start, numbers and verdict."""
    return {
        **best_json(window.score),
        "eligible": window.eligible,
        "reasons": findings_json(window.reasons),
        "warnings": findings_json(window.warnings),
    }
