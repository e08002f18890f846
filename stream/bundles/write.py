"""Writing bundles: each file is made once, and each trainer gets the files of its contract."""

import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from take5.scoring.errors import OutputError, ParameterError, TooShort
from take5.stream.analysis.models import Models
from take5.stream.bundles.contract import Shows, TrainerContract
from take5.stream.bundles.crop import SIZE, square_crop
from take5.stream.bundles.footage import Footage, footage, idle_footage
from take5.stream.bundles.manifest import MANIFEST, Origin, manifest, write_manifest
from take5.stream.bundles.part import Draft
from take5.stream.bundles.parts.images import Landmarks
from take5.stream.bundles.picture_faces import PictureFaces
from take5.stream.bundles.rest import from_rest
from take5.stream.bundles.shortcomings import shortcomings
from take5.stream.bundles.trainers.registry import trainer_named
from take5.stream.output.atomic import BUNDLE_PREFIX, new_folder, parents, refuse_existing, writing
from take5.stream.output.clip import SMALL
from take5.stream.recording.base import Recording
from take5.stream.selection import Selection
from take5.stream.settings import Settings
from take5.stream.timeline.clock import frame_seconds, to_seconds
from take5.stream.wire import Json

MOST_LETTERS = 64
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
TAKEN = re.compile("jpg|ori_imgs", re.IGNORECASE)
"""Trainers put the name into paths and shell commands, and replace these words anywhere in a path."""


@dataclass(frozen=True)
class WantedBundles:
    """Which bundles are wanted.

    Attributes
    ----------
    trainers : tuple of TrainerContract
        The trainers.
    size : int
        Side of the pictures in pixels.
    consent : str, optional
        Reference to the person's consent, for the manifest.
    """

    trainers: tuple[TrainerContract, ...]
    size: int = SIZE
    consent: str | None = None

    def of(self, *shows: Shows) -> "WantedBundles":
        """Those that show one of these."""
        return replace(self, trainers=tuple(trainer for trainer in self.trainers if trainer.shows in shows))


@dataclass(frozen=True)
class Bundle:
    """A bundle on disk, and the warnings of its manifest."""

    trainer: str
    folder: Path
    frames: int
    train_frames: int
    warnings: tuple[str, ...] = ()

    @property
    def manifest(self) -> Path:
        """Its manifest."""
        return self.folder / MANIFEST

    def json(self) -> Json:
        """Return it as ``{"trainer": ..., "path": ..., ...}``."""
        return {
            "trainer": self.trainer,
            "path": str(self.folder),
            "frames": self.frames,
            "train_frames": self.train_frames,
            "warnings": list(self.warnings),
        }


def bundle_name(text: str) -> str:
    """A name that trainers can use: letters, digits, ``-`` and ``_``, at most 64."""
    name = TAKEN.sub("", re.sub(r"[^A-Za-z0-9_-]+", "_", text)).strip("_-")[:MOST_LETTERS]
    return name or "talker"


def checked_bundle_name(name: str) -> str:
    """Return ``name`` if trainers can use it."""
    if not NAME.fullmatch(name) or TAKEN.search(name):
        raise ParameterError(
            f"{name!r} cannot be a bundle's name: 1 to 64 letters, digits, - and _, not jpg or ori_imgs; alice_2 can"
        )
    return name


def wanted_for(names: Sequence[str], size: int = SIZE, consent: str | None = None) -> WantedBundles:
    """The bundles requested by ``--for NAME``, without duplicates."""
    return WantedBundles(tuple(trainer_named(name) for name in dict.fromkeys(names)), size, consent)


def refuse_short(wanted: WantedBundles | None, settings: Settings) -> None:
    """Raise ParameterError where a window, with the frames after it, has less than a trainer needs."""
    for parameters in (each.parameters for each in settings.lengths):
        frames = parameters.window_frames + parameters.frames_after
        for trainer in () if wanted is None else wanted.of(Shows.WINDOW, Shows.FROM_REST).trainers:
            if frames < trainer.least:
                raise ParameterError(
                    f"seconds={parameters.seconds} is too short for {trainer.title}: a bundle of it has {frames} "
                    f"frames, {trainer.least} are needed"
                )


def bundle_selection(
    selection: Selection,
    recording: Recording,
    models: Models,
    wanted: WantedBundles,
    folder: Path,
    name: str | None = None,
    *,
    preset: str = SMALL,
    force: bool = False,
    suffix: str = "",
) -> Iterator[Bundle]:
    """Write the bundles of a selection, if it has a best window; by default they are named after ``folder``.

    Those that show the idle clip come last. ``suffix`` is what its length adds to the name.

    Raises
    ------
    NoIdle
        If a bundle shows the idle clip, and there is none.
    """
    best = selection.best
    if best is None:
        return
    called = name_in(folder, name, suffix)
    _refuse_existing(wanted, folder, called, force=force)
    spoken, still = wanted.of(Shows.WINDOW, Shows.FROM_REST), wanted.of(Shows.IDLE)
    if spoken.trainers:
        made = footage(recording, best.start, selection.settings.parameters.window_frames)
        origin = _origin(selection, best.start, chosen=True)
        yield from write_bundles(made, origin, spoken, models, folder, called, preset=preset, force=force)
    if still.trainers:
        made = idle_footage(recording, selection.idle, still.trainers[0].title)
        origin = _origin(selection, made.start, chosen=False)
        yield from write_bundles(made, origin, still, models, folder, called, preset=preset, force=force)


