"""Jobs and outcomes: small frozen values that pickle, without open handles."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from take5.scoring.models.trackers import MEDIAPIPE
from take5.stream.bundles.write import Bundle
from take5.stream.deliverables import CLIP_ONLY, Deliverables
from take5.stream.ffmpeg.tracks import MAIN_TRACKS, WantedTracks
from take5.stream.offline.batch.content import Content
from take5.stream.selection import REPORT_VERSION, Selection
from take5.stream.settings import Settings
from take5.stream.sources.channel import AUTO
from take5.stream.sources.given import Given
from take5.stream.timeline.sound_shift import UNMOVED
from take5.stream.wire import Json


@dataclass(frozen=True)
class Recipe:
    """Everything that determines a take, except the video."""

    settings: Settings
    exhaustive: bool
    encoder: str
    encoder_version: str
    deliverables: Deliverables = CLIP_ONLY
    tracks: WantedTracks = MAIN_TRACKS
    channel: str = AUTO
    repair: bool = False
    tracker: str = MEDIAPIPE

    def key(self) -> str:
        """SHA-256 of the recipe, with all its fields, and of the report's version.

        The deliverables go by the names that ledgers have always had, without what comes after a take; and tracks, a
        channel, a shift of the sound, other lengths and another tracker than MediaPipe's count where they are asked
        for, so that ledgers stay valid.
        """
        fields = asdict(self)
        if self.tracks == MAIN_TRACKS:
            del fields["tracks"]
        if self.channel == AUTO:
            del fields["channel"]
        if not self.repair:
            del fields["repair"]
        if self.tracker == MEDIAPIPE:
            del fields["tracker"]
        if self.settings.shift == UNMOVED:
            del fields["settings"]["shift"]
        if not self.settings.also:
            del fields["settings"]["also"]
        extras = fields.pop("deliverables")
        del extras["prepare"]  # which comes after the take
        extras |= {"wanted": extras.pop("bundles"), "page": extras.pop("report")}
        text = json.dumps({"report": REPORT_VERSION, **fields, "extras": extras}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Done:
    """An existing take: the content of its video, its folder, and the SHA-256 of its ``report.json``."""

    content: Content
    folder: Path
    report_sha256: str


@dataclass(frozen=True)
class Job:
    """One video to select the best window from.

    Attributes
    ----------
    video : Path or Address
        The recording.
    folder : Path
        Folder for its take.
    recipe : Recipe
        How it is scored.
    force : bool
        Whether to replace an existing folder.
    features : Path or None
        Where to write the scored features.
    noted : bool
        Whether to record the take in a ledger, with the video's content.
    known : tuple of Done
        Takes of files of the same size by the same recipe; if one has the same bytes, there is nothing to do.
    """

    video: Given
    folder: Path
    recipe: Recipe
    force: bool = False
    features: Path | None = None
    noted: bool = False
    known: tuple[Done, ...] = ()


@dataclass(frozen=True)
class Processed:
    """A video was scored, and its take written; ``done`` is for the ledger, if there is one."""

    job: Job
    selection: Selection
    done: Done | None = None
    bundles: tuple[Bundle, ...] = ()


@dataclass(frozen=True)
class Skipped:
    """A take of the same bytes by the same recipe exists in ``folder``, with this report.

    ``done`` is for the ledger, if the file's stamp is new to it.
    """

    job: Job
    folder: Path
    report: Json
    done: Done | None = None


@dataclass(frozen=True)
class Failed:
    """No take was made; ``error`` names the video and the reason."""

    job: Job
    error: str
    too_short: bool = False


Outcome = Processed | Skipped | Failed
