"""``ori_imgs/<i>.jpg`` and ``ori_imgs/<i>.lms``: every frame, and the 68 points of its face."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from take5.stream.bundles.frames import image_size
from take5.stream.bundles.part import NUMBER, Draft, Found, Violation, missing, numbered_files

FOLDER = "ori_imgs"
POINTS, MOUTH, LEAST_MOUTH = 68, slice(48, 60), 32
LINES = "%f %f\n" * POINTS
CURE = "make the bundle again with take5 bundle"


@dataclass(frozen=True)
class Images:
    """The frames, from 0 on; the video's writer writes them."""

    needed: bool = True

    def paths(self, name: str, frames: int) -> list[str]:  # noqa: ARG002 - of every part
        """One per frame."""
        return [f"{FOLDER}/{index}.jpg" for index in range(frames)]

    def write(self, draft: Draft) -> None:
        """Do nothing: see :meth:`take5.stream.bundles.parts.video.Video.write`."""

    def check(self, found: Found) -> Iterator[Violation]:
        """Yield violations."""
        yield from _check_numbers(found, ".jpg")
        for path in sorted((found.folder / FOLDER).glob("*.*")):
            if path.suffix in (".jpg", ".png") and not (NUMBER.fullmatch(path.stem) and path.suffix == ".jpg"):
                yield Violation(f"{FOLDER}/{path.name}", "trainers read each image's name as its number", "remove it")
        for path in _in_order(found, ".jpg"):
            size = image_size(path)
            if size is None:
                yield Violation(f"{FOLDER}/{path.name}", "is not a whole JPEG with three channels", CURE)
            elif size != found.size:
                yield Violation(f"{FOLDER}/{path.name}", f"is {size[0]}x{size[1]}, unlike the first image", CURE)


@dataclass(frozen=True)
class Landmarks:
    """iBUG-68 in pixels of the images, one per line."""

    needed: bool = True

    def paths(self, name: str, frames: int) -> list[str]:  # noqa: ARG002 - of every part
        """One per frame."""
        return [f"{FOLDER}/{index}.lms" for index in range(frames)]

    def write(self, draft: Draft) -> None:
        """Write them."""
        for index, points in enumerate(draft.seen.landmarks):
            (draft.folder / FOLDER / f"{index}.lms").write_text(LINES % tuple(points.ravel()))

    def check(self, found: Found) -> Iterator[Violation]:
        """Yield violations: a frame without points shifts the poses of all later ones."""
        yield from _check_numbers(found, ".lms")
        for path in _in_order(found, ".lms"):
            rule = _broken(read_landmarks(path), found.size)
            if rule:
                yield Violation(f"{FOLDER}/{path.name}", rule, CURE)


def read_landmarks(path: Path) -> NDArray[np.float64] | None:
    """Points [n, 2] of a file, or None."""
    try:
        lines = path.read_text(encoding="ascii").split("\n")
        return np.loadtxt(lines, dtype=np.float64, ndmin=2) if any(map(str.strip, lines)) else None
    except (OSError, ValueError):
        return None


def _broken(points: NDArray[np.float64] | None, size: tuple[int, int] | None) -> str:
    if points is None or points.shape != (POINTS, 2):
        return f"must have {POINTS} lines of two numbers"
    if not np.isfinite(points).all():
        return "has a point that is not finite"
    middle = points.mean(axis=0)
    if size is not None and not ((middle >= 0) & (middle < size)).all():
        return f"its face is not in the image of {size[0]}x{size[1]} pixels"
    if np.ptp(points[MOUTH], axis=0).max() < LEAST_MOUTH:
        return f"its mouth is narrower than {LEAST_MOUTH} pixels, the least that the loss on lips takes"
    return ""


def shown_numbers(numbers: Sequence[int]) -> str:
    """The first of them: 1, 2, 3, 4, 5, ..."""
    return ", ".join(map(str, numbers[:5])) + (", ..." if len(numbers) > 5 else "")


def _in_order(found: Found, suffix: str) -> list[Path]:
    """Files named by a number, in its order."""
    return [path for _, path in sorted(numbered_files(found.folder / FOLDER, suffix).items())]


def _check_numbers(found: Found, suffix: str) -> Iterator[Violation]:
    numbers = sorted(numbered_files(found.folder / FOLDER, suffix))
    absent = sorted(set(range(found.frames)) - set(numbers))
    if absent:
        yield missing(
            f"{FOLDER}/{{{shown_numbers(absent)}}}{suffix}",
            f"the video has {found.frames} frames, each needs one; {CURE}",
        )
    if numbers and numbers[-1] >= found.frames:
        rule = f"goes on to {numbers[-1]}{suffix}, but the video has {found.frames} frames, from 0"
        yield Violation(FOLDER, rule, "remove what is left of another clip")
