"""Events of the score, once a hop: what was seen and heard, the windows, the best of them."""

from dataclasses import asdict, dataclass, field

from take5.scoring.judging import JudgedWindow
from take5.scoring.own_range import Standing
from take5.scoring.score import WindowScore
from take5.stream.events.head import event_head
from take5.stream.selection import Checked
from take5.stream.timeline.clock import frame_seconds
from take5.stream.wire import Json, findings_json, score_json


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
class LengthProgress:
    """A hop has passed: the window of another length that ends there, the best of that length, and what is checked."""

    window_frames: int
    window: JudgedWindow | None
    best: WindowScore | None
    checked: Checked | None = None

    def json(self) -> Json:
        """Return it as part of events."""
        return {"window_s": frame_seconds(self.window_frames), **_progress_json(self)}


@dataclass(frozen=True)
class Progress:
    """A hop has passed.

    ``frame`` is the session time in grid frames, ``window`` the one that ends there, None before the first, ``best``
    the choice so far, ``gain`` the gain that the gain rule expects from continuing, ``checked`` how many windows have a
    verdict, ``standing`` where the best window stands among the talker's own. They are of the first length,
    ``window_frames``; ``others`` has those of other lengths. ``late_s`` is how long ago the last of the media arrived
    that the window's score needed; followers are not told.
    """

    frame: int
    window: JudgedWindow | None
    best: WindowScore | None
    chunk: ChunkNote | None = None
    gain: float | None = None
    checked: Checked | None = None
    standing: Standing | None = None
    window_frames: int | None = None
    others: tuple[LengthProgress, ...] = ()
    late_s: float | None = field(default=None, compare=False)

    def json(self) -> Json:
        """Return the event as ``{"type": "progress", ...}``."""
        chunk = self.chunk
        return {
            **event_head("progress", self.frame, self.window_frames),
            "chunk": chunk and {"face": chunk.face, "faces": chunk.faces, "level_dbfs": chunk.level_dbfs},
            **_progress_json(self),
            "gain": self.gain,
            "standing": self.standing and asdict(self.standing),
            **({"lengths": [other.json() for other in self.others]} if self.others else {}),
        }


@dataclass(frozen=True)
class BestChanged:
    """Another window is the best of the recording so far."""

    frame: int
    best: WindowScore
    window_frames: int | None = None

    def json(self) -> Json:
        """Return the event as ``{"type": "best", ...}``."""
        return {**event_head("best", self.frame, self.window_frames), "best": best_json(self.best)}


@dataclass(frozen=True)
class Kept:
    """The best window is on disk: from now on a kill, or a loss of power, does not lose it."""

    frame: int
    best: WindowScore
    window_frames: int | None = None

    def json(self) -> Json:
        """Return the event as ``{"type": "kept", ...}``."""
        return {**event_head("kept", self.frame, self.window_frames), "best": best_json(self.best)}


@dataclass(frozen=True)
class Scored:
    """A window skipped when it passed has been analysed later."""

    frame: int
    window: JudgedWindow
    checked: Checked | None = None
    window_frames: int | None = None

    def json(self) -> Json:
        """Return the event as ``{"type": "scored", ...}``."""
        return {
            **event_head("scored", self.frame, self.window_frames),
            "window": window_json(self.window),
            "checked": self.checked and self.checked.json(),
        }


def _progress_json(progress: Progress | LengthProgress) -> Json:
    return {
        "window": progress.window and window_json(progress.window),
        "best": progress.best and best_json(progress.best),
        "checked": progress.checked and progress.checked.json(),
    }


def best_json(window: WindowScore) -> Json:
    """A window's start and numbers."""
    return {"start_s": frame_seconds(window.start), **score_json(window)}


def window_json(window: JudgedWindow) -> Json:
    """A window's start, numbers and verdict."""
    return {
        **best_json(window.score),
        "eligible": window.eligible,
        "aspects": window.aspects,
        "reasons": findings_json(window.reasons),
        "warnings": findings_json(window.warnings),
    }
