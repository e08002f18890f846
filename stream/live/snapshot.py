"""The state of a capture so far: what ``hello`` holds for a new follower."""

from dataclasses import asdict, dataclass
from typing import Self

from take5.scoring.judging import JudgedWindow
from take5.scoring.models.encoders import ENCODERS
from take5.scoring.own_range import LEAST_WINDOWS, Standing
from take5.scoring.parameters import Parameters
from take5.scoring.stopping import StopRule, StopRules
from take5.stream.events import (
    EVENTS_VERSION,
    BestChanged,
    Bundled,
    ClipReady,
    Coached,
    Event,
    Failed,
    Kept,
    Progress,
    Reported,
    Resumed,
    Scored,
    Stalled,
    State,
    StateChanged,
    Stopped,
    Trouble,
    Warned,
    best_json,
    window_json,
)
from take5.stream.selection import Checked
from take5.stream.timeline.clock import frame_seconds
from take5.stream.wire import Json


@dataclass(frozen=True)
class About:
    """What every session of a server has in common.

    Attributes
    ----------
    encoder : str
        Name of the audio encoder.
    window_s : float
        Length of a window.
    rules : StopRules
        When a recording is enough.
    D_range : (float, float), optional
        D of a poor and of a rich window, where the encoder's scale is known.
    """

    encoder: str
    window_s: float
    rules: StopRules
    D_range: tuple[float, float] | None = None

    @classmethod
    def of(cls, encoder: str, parameters: Parameters, rules: StopRules) -> Self:
        """Return it for captures with these models and settings."""
        entry = ENCODERS.get(encoder)
        return cls(encoder, parameters.seconds, rules, None if entry is None else entry.D_range)

    def json(self) -> Json:
        """Return it as part of ``hello`` and of ``/api/config``."""
        return {
            "encoder": self.encoder,
            "window_s": self.window_s,
            "rules": rules_json(self.rules),
            "D_range": None if self.D_range is None else list(self.D_range),
        }


def rules_json(rules: StopRules) -> Json:
    """The rules of ``docs/events.md``."""
    return {
        "stop_at": rules.stop_at or None,
        "share": rules.own_share or None,
        "least_windows": LEAST_WINDOWS,
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

    Attributes
    ----------
    unwritten : Warned, optional
        Why the clip cannot be written, while it is tried again.
    """

    def __init__(self, name: str, about: About) -> None:
        self.name, self.about = name, about
        self.state = State.WAITING
        self.frame = 0
        self.windows: dict[int, JudgedWindow] = {}
        self.checked: Checked | None = None
        self.standing: Standing | None = None
        self.bundles: list[Bundled] = []
        self.last: dict[type[Event], Event] = {}
        self.unwritten: Warned | None = None

    @property
    def over(self) -> bool:
        """Whether the capture's last event has come."""
        clip = self.last.get(ClipReady)
        if not isinstance(clip, ClipReady):
            return Failed in self.last
        written = len(self.bundles) >= len(clip.bundles) and (Reported in self.last or not clip.report)
        return written and (not self._faulty or Warned in self.last)

    @property
    def _faulty(self) -> bool:
        """Whether a fault has stopped the recording: its warning follows the clip."""
        stopped = self.last.get(Stopped)
        return isinstance(stopped, Stopped) and stopped.stop.rule is StopRule.FAULT

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
            self._scored(event)
        elif isinstance(event, StateChanged):
            self.state = event.state
        elif isinstance(event, Warned) and event.trouble is Trouble.FAULT:
            self.last[Warned] = event
        elif isinstance(event, Warned) and event.trouble is Trouble.NOT_WRITTEN:
            self.unwritten = event
        elif isinstance(event, Resumed):
            self.last.pop(Stalled, None)
        elif isinstance(event, BestChanged | Kept | Stalled | Stopped | Coached | ClipReady | Reported | Failed):
            self.last[type(event)] = event
        if isinstance(event, ClipReady | Failed):
            self.unwritten = None

    def _scored(self, event: Progress | Scored) -> None:
        self.frame = event.frame
        self.checked = event.checked
        if isinstance(event, Progress):
            self.standing = event.standing
        if event.window is not None:
            self.windows[event.window.score.start] = event.window

    def hello(self) -> Json:
        """The present state."""
        best, kept = self.last.get(BestChanged), self.last.get(Kept)
        return {
            "type": "hello",
            "v": EVENTS_VERSION,
            "time_s": frame_seconds(self.frame),
            "session": self.name,
            "state": str(self.state),
            **self.about.json(),
            "windows": [window_json(self.windows[start]) for start in sorted(self.windows)],
            "best": best_json(best.best) if isinstance(best, BestChanged) else None,
            "kept": best_json(kept.best) if isinstance(kept, Kept) else None,
            "checked": self.checked and self.checked.json(),
            "standing": self.standing and asdict(self.standing),
            "bundles": [bundle.json() for bundle in self.bundles],
            "warning": None if self.unwritten is None else self.unwritten.json(),
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
