"""Instrument B over a talker's windows: which ones are painted from, and how good the pictures are elsewhere.

A training takes seconds, so not every window has one: those that the rules of choice pick, and some drawn at random,
against whose mean the picks are compared. Each training's result is kept, and a run that was broken off goes on.
"""

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.evidence.effects import CHOICES, Worth
from bench.evidence.instrument import LEAST_TESTED, LENGTHS_S, Taught, common_footing, tested, whole
from bench.evidence.mouths import HIDDEN, Bytes
from bench.evidence.painter import STEPS, Pictures, paint
from bench.evidence.talkers import FPS, HOP, WINDOW, Array, Talker, Window

SAMPLE = 8
"""Windows drawn at random for each talker."""

PLACES = 2
"""Stretches of each length for each talker; a longer one has the shorter ones in its middle, and the same test."""

TESTED = 300
"""Frames of a talker that pictures are compared on, about."""

TRAINING_S = 7
"""CPU seconds of a training of 130 steps, with its test."""

COMPONENTS = 20

Stretch = tuple[int, int]
"""First frame and number of frames."""


@dataclass(frozen=True)
class Drawn:
    """The windows of a talker that are painted from: those that rules pick, and those drawn at random."""

    picked: frozenset[int]
    drawn: frozenset[int]

    @classmethod
    def of(cls, name: str, windows: Sequence[Window], sample: int = SAMPLE) -> "Drawn":
        """Draw ``sample`` of the eligible windows, or all with 0; the same ones for the same name."""
        order = np.random.default_rng(zlib.crc32(name.encode())).permutation(len(windows))
        some = [windows[each].start for each in order[: sample or None]]
        return cls(frozenset(choose(windows).start for choose in CHOICES.values()), frozenset(some))

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self.picked | self.drawn))


