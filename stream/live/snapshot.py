"""The state of a capture so far: what ``hello`` holds for a new follower."""

from dataclasses import dataclass

from take5.scoring.judging import JudgedWindow
from take5.scoring.stopping import StopRules
from take5.stream.events import (
    EVENTS_VERSION,
    BestChanged,
    Bundled,
    ClipReady,
    Coached,
    Event,
    Failed,
    Progress,
    Reported,
    Resumed,
    Scored,
    Stalled,
    State,
    StateChanged,
    Stopped,
    best_json,
    window_json,
)
from take5.stream.timeline.clock import frame_seconds
from take5.stream.wire import Json


@dataclass(frozen=True)
class About:
    """What every session of a server has in common."""

    encoder: str
    window_s: float
    rules: StopRules

    def json(self) -> Json:
        """Return it as part of ``hello`` and of ``/api/config``."""
        return {"encoder": self.encoder, "window_s": self.window_s, "rules": rules_json(self.rules)}


def rules_json(rules: StopRules) -> Json:
    """The rules of ``docs/events.md``."""
    return {
        "stop_at": rules.stop_at,
        "floor_s": rules.floor_s,
        "gain": rules.gain,
        "gain_after_s": rules.gain_after_s,
        "cap_s": rules.cap_s,
        "idle_s": rules.idle_s,
    }


class Snapshot:
    """Follows the events of one capture and knows its present state.

    Parameters
    ----------
    name : str
        Of the session.
    about : About
        What the session's capture shares with others.
    """

    def __init__(self, name: str, about: About) -> None:
        self.name, self.about = name, about
        self.state = State.WAITING
        self.frame = 0
        self.windows: dict[int, JudgedWindow] = {}
        self.bundles: list[Bundled] = []
        self.last: dict[type[Event], Event] = {}

    @property
    def over(self) -> bool:
        """Whether the capture's last event has come."""
        clip = self.last.get(ClipReady)
        if not isinstance(clip, ClipReady):
            return Failed in self.last
        return len(self.bundles) >= len(clip.bundles) and (Reported in self.last or not clip.report)

    @property
    def decided(self) -> bool:
        """Whether the capture has a clip or has failed; bundles and report may still be to come."""
        return ClipReady in self.last or Failed in self.last

    @property
    def after_clip(self) -> list[Event]:
        """What followed the clip: its bundles and its report."""
        report = self.last.get(Reported)
        return [*self.bundles, *([] if report is None else [report])]

    def remember(self, event: Event) -> None:
        """Follow the next event."""
        if isinstance(event, Bundled):
            self.bundles.append(event)
        elif isinstance(event, Progress | Scored):
            self.frame = event.frame
            if event.window is not None:
                self.windows[event.window.score.start] = event.window
        elif isinstance(event, StateChanged):
            self.state = event.state
        elif isinstance(event, Resumed):
            self.last.pop(Stalled, None)
        elif isinstance(event, BestChanged | Stalled | Stopped | Coached | ClipReady | Reported | Failed):
            self.last[type(event)] = event

    def hello(self) -> Json:
        """The present state."""
        best = self.last.get(BestChanged)
        return {
            "type": "hello",
            "v": EVENTS_VERSION,
            "time_s": frame_seconds(self.frame),
            "session": self.name,
            "state": str(self.state),
            **self.about.json(),
            "windows": [window_json(self.windows[start]) for start in sorted(self.windows)],
            "best": best_json(best.best) if isinstance(best, BestChanged) else None,
            "bundles": [bundle.json() for bundle in self.bundles],
            **{key: self._last_json(kind) for key, kind in _LAST_KEYS.items()},
        }

    def _last_json(self, kind: type[Event]) -> Json | None:
        event = self.last.get(kind)
        return None if event is None else event.json()


_LAST_KEYS: dict[str, type[Event]] = {
    "coach": Coached,
    "stalled": Stalled,
    "stopped": Stopped,
    "clip": ClipReady,
    "report": Reported,
    "error": Failed,
}
