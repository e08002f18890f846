"""What a session says: frozen events, and their JSON, version 1 (``docs/events.md``)."""

from dataclasses import dataclass

from take5.scoring.score import WindowScore
from take5.scoring.window import JudgedWindow
from take5.stream.clock import frame_seconds
from take5.stream.selection import Json, Selection, reasons_json, score_json

EVENTS_VERSION = 1


@dataclass(frozen=True)
class Progress:
    """A window was scored: ``frame`` is the session time in grid frames, ``best`` the choice so far."""

    frame: int
    window: JudgedWindow
    best: WindowScore | None

    def json(self) -> Json:
        """Return the event as ``{"type": "progress", ...}``."""
        return {
            **_head("progress", self.frame),
            "window": {
                **_window_json(self.window.score),
                "eligible": self.window.eligible,
                "reasons": reasons_json(self.window.reasons),
            },
            "best": self.best and _window_json(self.best),
        }


@dataclass(frozen=True)
class BestChanged:
    """Another window is the best of the recording so far."""

    frame: int
    best: WindowScore

    def json(self) -> Json:
        """Return the event as ``{"type": "best", ...}``."""
        return {**_head("best", self.frame), "best": _window_json(self.best)}


@dataclass(frozen=True)
class Finished:
    """The recording has ended; nothing comes after."""

    selection: Selection

    def json(self) -> Json:
        """Return the event as ``{"type": "result", "result": what select --json prints}``."""
        return {**_head("result", self.selection.frames), "result": self.selection.json()}


Event = Progress | BestChanged | Finished


def _head(kind: str, frame: int) -> Json:
    return {"type": kind, "v": EVENTS_VERSION, "time_s": frame_seconds(frame)}


def _window_json(window: WindowScore) -> Json:
    return {"start_s": frame_seconds(window.start), **score_json(window)}