class Easel:
    """Paints a talker's mouth from stretches of its recordings.

    Parameters
    ----------
    talker : Talker
        Whose lips measure what pictures show.
    features : float64 [N, F]
        Of the sound of each frame.
    mouths : uint8 [N, 32, 32, 3]
        Its real mouth.
    folder : Path or None
        Keeps the results.
    steps : int
        Of a training.
    """

    def __init__(
        self, talker: Talker, features: Array, mouths: Bytes, folder: Path | None = None, steps: int = STEPS
    ) -> None:
        self.talker, self._features, self._folder, self._steps = talker, features, folder, steps
        self._shuffled = np.random.default_rng(0).permutation(features)
        self._mouths: Pictures = np.ascontiguousarray(np.moveaxis(mouths, -1, 1), np.float32) / np.float32(255)
        seen = np.flatnonzero(talker.seen)
        self.frames = seen[:: max(1, len(seen) // TESTED)]
        self.spread = float(self._mouths[seen].var(0)[:, HIDDEN > 0].mean())
        self._reader = Reader(self._mouths[seen], talker.opening[seen])

    def tested(self, stretch: Stretch) -> NDArray[np.bool_]:
        """Which of ``frames`` a stretch is tested on."""
        return tested(self.talker, *stretch)[self.frames]

    def painted(
        self, stretch: Stretch, within: Stretch | None = None, *, deaf: bool = False
    ) -> tuple[Array, Array, Array]:
        """Train on a stretch, or find that it has been; ``deaf`` with the sound of other moments.

        Returns
        -------
        tuple of float64 [len(frames)]
            Mean squared error of the hidden pixels, that of the stretch's mean picture, and the painted mouth's
            opening; NaN for frames that are not tested, which are those near ``within``.
        """
        name = "-".join(map(str, (*stretch, *(("in", *within) if within else ()), *(("deaf",) if deaf else ()))))
        file = self._folder and self._folder / f"{name}.npy"
        if file is not None and file.exists():
            found: Array = np.load(file)
            return found[0], found[1], found[2]
        mask = self.tested(within or stretch)
        train, test = np.arange(stretch[0], sum(stretch)), self.frames[mask]
        pictures = paint(self._mouths, self._shuffled if deaf else self._features, train, test, 0, self._steps)
        results = np.full((3, len(self.frames)), np.nan)
        results[0, mask] = _wrong(pictures, self._mouths[test])
        results[1, mask] = _wrong(self._mouths[train].mean(0)[None], self._mouths[test])
        results[2, mask] = self._reader(pictures)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            unfinished = file.with_suffix(".partial.npy")
            np.save(unfinished, results)
            unfinished.rename(file)
        return results[0], results[1], results[2]

    def skill(self, wrong: Array) -> float:
        """The share of the hidden pixels' variance that is explained, by their mean squared errors."""
        return 1 - float(np.nanmean(wrong)) / self.spread

    def opening(self) -> Array:
        """How far the mouth is open in the real pictures of ``frames``, read as painted ones are."""
        return self._reader(self._mouths[self.frames])


class Reader:
    """Reads the mouth's opening off a picture: linear in principal components of the talker's real ones."""

    def __init__(self, mouths: Pictures, opening: Array) -> None:
        flat = _hidden(mouths)
        self._mean = flat.mean(0)
        self._axes = np.linalg.svd(flat[::2] - self._mean, full_matrices=False)[2][:COMPONENTS].T
        self._weights = np.linalg.lstsq(self._components(flat), opening, rcond=None)[0]

    def __call__(self, mouths: Pictures) -> Array:
        """The opening in each of some pictures [n, 3, 32, 32]."""
        opening: Array = self._components(_hidden(mouths)) @ self._weights
        return opening

    def _components(self, flat: Pictures) -> Array:
        return np.column_stack([np.ones(len(flat)), (flat - self._mean) @ self._axes])


def taught(easel: Easel, starts: Iterable[int], done: Callable[[], None] = lambda: None) -> dict[int, Taught]:
    """What windows taught, by their first frame: the skill on the footing of all, and r of the mouth's opening."""
    by_start = {window.start: window for window in easel.talker.windows}
    windows = [by_start[start] for start in starts]
    real, errors, masks, agreements = easel.opening(), [], [], []
    for window in windows:
        wrong, _, opening = easel.painted((window.start, WINDOW))
        mask = np.isfinite(wrong)
        errors.append(wrong)
        masks.append(mask)
        agreements.append(float(np.corrcoef(opening[mask], real[mask])[0, 1]))
        done()
    if not windows:
        return {}
    levels = common_footing(np.array(errors), np.array(masks))
    return {
        window.start: Taught(window, 1 - float(level) / easel.spread, r)
        for window, level, r in zip(windows, levels, agreements, strict=True)
    }


def nested(talker: Talker, places: int = PLACES) -> list[list[Stretch]]:
    """Stretches of each of ``LENGTHS_S`` at some places; those of a place have the same middle."""
    longest = round(LENGTHS_S[-1] * FPS)
    starts = [start for start in range(0, len(talker.seen) - longest + 1, HOP) if whole(talker, start, longest)]
    starts = [start for start in starts if tested(talker, start, longest).sum() >= LEAST_TESTED]
    some = sorted({starts[(2 * place + 1) * len(starts) // (2 * places)] for place in range(places)}) if starts else []
    lengths = [round(seconds * FPS) for seconds in LENGTHS_S]
    return [[(start + (longest - length) // 2, length) for length in lengths] for start in some]


def curve(easel: Easel, places: int = PLACES, done: Callable[[], None] = lambda: None) -> dict[float, float]:
    """Mean skill of nested stretches by their seconds, and, as 0 s, of five without their sound.

    That is the better of their mean picture and of a training with the sound of other moments: what is not hidden shows
    a little of the mouth, too.
    """
    found: dict[float, list[float]] = {}
    for stretches in nested(easel.talker, places):
        for seconds, stretch in zip(LENGTHS_S, stretches, strict=True):
            wrong, constant, _ = easel.painted(stretch, stretches[-1])
            found.setdefault(seconds, []).append(easel.skill(wrong))
            done()
            if stretch[1] == WINDOW:
                deaf, _, _ = easel.painted(stretch, stretches[-1], deaf=True)
                found.setdefault(0.0, []).append(max(easel.skill(constant), easel.skill(deaf)))
                done()
    return {seconds: float(np.mean(values)) for seconds, values in found.items()}


def trainings(talker: Talker, drawn: Drawn) -> int:
    """How many trainings a talker needs."""
    return len(list(drawn)) + sum(len(each) + 1 for each in nested(talker))


def place_of(out: Path, name: str, files: Mapping[str, Sequence[Path]]) -> Path:
    """Where a talker's results are kept: they depend on its recordings, and through the sound on all others'."""
    known = [name, str(STEPS), *sorted(file.name for file in chain(*files.values()))]
    return out / "painted" / f"{name}-{hashlib.sha256(' '.join(known).encode()).hexdigest()[:12]}"


def with_pictures(known: Sequence[Worth], found: Mapping[int, Taught], drawn: Drawn) -> list[Worth]:
    """A talker's windows, those that were painted from with what that showed."""
    return [
        replace(each, by={**each.by, "skill": at.R2, "painted r": at.r}, drawn=each.window.start in drawn.drawn)
        if (at := found.get(each.window.start))
        else replace(each, drawn=False)
        for each in known
    ]


def _hidden(mouths: Pictures) -> Pictures:
    flat: Pictures = mouths[:, :, HIDDEN > 0].reshape(len(mouths), -1)
    return flat


def _wrong(painted: Pictures, real: Pictures) -> Array:
    wrong: Array = ((painted - real)[:, :, HIDDEN > 0] ** 2).mean((1, 2)).astype(np.float64)
    return wrong
