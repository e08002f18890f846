"""What a worker is given and what it gives back: small frozen values that pickle, without open handles."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from take5.stream.bundles.write import Bundle
from take5.stream.deliverables import CLIP_ONLY, Deliverables
from take5.stream.offline.batch.content import Content
from take5.stream.selection import REPORT_VERSION, Selection
from take5.stream.settings import Settings
from take5.stream.wire import Json


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a take, but the video."""

    settings: Settings
    exhaustive: bool
    encoder: str
    encoder_version: str
    deliverables: Deliverables = CLIP_ONLY

    def key(self) -> str:
        """SHA-256 of it and of the report's version: ledgers of earlier versions know the same recipe by the same key.

        What is added to a recipe is in its key without further ado.
        """
        fields = asdict(self)
        extras = fields.pop("deliverables")
        extras |= {"wanted": extras.pop("bundles"), "page": extras.pop("report")}  # the names that ledgers have
        text = json.dumps({"report": REPORT_VERSION, **fields, "extras": extras}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Done:
    """A take that exists: of which bytes, in which folder, and the SHA-256 of its ``report.json``."""

    content: Content
    folder: Path
    report_sha256: str


@dataclass(frozen=True)
class Job:
    """One video to take the best window from.

    Attributes
    ----------
    video : Path
        The file.
    folder : Path
        Where its take goes.
    recipe : Recipe
        How it is scored.
    force : bool
        Whether an older folder is replaced.
    features : Path or None
        Where to write what was scored.
    noted : bool
        Whether the take is to be noted in a ledger, with the video's content.
    known : tuple of Done
        Takes of files of the same size by the same recipe: if one is of the same bytes, there is nothing to do.
    """

    video: Path
    folder: Path
    recipe: Recipe
    force: bool = False
    features: Path | None = None
    noted: bool = False
    known: tuple[Done, ...] = ()


@dataclass(frozen=True)
class Processed:
    """A video was scored, and the take written; ``done`` is for the ledger, where there is one."""

    job: Job
    selection: Selection
    done: Done | None = None
    bundles: tuple[Bundle, ...] = ()


@dataclass(frozen=True)
class Skipped:
    """There is a take of the same bytes by the same recipe, in ``folder``, with this report.

    ``done`` is for the ledger, where the file has a stamp that the ledger does not know.
    """

    job: Job
    folder: Path
    report: Json
    done: Done | None = None


@dataclass(frozen=True)
class Failed:
    """There is no take; ``error`` names the video and says why."""

    job: Job
    error: str
    too_short: bool = False


Outcome = Processed | Skipped | Failed
