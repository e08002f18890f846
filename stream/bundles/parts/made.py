"""What trainers' own steps make of a bundle: numbered files, poses, and single files, each checked against the frames.

A violation without a cure of its own is cured by running the step again.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from take5.stream.bundles.footage import SPLIT
from take5.stream.bundles.frames import image_size
from take5.stream.bundles.part import Found, Violation, numbered_files
from take5.stream.bundles.parts.images import FOLDER, shown_numbers

OTHER_CLIP = "remove what is left of another clip"
SPLITS = ("train", "val")


@dataclass(frozen=True)
class Numbered:
    """A file per frame, ``<i>`` and an ending: ``parsing``, ``.png``.

    Of several folders that match, as in ``sapiens/depth/sapiens_*``, trainers read the last.
    """

    folder: str
    ending: str

    def present(self, found: Found) -> bool:
        """Whether one of them is there."""
        return bool(self._numbers(found))

    def check(self, found: Found) -> Iterator[Violation]:
        """Yield violations: a trainer's loader stops at the first file that is missing."""
        files = self._numbers(found)
        if not files:
            return
        where = next(iter(files.values())).parent.relative_to(found.folder).as_posix()
        absent = sorted(set(range(found.frames)) - set(files))
        if absent:
            have = len(files.keys() & set(range(found.frames)))
            rule = f"has {have} of {found.frames} files; missing: {shown_numbers(absent)}"
            yield Violation(f"{where}/<i>{self.ending}", rule, "")
        if max(files) >= found.frames:
            rule = f"goes on to {max(files)}{self.ending}, but the video has {found.frames} frames, from 0"
            yield Violation(where, rule, OTHER_CLIP)
        for number, path in sorted(files.items()):
            if path.stat().st_size == 0:
                yield Violation(f"{where}/{number}{self.ending}", "is empty", "")

    def _numbers(self, found: Found) -> dict[int, Path]:
        folders = sorted(path for path in found.folder.glob(self.folder) if path.is_dir())
        return numbered_files(folders[-1], self.ending) if folders else {}


@dataclass(frozen=True)
class Single:
    """One file that only has to be there."""

    file: str

    def present(self, found: Found) -> bool:
        """Whether it is there."""
        return (found.folder / self.file).is_file()

    def check(self, found: Found) -> Iterator[Violation]:
        """Yield violations."""
        if self.present(found) and (found.folder / self.file).stat().st_size == 0:
            yield Violation(self.file, "is empty", "")


@dataclass(frozen=True)
class Background(Single):
    """``bc.jpg``: the background, as large as the images."""

    file: str = "bc.jpg"

    def check(self, found: Found) -> Iterator[Violation]:
        """Yield violations."""
        if not self.present(found):
            return
        size = image_size(found.folder / self.file)
        if size is None:
            yield Violation(self.file, "is not a whole JPEG with three channels", "")
        elif found.size is not None and size != found.size:
            text = f"is {size[0]}x{size[1]}, but the images are {found.size[0]}x{found.size[1]}"
            yield Violation(self.file, text, "")


@dataclass(frozen=True)
class Transforms:
    """``transforms_train.json`` and ``transforms_val.json``: a pose per frame, the first 10/11 in the first file."""

    def present(self, found: Found) -> bool:
        """Whether one of them is there."""
        return any(_transforms(found, split).is_file() for split in SPLITS)

    def check(self, found: Found) -> Iterator[Violation]:
        """Yield violations: loaders open the image of each pose."""
        if not self.present(found):
            return
        for split in SPLITS:
            path = _transforms(found, split)
            content = _read(path)
            if not path.is_file():
                yield Violation(path.name, "is missing beside the other", "")
            elif content is None:
                yield Violation(path.name, "is not JSON with a list of frames that have an img_id", "")
            else:
                yield from _check_poses(found, split, content)


def _check_poses(found: Found, split: str, content: dict[str, Any]) -> Iterator[Violation]:
    file, numbers = f"transforms_{split}.json", [frame["img_id"] for frame in content["frames"]]
    without = sorted({number for number in numbers if not (found.folder / FOLDER / f"{number}.jpg").is_file()})
    if without:
        yield Violation(file, f"has poses of images that are missing: {shown_numbers(without)}", "")
    train = found.frames * SPLIT[0] // SPLIT[1]
    if split == "train" and len(numbers) != train:
        yield Violation(file, f"has {len(numbers)} poses; of {found.frames} frames, {train} are trained on", "")
    if not numbers:
        yield Violation(file, "has no pose", "")
    if len(set(numbers)) != len(numbers):
        yield Violation(file, "has an image twice", "")
    size = tuple(_side(content.get(key)) for key in ("cx", "cy"))
    if found.size is not None and size != found.size:
        text = f"is for images of {size[0]}x{size[1]}, but they are {found.size[0]}x{found.size[1]}"
        yield Violation(file, text, "")


def _side(centre: object) -> int:
    """The side of images whose centre this is; -1 if it is not a number."""
    return int(centre) * 2 if isinstance(centre, int | float) and math.isfinite(centre) else -1


def _transforms(found: Found, split: str) -> Path:
    return found.folder / f"transforms_{split}.json"


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return content if all(isinstance(frame["img_id"], int) for frame in content["frames"]) else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
