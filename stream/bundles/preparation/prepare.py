"""Prepares a bundle in place: files are complete before they are moved there, and the manifest comes last."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from take5.scoring.errors import OutputExists, UnreadableMedia
from take5.scoring.models.face_geometry import CanonicalFace
from take5.stream.bundles.check import Progress, progress
from take5.stream.bundles.contract import TrainerContract
from take5.stream.bundles.manifest import MANIFEST, described_file
from take5.stream.bundles.masks.labelling import Labelling
from take5.stream.bundles.masks.preparation import FILES, BundleImages, Masks
from take5.stream.bundles.preparation.in_place import InPlace, Write, preparing
from take5.stream.bundles.preparation.pictures import OnPicture, OpenReader, picture_paths, see_pictures
from take5.stream.bundles.preparation.preparation import Preparation
from take5.stream.bundles.preparation.registry import preparations_for
from take5.stream.bundles.trainers.registry import TRAINERS
from take5.stream.wire import Json

PREPARED = "preparation"
"""Key of the manifest."""

WITHOUT_MASKS = "without_masks"
"""Key of it, where masks were left out: why."""

ABOUT = ("experimental", "created", "model", WITHOUT_MASKS)
"""Keys of it that are of no single preparation."""


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
        What the manifest says of each preparation, also of those that were there before.
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
    labelling: Labelling | None = None,
    force: bool = False,
    on_picture: OnPicture = lambda *_: None,
) -> Prepared:
    """Do what take5 can of the preparation that the bundle's trainer needs, and record it in the manifest.

    With a ``labelling``, masks and what is cut with them are made, too. What take5 has made before stays, unless
    ``force`` is true: masks can be added to poses.

    Raises
    ------
    UnreadableMedia
        If it is not a bundle, or its pictures cannot be read.
    ParameterError
        If nothing is prepared for its trainer, or the landmarks fit no head.
    NoFace
        If no face is seen in some picture.
    OutputExists, OutputError
        If a file of the same name is there and ``force`` is false, if another process prepares the bundle, or if a file
        cannot be written.
    """
    content = read_manifest(folder)
    trainer = TRAINERS[content["trainer"]]
    tracking = preparations_for(trainer.name)
    masks = None if labelling is None else Masks(FILES[trainer.name], labelling)
    with preparing(folder) as place:
        to_do = _to_do(place, folder, content, (*tracking, *([] if masks is None else [masks])), force=force)
        paths, steps, about = picture_paths(folder), dict[str, Write](), Json()
        faces = [each for each in tracking if each in to_do]
        if faces:
            seen = see_pictures(folder, model.face, model.reader, longer_side(content), on_picture)
            steps |= {each.name: partial(each.write, seen=seen) for each in faces}
            about = {"model": {"name": model.name, "sha256": model.sha256}}
        if masks is not None and masks in to_do:
            steps[masks.name] = partial(masks.write, seen=BundleImages(folder, len(paths)))
        made = place.write(steps)
        found = progress(folder, trainer)
        record = {**content.get(PREPARED, {}), **_now(), **about, **made}
        if masks is not None:
            record.pop(WITHOUT_MASKS, None)
        files = [path for each in to_do for path in each.paths(len(paths))]
        place.finish(_updated(content, trainer, found, folder, files) | {PREPARED: record})
    return Prepared(folder, trainer.name, {name: record[name] for name in record if name not in ABOUT}, found)


def leave_out_masks(folder: Path, reason: str) -> None:
    """Let the manifest of a bundle that is prepared say why there are no masks."""
    with preparing(folder) as place:
        content = read_manifest(folder)
        place.finish(content | {PREPARED: {**content[PREPARED], WITHOUT_MASKS: reason}})


def _now() -> Json:
    return {"experimental": True, "created": datetime.now(UTC).isoformat(timespec="seconds")}


def _to_do(
    place: InPlace, folder: Path, content: Json, wanted: Sequence[Preparation], *, force: bool
) -> list[Preparation]:
    """What is wanted and not there yet. What a trainer's own steps have made may have taken hours: it stays."""
    before = {} if force else content.get(PREPARED, {})
    to_do = [each for each in wanted if each.name not in before]
    there = [path for each in to_do or wanted for path in each.paths(0) if (folder / path).exists()]
    foreign = [path for path in there if path not in place.moved]
    if foreign and not force:
        raise OutputExists(f"{folder / foreign[0]}: exists already; replace it and what belongs to it with --force")
    return to_do or list(wanted)


def _updated(content: Json, trainer: TrainerContract, found: Progress, folder: Path, paths: list[str]) -> Json:
    """A manifest with these files, and with what is done and left now."""
    others = [file for file in content["files"] if file["path"] not in paths]
    return content | {
        "files": [*others, *(described_file(folder, path) for path in paths)],
        "done": [*trainer.done, *(step for step in found.done if step not in trainer.done)],
        "left": [step.json() for step in found.left],
    }


def longer_side(content: Json) -> float | None:
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