def bundle_lengths(
    chosen: Mapping[str, tuple[Selection, Recording]],
    models: Models,
    wanted: WantedBundles,
    folder: Path,
    name: str | None = None,
    *,
    force: bool = False,
) -> Iterator[Bundle]:
    """Write the bundles of several lengths, each with its recording, by what its length adds to the name.

    Those that show the idle clip come after all others, so that its absence costs no other.

    Raises
    ------
    NoIdle, OutputExists
        As :func:`bundle_selection`; that one exists is found out before any is written.
    """
    for suffix, (selection, _) in chosen.items():
        if selection.best is not None:
            _refuse_existing(wanted, folder, name_in(folder, name, suffix), force=force)
    for group in (wanted.of(Shows.WINDOW, Shows.FROM_REST), wanted.of(Shows.IDLE)):
        for suffix, (selection, recording) in chosen.items():
            yield from bundle_selection(selection, recording, models, group, folder, name, force=force, suffix=suffix)


def _origin(selection: Selection, start: int, *, chosen: bool) -> Origin:
    return Origin(
        selection.video,
        to_seconds(selection.origin) + frame_seconds(start),
        selection if chosen else None,
        selection.warnings,
        selection.channel,
        selection.tone_mapped,
        selection.settings.shift.ms,
    )


def name_in(folder: Path, name: str | None = None, suffix: str = "") -> str:
    """The name of a folder's bundles, with what their length adds, such as ``-10s`` or ``-7_2s``."""
    called = bundle_name(folder.name) if name is None else checked_bundle_name(name)
    plain = suffix.replace(".", "_")
    return called[: MOST_LETTERS - len(plain)] + plain


def write_bundles(
    made_of: Footage,
    origin: Origin,
    wanted: WantedBundles,
    models: Models,
    folder: Path,
    name: str,
    *,
    preset: str = SMALL,
    force: bool = False,
) -> Iterator[Bundle]:
    """Write ``folder/<trainer>/<name>/`` for each trainer; yield each when it is done.

    Parameters
    ----------
    made_of : Footage
        What they are made of; trainers that begin at rest get it without the frames before.
    origin : Origin
        Its origin, for the manifest.
    wanted : WantedBundles
        The trainers, and the size.
    models : Models
        The encoder that the sound was scored with (AVE's rows are written only with AVE), and what sees faces.
    folder, name : Path, str
        The output folder, and the person's name for trainers.
    preset : str
        x264's.
    force : bool
        Replace bundles that exist.

    Raises
    ------
    OutputExists, OutputError
        If one exists already, or cannot be written.
    TooShort
        If it has fewer frames than one of the trainers needs.
    """
    _refuse_existing(wanted, folder, name, force=force)
    for trainer in wanted.trainers:
        if made_of.frames < trainer.least:
            raise TooShort(f"a bundle of {made_of.frames} frames is too short: {trainer.title} needs {trainer.least}")
    for shows in Shows:
        group = wanted.of(shows)
        if not group.trainers:
            continue
        least = max(trainer.least for trainer in group.trainers)
        shown = from_rest(made_of, least) if shows is Shows.FROM_REST else made_of
        with _drafted(group, shown, models, folder, name, preset) as made:
            for trainer in group.trainers:
                put = Path.replace if trainer is group.trainers[-1] else shutil.copyfile  # the last keeps the files
                began = origin.later(shown.start - made_of.start)
                yield _write(trainer, made, began, group, folder / trainer.name / name, put, force=force)


def _refuse_existing(wanted: WantedBundles, folder: Path, name: str, *, force: bool) -> None:
    for trainer in wanted.trainers:
        refuse_existing(folder / trainer.name / name, force=force)


@contextmanager
def _drafted(
    wanted: WantedBundles, shown: Footage, models: Models, folder: Path, name: str, preset: str
) -> Iterator[Draft]:
    """Write the parts of trainers that show the same, each once, to a temporary folder."""
    first = next(iter(shown.material.pictures(shown.start, shown.start + 1)), None)
    if first is None:
        raise OutputError(f"{folder}: no picture of the bundle can be decoded")
    crop = square_crop(shown.landmarks, first.size, wanted.size)
    parts = {type(part): part for trainer in wanted.trainers for part in trainer.parts}
    temporary = partial(TemporaryDirectory, prefix=BUNDLE_PREFIX, dir=folder)
    with writing(folder), parents(folder / BUNDLE_PREFIX), temporary() as common, ExitStack() as opened:
        faces = None
        if Landmarks in parts:
            faces = opened.enter_context(PictureFaces(models, crop.moved(shown.landmarks), shown.blendshapes))
        made = Draft(Path(common), name, shown, crop, models.encoder, preset, faces)
        for part in parts.values():
            part.write(made)
        yield made


def _write(
    trainer: TrainerContract,
    made: Draft,
    origin: Origin,
    wanted: WantedBundles,
    place: Path,
    put: Callable[[Path, Path], object],
    *,
    force: bool,
) -> Bundle:
    with new_folder(place, force=force) as folder:
        draft = replace(made, folder=folder)
        paths = _there(trainer, made)
        for path in paths:
            (folder / path).parent.mkdir(exist_ok=True)
            put(made.folder / path, folder / path)
        content = manifest(trainer, draft, origin, paths, shortcomings(trainer, draft, wanted.size), wanted.consent)
        write_manifest(content, folder)
    frames = made.footage.frames
    return Bundle(trainer.name, place, frames, trainer.train(frames), tuple(content["warnings"]))


def _there(trainer: TrainerContract, made: Draft) -> list[str]:
    """The trainer's files that have been made; required ones must exist."""
    return [
        path
        for part in trainer.parts
        for path in part.paths(made.name, made.footage.frames)
        if part.needed or (made.folder / path).exists()
    ]
