"""Talkers: what take5 measured of their recordings, one behind the other, with its windows.

A recording is analysed once; what was measured is kept in the output folder under the checksum of its name, size and
time, so that a run that was broken off goes on where it was.
"""

import csv
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import take5
from bench.evidence import mouths
from take5.stream.analysis.models import Models

FPS, WINDOW, HOP = 25, 125, 25
LIPS = 20
CORNERS = (0, 6)
"""The corners of the mouth among the lips' points."""

UPPER, LOWER = (13, 14, 15), (17, 18, 19)
"""Points of the inner lips whose distance is the mouth's opening: above and below."""

WAIVED = {"too_far"}
"""A rule of the gates that says nothing of how well lips can be learnt: many public clips are waist-up."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Window:
    """A window of a talker: its recording, its first frame among all of the talker's, what take5 measured of it."""

    take: int
    start: int
    start_s: float
    eligible: bool
    D: float
    MC: float
    MC_mouth: float
    MC_head: float
    views: int
    reasons: tuple[str, ...] = ()

    @property
    def I(self) -> float:  # noqa: E743 - the paper's name
        """Informativeness (eq. 3)."""
        return self.D / (self.MC + 1e-8)


@dataclass(frozen=True)
class Talker:
    """A talker's recordings, N frames in all.

    Attributes
    ----------
    name : str
        Of the folder or the files.
    sound : float64 [N, E]
        Audio embeddings.
    lips : float64 [N, 40]
        Lip points around their centre, x before y, in widths of the mouth, what the head's pose explains taken out.
    seen : bool [N]
        Whether the face was tracked.
    take : int [N]
        Recording that a frame belongs to.
    windows : tuple of Window
        Those whose every frame was seen.
    """

    name: str
    sound: Array
    lips: Array
    seen: NDArray[np.bool_]
    take: NDArray[np.int64]
    windows: tuple[Window, ...]

    @property
    def opening(self) -> Array:
        """How far the mouth is open [N], in its widths."""
        y = self.lips[:, LIPS:]
        opening: Array = y[:, list(LOWER)].mean(1) - y[:, list(UPPER)].mean(1)
        return opening

    def neighbours(self, by: int) -> NDArray[np.int64]:
        """The frame ``by`` frames away from each, or the last of its recording in that direction [N]."""
        frames = np.arange(len(self.take))
        first = np.searchsorted(self.take, self.take, "left")
        last = np.searchsorted(self.take, self.take, "right") - 1
        return np.clip(frames + by, first, last)


def grouped(paths: Sequence[Path]) -> dict[str, list[Path]]:
    """Recordings by talker: a folder is one, and so are NAME.1.mp4, NAME.2.mp4, ...

    Raises
    ------
    ValueError
        If a path does not exist.
    """
    found: dict[str, list[Path]] = {}
    for path in paths:
        if not path.exists():
            raise ValueError(f"{path}: no such file or folder")
        if path.is_dir():
            found.setdefault(path.name, []).extend(sorted(each for each in path.iterdir() if each.is_file()))
        else:
            found.setdefault(re.sub(r"\.\d+$", "", path.stem), []).append(path)
    return found


def analysed(path: Path, models: Models, folder: Path, *, pictures: bool = False) -> Path:
    """Analyse a recording; return the file of what was measured, which may be there already.

    With ``pictures`` the mouths lie beside it.
    """
    stat = path.stat()
    known = f"{path.resolve()} {stat.st_size} {stat.st_mtime_ns}"
    file = folder / f"{path.stem}-{hashlib.sha256(known.encode()).hexdigest()[:12]}.npz"
    if file.exists() and (not pictures or mouths.file_of(file).exists()):
        return file
    found = take5.select(path, exhaustive=True, models=models)
    folder.mkdir(parents=True, exist_ok=True)
    if pictures:
        mouths.save(found.material, file)
    features, windows = found.features(), []
    row = {int(frame): number for number, frame in enumerate(features.frame)}
    for judged in found.selection.verdicts:
        score = judged.score
        if score.motion is not None and score.views is not None and score.start in row:
            measured = (score.D, score.motion.MC, score.motion.MC_mouth, score.motion.MC_head, score.views)
            reasons = ";".join(str(finding.code) for finding in judged.reasons)
            windows.append((row[score.start], score.start / FPS, *measured, reasons))
    unfinished = file.with_suffix(".partial.npz")
    np.savez(
        unfinished,
        audio=features.audio,
        lips=features.lips,
        pose=features.pose,
        numbers=np.array([window[:-1] for window in windows], np.float64).reshape(len(windows), 7),
        reasons=np.array([window[-1] for window in windows], np.str_),
    )
    unfinished.rename(file)
    return file


def talker(name: str, files: Iterable[Path]) -> Talker:
    """Put what was measured of a talker's recordings together."""
    sound, lips, pose, take, windows = [], [], [], [], []
    frames = 0
    for number, file in enumerate(files):
        with np.load(file) as measured:
            sound.append(measured["audio"])
            lips.append(normalised(measured["lips"]))
            pose.append(measured["pose"])
            take.append(np.full(len(sound[-1]), number))
            for numbers, reasons in zip(measured["numbers"], measured["reasons"], strict=True):
                windows.append(_window(number, frames, numbers, str(reasons)))
        frames += len(sound[-1])
    heads, points = np.concatenate(pose), np.concatenate(lips)
    seen = np.isfinite(points).all(1) & np.isfinite(heads).all(1)
    inside = [window for window in windows if seen[window.start : window.start + WINDOW].all()]
    return Talker(
        name,
        np.concatenate(sound),
        without_pose(points, heads, seen),
        seen,
        np.concatenate(take).astype(np.int64),
        tuple(inside),
    )


def normalised(lips: Array) -> Array:
    """Lip points [n, 20, 2] around their centre, in widths of a mouth, as [n, 40]; NaN where they were not tracked."""
    centred = lips - lips.mean(1, keepdims=True)
    left, right = CORNERS
    width = np.nanmedian(np.linalg.norm(lips[:, right] - lips[:, left], axis=1))
    points: Array = np.concatenate([centred[..., 0], centred[..., 1]], 1) / width
    return points


def without_pose(lips: Array, pose: Array, seen: NDArray[np.bool_]) -> Array:
    """Take out of the lips what yaw, pitch and roll explain linearly."""
    rest = np.where(seen[:, None], lips, 0.0)
    turned = np.column_stack([np.ones(seen.sum()), pose[seen]])
    slopes = np.linalg.lstsq(turned, rest[seen], rcond=None)[0]
    rest[seen] -= turned[:, 1:] @ slopes[1:]
    return rest


def _window(take: int, before: int, numbers: Array, reasons: str) -> Window:
    row, start_s, D, MC, mouth, head, views = map(float, numbers)
    codes = tuple(filter(None, reasons.split(";")))
    return Window(take, before + int(row), start_s, set(codes) <= WAIVED, D, MC, mouth, head, int(views), codes)


def write_windows(path: Path, rows: Sequence[dict[str, object]]) -> None:
    """Write a table of windows."""
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
