"""One part of a bundle: the rule that its writer keeps and that a check holds any folder to."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from take5.scoring.models.audio import AudioEncoder
from take5.stream.bundles.crop import Crop
from take5.stream.bundles.footage import Footage
from take5.stream.wire import Json


@dataclass(frozen=True)
class Violation:
    """A file that a trainer would stumble over, the rule, and what to do."""

    file: str
    rule: str
    cure: str

    def __str__(self) -> str:
        return f"{self.file}: {self.rule}; {self.cure}"

    def json(self) -> Json:
        """Return the same as ``{"file": ..., "rule": ..., "cure": ...}``."""
        return asdict(self)


@dataclass(frozen=True)
class Draft:
    """A bundle that is being written.

    Attributes
    ----------
    folder : Path
        Where.
    name : str
        The person's, as trainers call it: the name of the folder and of the video.
    footage : Footage
        What it is made of.
    crop : Crop
        The square.
    encoder : AudioEncoder
        What the sound was scored with.
    preset : str
        x264's.
    """

    folder: Path
    name: str
    footage: Footage
    crop: Crop
    encoder: AudioEncoder
    preset: str


@dataclass(frozen=True)
class Found:
    """A folder that is being checked; its name is that of the person."""

    folder: Path
    name: str
    frames: int
    """N, pictures of its video, or as many as its other files say."""

    @cached_property
    def size(self) -> tuple[int, int] | None:
        """Width and height of its first image, if there is one that can be read."""
        from take5.stream.bundles.frames import image_size

        return image_size(self.folder / "ori_imgs" / "0.jpg")


class Part(Protocol):
    """One kind of file."""

    @property
    def needed(self) -> bool:
        """Whether a trainer cannot do without; otherwise it makes it itself, or trains worse."""

    def paths(self, name: str, frames: int) -> list[str]:
        """Its files in a bundle."""

    def write(self, draft: Draft) -> None:
        """Write them."""

    def check(self, found: Found) -> Iterator[Violation]:
        """Yield what is wrong with them; those that are not there and not needed are right."""


def missing(file: str, cure: str) -> Violation:
    """A file that is not there."""
    return Violation(file, "is not there", cure)
