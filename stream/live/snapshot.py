"""The state of a capture so far: what ``hello`` holds for a new follower."""

from dataclasses import asdict, dataclass, field
from typing import Self

from take5.scoring.judging import JudgedWindow
from take5.scoring.models.encoders import ENCODERS
from take5.scoring.models.trackers import MEDIAPIPE
from take5.scoring.own_range import LEAST_WINDOWS, Standing
from take5.scoring.parameters import FPS, Parameters
from take5.scoring.score import WindowScore
from take5.scoring.stopping import StopRule, StopRules
from take5.stream.events import (
    EVENTS_VERSION,
    BestChanged,
    Bundled,
    BundlePrepared,
    ClipReady,
    Coached,
    Event,
    Failed,
    Kept,
    NoClip,
    Progress,
    Reported,
    Resumed,
    Scored,
    Stalled,
    State,
    StateChanged,
    Stopped,
    StreamMeasured,
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
    also : tuple of float
        Lengths of other windows.
    tracker : str
        Name of the face tracker.
    """

    encoder: str
    window_s: float
    rules: StopRules
    D_range: tuple[float, float] | None = None
    also: tuple[float, ...] = ()
    tracker: str = MEDIAPIPE

    @classmethod
    def of(
        cls,
        encoder: str,
        parameters: Parameters,
        rules: StopRules,
        also: tuple[float, ...] = (),
        tracker: str = MEDIAPIPE,
    ) -> Self:
        """Return it for captures with these models and settings."""
        entry = ENCODERS.get(encoder)
        return cls(encoder, parameters.seconds, rules, None if entry is None else entry.D_range, also, tracker)

    def json(self) -> Json:
        """Return it as part of ``hello`` and of ``/api/config``."""
        return {
            "encoder": self.encoder,
            "tracker": self.tracker,
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


@dataclass
class LengthNow:
    """What is known of the windows of one length."""

    windows: dict[int, JudgedWindow] = field(default_factory=dict)
    best: WindowScore | None = None
    kept: WindowScore | None = None
    checked: Checked | None = None

    def add(self, window: JudgedWindow | None, checked: Checked | None) -> None:
        """Follow a window, unless there is none yet."""
        self.checked = checked
        if window is not None:
            self.windows[window.score.start] = window

    def json(self) -> Json:
        """Return it as part of ``hello``."""
        return {
            "windows": [window_json(self.windows[start]) for start in sorted(self.windows)],
            "best": self.best and best_json(self.best),
            "kept": self.kept and best_json(self.kept),
            "checked": self.checked and self.checked.json(),
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
    last : dict
        The latest event of each kind that stands until another comes; of several clips the first.
    unwritten : Warned, optional
        Why the clip cannot be written, while it is tried again.
    """

    def __init__(self, name: str, about: About) -> None:
        self.name, self.about = name, about
        self.state = State.WAITING
        self.frame = 0
        self.first, self.others = LengthNow(), {round(each * FPS): LengthNow() for each in about.also}
        self.standing: Standing | None = None
        self.bundles: list[Bundled] = []
        self.prepared: list[BundlePrepared] = []
        self.more_clips: list[ClipReady | NoClip] = []
        self.last: dict[type[Event], Event] = {}
        self.unwritten: Warned | None = None

    @property
    def clips(self) -> list[ClipReady]:
        """The clips so far, one for each length that has one."""
        clips = [self.last.get(ClipReady), *self.more_clips]
        return [clip for clip in clips if isinstance(clip, ClipReady)]

    @property
    def over(self) -> bool:
        """Whether the capture's last event has come."""
        clip = self.last.get(ClipReady)
        if not isinstance(clip, ClipReady):
            return Failed in self.last
        if len(self.more_clips) < len(clip.lengths):
            return False
        announced = sum(len(each.bundles) for each in self.clips)
        written = len(self.bundles) >= announced and (Reported in self.last or not clip.report)
        return written and (not self._faulty or Warned in self.last)

    @property
    def to_prepare(self) -> list[tuple[ClipReady, list[Bundled]]]:
        """The bundles that are, or were, to be prepared once the capture is over, with their clips."""
        found = [(clip, [each for each in self.bundles if _is_to_prepare(each, clip)]) for clip in self.clips]
        return [(clip, bundles) for clip, bundles in found if bundles]

    @property
    def complete(self) -> bool:
        """Whether nothing more is to come, of the bundles that are prepared after the capture either."""
        return self.over and len(self.prepared) >= sum(len(bundles) for _, bundles in self.to_prepare)

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
        """What followed the first clip: those of other lengths, the bundles, the report, and what was prepared."""
        report = self.last.get(Reported)
        return [*self.more_clips, *self.bundles, *([] if report is None else [report]), *self.prepared]

    def remember(self, event: Event) -> None:
        """Follow the next event."""
        if isinstance(event, Bundled | BundlePrepared):
            (self.bundles if isinstance(event, Bundled) else self.prepared).append(event)  # type: ignore[arg-type]
        elif isinstance(event, Progress | Scored | BestChanged | Kept):
            self._score(event)
        elif isinstance(event, StateChanged):
            self.state = event.state
        elif isinstance(event, Warned) and event.trouble is Trouble.FAULT:
            self.last[Warned] = event
        elif isinstance(event, Warned) and event.trouble is Trouble.NOT_WRITTEN:
            self.unwritten = event
        elif isinstance(event, Resumed):
            self.last.pop(Stalled, None)
        elif isinstance(event, NoClip) or (isinstance(event, ClipReady) and ClipReady in self.last):
            self.more_clips.append(event)
        elif isinstance(event, StreamMeasured | Stalled | Stopped | Coached | ClipReady | Reported | Failed):
            self.last[type(event)] = event
        if isinstance(event, ClipReady | Failed):
            self.unwritten = None

    def _score(self, event: Progress | Scored | BestChanged | Kept) -> None:
        length = self.others.get(event.window_frames or 0, self.first)
        if isinstance(event, BestChanged):
            length.best = event.best
        elif isinstance(event, Kept):
            length.kept = event.best
        else:
            self.frame = event.frame
            length.add(event.window, event.checked)
            self.standing = event.standing if isinstance(event, Progress) else self.standing
        for other in event.others if isinstance(event, Progress) else ():
            if other.window_frames in self.others:
                self.others[other.window_frames].add(other.window, other.checked)

    def hello(self) -> Json:
        """The present state."""
        lengths = [{"window_s": frame_seconds(frames), **length.json()} for frames, length in self.others.items()]
        more = {"lengths": lengths, "more_clips": [event.json() for event in self.more_clips]}
        return {
            "type": "hello",
            "v": EVENTS_VERSION,
            "time_s": frame_seconds(self.frame),
            "session": self.name,
            "state": str(self.state),
            **self.about.json(),
            **self.first.json(),
            "standing": self.standing and asdict(self.standing),
            "bundles": [bundle.json() for bundle in self.bundles],
            "prepared": [prepared.json() for prepared in self.prepared],
            "warning": None if self.unwritten is None else self.unwritten.json(),
            **{key: self._last_json(kind) for key, kind in _LAST_KEYS.items()},
            **(more if lengths or self.more_clips else {}),
        }

    def _last_json(self, kind: type[Event]) -> Json | None:
        event = self.last.get(kind)
        return None if event is None else event.json()


def _is_to_prepare(bundle: Bundled, clip: ClipReady) -> bool:
    ours = bundle.window_frames in (None, clip.window_frames)
    return ours and bundle.error is None and bundle.trainer in clip.prepare


_LAST_KEYS: dict[str, type[Event]] = {
    "stream": StreamMeasured,
    "coach": Coached,
    "stalled": Stalled,
    "stopped": Stopped,
    "clip": ClipReady,
    "report": Reported,
    "error": Failed,
}
