"""The selection from one recording, the same for a finished file and a stream, and its JSON (``docs/output.md``)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from typing import Any

from take5.scoring.idle import Idle
from take5.scoring.judging import JudgedWindow
from take5.scoring.models.trackers import MEDIAPIPE
from take5.scoring.parameters import FPS
from take5.scoring.score import WindowScore
from take5.stream.ffmpeg.tracks import UsedTracks
from take5.stream.settings import Settings
from take5.stream.timeline.clock import frame_seconds, to_seconds
from take5.stream.timeline.grid import FrameCounts
from take5.stream.wire import Json, findings_json, score_json

REPORT_VERSION = 1
PACKAGES = (
    "take5",
    "ai-edge-litert",
    "av",
    "livekit-wakeword",
    "mediapipe",
    "numpy",
    "onnxruntime",
    "opencv-python-headless",
    "scipy",
    "torch",
)


@dataclass(frozen=True)
class Checked:
    """How many windows have a verdict.

    Attributes
    ----------
    windows : int
        Those that were analysed, or that sound or timestamps alone rule out.
    of : int
        All windows.
    complete : bool
        Whether the others can no longer win, so that the choice is Algorithm 1's.
    """

    windows: int
    of: int
    complete: bool = True

    def json(self) -> Json:
        """Return it as part of events and of the selection."""
        return {"windows": self.windows, "of": self.of, "complete": self.complete}


def checked(verdicts: Sequence[JudgedWindow], *, complete: bool) -> Checked:
    """Count the windows that have a verdict."""
    return Checked(sum(verdict.eligible is not None for verdict in verdicts), len(verdicts), complete)


@dataclass(frozen=True)
class Selection:
    """The result for one recording.

    Attributes
    ----------
    video : str
        The file's name as given.
    encoder, encoder_version : str
        The encoder that D was measured with, and the version of its weights.
    source_fps : float
        Nominal frame rate of the file.
    origin : int
        Instant of grid frame 0 on the file's clock, in flicks.
    frames, tracked : int
        Number of grid frames in the recording, and of those tracked.
    counts : FrameCounts
        Doubled, dropped and late source frames.
    best : WindowScore or None
        The chosen window.
    pool : tuple of WindowScore
        The windows among which it was chosen, in the order in which they were judged.
    verdicts : tuple of JudgedWindow
        Every window, in order of time.
    idle : Idle or None
        The best stretch in which the person sits still and silent, if requested.
    tracks : UsedTracks or None
        The tracks of the file that were used; None for a capture.
    channel : str
        What was heard: ``mix``, ``left``, ``right``, or the number of a channel.
    tone_mapped : str or None
        The transfer function of an HDR picture, ``hlg`` or ``pq``, that was mapped to SDR.
    complete : bool
        Whether every window that could win was analysed; false only where a live capture had no time for it.
    others : tuple of Selection
        The choices among windows of other lengths, made in the same pass.
    tracker : str
        The face tracker that MC was measured with.
    """

    video: str
    encoder: str
    encoder_version: str
    source_fps: float
    origin: int
    frames: int
    tracked: int
    counts: FrameCounts
    best: WindowScore | None
    pool: tuple[WindowScore, ...]
    verdicts: tuple[JudgedWindow, ...]
    settings: Settings
    warnings: tuple[str, ...] = ()
    idle: Idle | None = None
    complete: bool = True
    tracks: UsedTracks | None = None
    channel: str = "mix"
    tone_mapped: str | None = None
    others: tuple["Selection", ...] = ()
    tracker: str = MEDIAPIPE

    @property
    def lengths(self) -> tuple["Selection", ...]:
        """The choice for each length, the first length's first."""
        return self, *self.others

    def everywhere(self, **changes: Any) -> "Selection":
        """The same with changes for every length."""
        others = tuple(replace(other, **changes) for other in self.others)
        return replace(self, **changes, others=others)

    @property
    def window_frames(self) -> int:
        """Grid frames in a window."""
        return self.settings.parameters.window_frames

    @property
    def by_suffix(self) -> Mapping[str, "Selection"]:
        """The choice for each length, by what the names of its files end with."""
        return {"": self} | {suffix_of(other.settings.parameters.seconds): other for other in self.others}

    @property
    def leading(self) -> "Selection":
        """The choice for the first length that has one; without any, for the first length."""
        return next((chosen for chosen in self.lengths if chosen.best is not None), self)

    @property
    def checked(self) -> Checked:
        """How many of the windows have a verdict."""
        return checked(self.verdicts, complete=self.complete)

    def json(self) -> Json:
        """The object that ``--json`` prints and ``report.json`` holds."""
        parameters = self.settings.parameters
        return {
            "version": REPORT_VERSION,
            "video": self.video,
            "encoder": self.encoder,
            "encoder_version": self.encoder_version,
            "tracker": self.tracker,
            "fps": FPS,
            "source_fps": self.source_fps,
            "container_start_s": to_seconds(self.origin),
            "duration_s": frame_seconds(self.frames),
            "tracks": self.tracks and {"audio": self.tracks.audio, "video": self.tracks.video},
            "channel": self.channel,
            "tone_mapped": self.tone_mapped,
            "av_offset_ms": self.settings.shift.ms,
            "best": None if self.best is None else self.window_json(self.best),
            "idle": self.idle
            and {
                "start_s": frame_seconds(self.idle.start),
                "end_s": frame_seconds(self.idle.stop),
                "blinks": self.idle.blinks,
            },
            "pool": [self.window_json(window) for window in self.pool],
            "windows": [verdict_json(verdict) for verdict in self.verdicts],
            "checked": self.checked.json(),
            "parameters": {
                **asdict(parameters),
                "strategy": self.settings.strategy.name,
                "diversity": self.settings.diversity,
                "seed": self.settings.seed,
                "gates": self.settings.gates.json(),
            },
            "versions": versions(),
            "frames": {"tracked": self.tracked, **asdict(self.counts)},
            "warnings": list(self.warnings),
            "window_s": parameters.seconds,
            **({"lengths": [_length_json(other) for other in self.others]} if self.others else {}),
        }

    def window_json(self, window: WindowScore) -> Json:
        """A window with all its measurements."""
        return {
            "start_s": frame_seconds(window.start),
            "end_s": frame_seconds(window.start + self.settings.parameters.window_frames),
            "container_start_s": to_seconds(self.origin) + frame_seconds(window.start),
            **score_json(window),
        }


def _length_json(selection: Selection) -> Json:
    """What differs between the lengths of one recording."""
    keys = ("window_s", "best", "pool", "windows", "checked", "av_offset_ms", "warnings")
    whole = selection.json()
    return {key: whole[key] for key in keys}


def suffix_of(seconds: float) -> str:
    """What the names of files end with that are of another length than the first."""
    return f"-{seconds:g}s"


def verdict_json(verdict: JudgedWindow) -> Json:
    """A window's start, D, and whether it may win."""
    return {
        "start_s": frame_seconds(verdict.score.start),
        "D": verdict.score.D,
        "eligible": verdict.eligible,
        "reasons": findings_json(verdict.reasons),
        "warnings": findings_json(verdict.warnings),
    }


def versions() -> Mapping[str, str]:
    """Versions of Python and of the installed packages that affect the numbers."""
    found = {"python": python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
