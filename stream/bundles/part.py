"""One part of a bundle: its writer, and the check of the same rules on any folder."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from take5.scoring.models.audio import AudioEncoder
from take5.stream.bundles.crop import Crop
from take5.stream.bundles.footage import Footage
from take5.stream.bundles.picture_faces import PictureFaces, SeenFaces
from take5.stream.wire import Json

NUMBER = re.compile("0|[1-9][0-9]{0,8}")
"""A number as trainers write it in names."""


@dataclass(frozen=True)
class Violation:
    """A file that breaks a rule, the rule, and the remedy."""

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
    """A bundle being written.

    Attributes
    ----------
    folder : Path
        Where.
    name : str
        The person's name, which is that of the folder and of the video.
    footage : Footage
        Its footage.
    crop : Crop
        The square.
    encoder : AudioEncoder
        The encoder that the sound was scored with.
    preset : str
        x264's.
    faces : PictureFaces, optional
        Sees the faces of the pictures; None where no trainer wants images and landmarks.
    """

    folder: Path
    name: str
    footage: Footage
    crop: Crop
    encoder: AudioEncoder
    preset: str
    faces: PictureFaces | None = None

    @cached_property
    def seen(self) -> SeenFaces:
        """The faces of the pictures, once the video is written."""
        if self.faces is None:
            raise RuntimeError("nothing has seen the faces of these pictures")
        return self.faces.seen()


@dataclass(frozen=True)
class Found:
    """A folder being checked; its name is the person's."""

    folder: Path
    name: str
    frames: int
    """N, the number of pictures of its video, or according to its other files."""

    @cached_property
    def size(self) -> tuple[int, int] | None:
        """Width and height of its first readable image, if any."""
        from take5.stream.bundles.frames import image_size

        images = numbered_files(self.folder / "ori_imgs", ".jpg")
        return next((size for _, path in sorted(images.items()) if (size := image_size(path)) is not None), None)


class Part(Protocol):
    """One kind of file."""

    @property
    def needed(self) -> bool:
        """Whether a trainer requires it; otherwise the trainer makes its own, or trains worse."""

    def paths(self, name: str, frames: int) -> list[str]:
        """Its files in a bundle."""

    def write(self, draft: Draft) -> None:
        """Write them."""

    def check(self, found: Found) -> Iterator[Violation]:
        """Yield their violations; optional files may be missing."""


class Made(Protocol):
    """What one of a trainer's own steps makes in the folder."""

    def present(self, found: Found) -> bool:
        """Whether the step has made any of it."""

    def check(self, found: Found) -> Iterator[Violation]:
        """Yield violations of what is there; an empty cure means running the step again."""


def numbered_files(folder: Path, ending: str) -> dict[int, Path]:
    """Files named by a number as trainers write it, such as ``7.png`` and not ``007.png``, by that number."""
    named = ((path.name.removesuffix(ending), path) for path in folder.glob(f"*{ending}") if path.is_file())
    return {int(name): path for name, path in named if NUMBER.fullmatch(name)}


def missing(file: str, cure: str) -> Violation:
    """The violation of a missing file."""
    return Violation(file, "is missing", cure)
