"""Checks any folder against a trainer's contract, whose violations would show hours later."""

from collections.abc import Iterator
from pathlib import Path

import av

from take5.scoring.errors import UnreadableMedia
from take5.stream.bundles.contract import TrainerContract
from take5.stream.bundles.part import Found, Violation
from take5.stream.bundles.parts.images import FOLDER
from take5.stream.bundles.parts.video import probe


def check(folder: Path, trainer: TrainerContract) -> Iterator[Violation]:
    """Yield every violation of the contract.

    Raises
    ------
    UnreadableMedia
        If it is not a folder.
    """
    if not folder.is_dir():
        raise UnreadableMedia(f"{folder}: is not a folder; give the one that goes into the trainer's data/")
    name = folder.resolve().name
    frames = _frames(folder, name)
    if frames < trainer.least:
        rule = f"has {frames} frames; {trainer.title} needs {trainer.least}"
        yield Violation(f"{name}.mp4", rule, "use a longer clip")
    found = Found(folder, name, frames)
    for part in trainer.parts:
        yield from part.check(found)


def _frames(folder: Path, name: str) -> int:
    """N: the frames of the video, or without one the number of images."""
    try:
        return probe(folder / f"{name}.mp4").frames
    except (av.FFmpegError, IndexError):
        return sum(1 for _ in (folder / FOLDER).glob("*.jpg"))
