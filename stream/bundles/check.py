"""Checks any folder against a trainer's contract, whose violations would show hours later, and says what comes next."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import av

from take5.scoring.errors import UnreadableMedia
from take5.stream.bundles.contract import Step, TrainerContract
from take5.stream.bundles.part import Found, Violation
from take5.stream.bundles.parts.images import FOLDER
from take5.stream.bundles.parts.video import probe


@dataclass(frozen=True)
class Progress:
    """How far a folder is prepared.

    Attributes
    ----------
    violations : tuple of Violation
        What breaks the contract: of the bundle's own files, and of what later steps have made.
    done : tuple of str
        Steps that the bundle replaces, and those whose results are there and right.
    left : tuple of Step
        The steps that are left, in order, as they are run for this folder.
    sound : bool
        Whether the bundle's own files are right.
    """

    violations: tuple[Violation, ...]
    done: tuple[str, ...]
    left: tuple[Step, ...]
    sound: bool

    @property
    def next(self) -> Step | None:
        """The first step that is left; None if the bundle's own files are wrong."""
        return self.left[0] if self.sound and self.left else None


def check(folder: Path, trainer: TrainerContract) -> Iterator[Violation]:
    """Yield every violation of the contract.

    Raises
    ------
    UnreadableMedia
        If it is not a folder, or something in it may not be read.
    """
    yield from progress(folder, trainer).violations


def progress(folder: Path, trainer: TrainerContract) -> Progress:
    """Check a folder, and find out which steps are done and which is next.

    Raises
    ------
    UnreadableMedia
        If it is not a folder, or something in it may not be read.
    """
    try:
        return _progress(folder, trainer)
    except OSError as error:
        raise UnreadableMedia(f"{error.filename or folder}: cannot be read ({error.strerror or error})") from error


def _progress(folder: Path, trainer: TrainerContract) -> Progress:
    found = _found(folder)
    wrong = list(_check_parts(found, trainer))
    sound, done, left = not wrong, list(trainer.done) if not wrong else [], []
    for step in _steps(found, trainer):
        violations = list(_check_step(found, step))
        wrong += violations
        if step.makes and not violations and all(made.present(found) for made in step.makes):
            done.append(step.what)
        else:
            left.append(step)
    return Progress(tuple(wrong), tuple(done), tuple(left), sound)


def _found(folder: Path) -> Found:
    if not folder.is_dir():
        raise UnreadableMedia(f"{folder}: is not a folder; give the one that goes into the trainer's data/")
    name = _name(folder)
    return Found(folder, name, _frames(folder, name))


def _name(folder: Path) -> str:
    """The name by which trainers reach it: a link's own."""
    return folder.resolve().name if folder.name in ("", "..") else folder.name


def _steps(found: Found, trainer: TrainerContract) -> list[Step]:
    return [step.of(found.name, trainer.train(found.frames)) for step in trainer.left]


def _check_parts(found: Found, trainer: TrainerContract) -> Iterator[Violation]:
    if found.frames < trainer.least:
        rule = f"has {found.frames} frames; {trainer.title} needs {trainer.least}"
        yield Violation(f"{found.name}.mp4", rule, "use a longer clip")
    for part in trainer.parts:
        yield from part.check(found)


def _check_step(found: Found, step: Step) -> Iterator[Violation]:
    there = [made for made in step.makes if made.present(found)]
    for made in there:
        for violation in made.check(found):
            yield violation if violation.cure else replace(violation, cure=f"run again: {step.command}")


def _frames(folder: Path, name: str) -> int:
    """N: the frames of the video, or without one the number of images."""
    try:
        return probe(folder / f"{name}.mp4").frames
    except (av.FFmpegError, IndexError):
        return sum(1 for _ in (folder / FOLDER).glob("*.jpg"))
