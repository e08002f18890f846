"""Prepares a bundle in place: files are complete before they are moved there, and the manifest comes last."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from take5.scoring.errors import OutputExists, UnreadableMedia
from take5.scoring.models.face_geometry import CanonicalFace
from take5.stream.bundles.check import Progress, progress
from take5.stream.bundles.contract import TrainerContract
from take5.stream.bundles.manifest import MANIFEST, described_file, write_manifest
from take5.stream.bundles.masks.preparation import FILES, Masks, OpenSegmenter
from take5.stream.bundles.preparation.pictures import OnPicture, OpenReader, see_pictures
from take5.stream.bundles.preparation.preparation import Preparation, SeenPictures
from take5.stream.bundles.preparation.registry import preparations_for
from take5.stream.bundles.trainers.registry import TRAINERS
from take5.stream.output.atomic import writing
from take5.stream.wire import Json

PREPARED = "preparation"
"""Key of the manifest."""

TEMPORARY = ".preparation-"
"""How the name of the folder begins in which files are written first, in the bundle."""


@dataclass(frozen=True)
class FaceModel:
    """What sees faces.

    Attributes
    ----------
    reader : callable
        Opens it.
    face : CanonicalFace
        Its canonical face.
    name, sha256 : str
        The model's name, and the hash of its file.
    """

    reader: OpenReader
    face: CanonicalFace
    name: str
    sha256: str


@dataclass(frozen=True)
class Prepared:
    """A bundle that has been prepared.

    Attributes
    ----------
    folder : Path
        The bundle.
    trainer : str
        Whose.
    made : dict
        What the manifest says of each preparation.
    progress : Progress
        What is done, wrong and left.
    """

    folder: Path
    trainer: str
    made: Json
    progress: Progress

    def json(self) -> Json:
        """Return it as ``{"path": ..., "trainer": ..., ...}``."""
        return {
            "path": str(self.folder),
            "trainer": self.trainer,
            **self.made,
            "left": [step.json() for step in self.progress.left],
            "violations": [violation.json() for violation in self.progress.violations],
        }


def prepare(
    folder: Path,
    model: FaceModel,
    *,
    segmenter: OpenSegmenter | None = None,
    force: bool = False,
    on_picture: OnPicture = lambda *_: None,
) -> Prepared:
    """Do what take5 can of the preparation that the bundle's trainer needs, and record it in the manifest.

    With a ``segmenter``, masks and what is cut with them are made, too.

    Raises
    ------
    UnreadableMedia
        If it is not a bundle, or its pictures cannot be read.
    ParameterError
        If nothing is prepared for its trainer, or the landmarks fit no head.
    NoFace
        If no face is seen in some picture.
    OutputExists, OutputError
        If a file of the same name is there and ``force`` is false, or one cannot be written.
    """
    content = read_manifest(folder)
    trainer = TRAINERS[content["trainer"]]
    preparations = preparations_for(trainer.name)
    if segmenter is not None:
        preparations += (Masks(FILES[trainer.name], segmenter),)
    _refuse_existing(folder, preparations, force=force)
    seen = see_pictures(folder, model.face, model.reader, _longer_side(content), on_picture)
    made = _write(seen, preparations)
    found = progress(folder, trainer)
    record: Json = {
        "experimental": True,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": {"name": model.name, "sha256": model.sha256},
        **made,
    }
    paths = [path for preparation in preparations for path in preparation.paths(seen.frames)]
    write_manifest(_updated(content, trainer, found, folder, paths) | {PREPARED: record}, folder)
    return Prepared(folder, trainer.name, made, found)


def _write(seen: SeenPictures, preparations: Iterable[Preparation]) -> Json:
    """Write all files, then move them into the bundle; return what the manifest says of them."""
    folder, made = seen.folder, {}
    with writing(folder), TemporaryDirectory(prefix=TEMPORARY, dir=folder) as name:
        temporary = Path(name)
        for preparation in preparations:
            made[preparation.name] = preparation.write(temporary, seen)
        for path in sorted(path for path in temporary.rglob("*") if path.is_file()):
            place = folder / path.relative_to(temporary)
            place.parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)
    return made


def _refuse_existing(folder: Path, preparations: Iterable[Preparation], *, force: bool) -> None:
    """What a trainer's own steps have made may have taken hours."""
    there = [path for each in preparations for path in each.paths(0) if (folder / path).exists()]
    if there and not force:
        raise OutputExists(f"{folder / there[0]}: exists already; replace it and what belongs to it with --force")


def _updated(content: Json, trainer: TrainerContract, found: Progress, folder: Path, paths: list[str]) -> Json:
    """A manifest with these files, and with what is done and left now."""
    others = [file for file in content["files"] if file["path"] not in paths]
    return content | {
        "files": [*others, *(described_file(folder, path) for path in paths)],
        "done": [*trainer.done, *(step for step in found.done if step not in trainer.done)],
        "left": [step.json() for step in found.left],
    }


def _longer_side(content: Json) -> float | None:
    """Longer side of the recording's pictures in pixels of the bundle; None where the manifest does not say."""
    crop = content.get("crop")
    try:
        return None if crop is None else float(max(crop["picture"])) * crop["size"] / crop["side"]
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None


def read_manifest(folder: Path) -> Json:
    """The manifest of a bundle.

    Raises
    ------
    UnreadableMedia
        If there is none, or it is not one.
    """
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        names_files = all(isinstance(file["path"], str) for file in content["files"])
        if content["trainer"] in TRAINERS and names_files:
            return dict(content)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UnreadableMedia(f"{path}: cannot be read ({reason}); give a bundle that take5 has made") from error
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise UnreadableMedia(f"{path}: is not the manifest of a bundle; make the bundle again with take5 bundle")
