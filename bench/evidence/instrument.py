"""Instrument A: ridge regression from sound to lips on one window, tested on what lies a second or more away.

It is fast, has one setting, and learns more from more seconds; it paints nothing. What it says of a window is how much
of the variance of the talker's lips it explains elsewhere, on a footing that all windows share: on which frames a
window is tested depends on where it lies, so the difficulty of each frame is estimated and taken out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.evidence.talkers import FPS, WINDOW, Array, Talker, Window

PENALTY = 0.1
"""Ridge penalty for each frame: the best at 5 s for half of the 26 talkers of ``bench/data/windows.csv``."""

GAP = FPS
"""Frames between a window and what it is tested on."""

LENGTHS_S = (2.5, 5.0, 10.0)
STRETCHES = 30
"""Stretches of each length, at most."""

LEAST_TESTED = 125


@dataclass(frozen=True)
class Taught:
    """What a window taught."""

    window: Window
    R2: float
    r: float


def taught(talker: Talker, features: Array) -> list[Taught]:
    """Train on each window of a talker, and test.

    Parameters
    ----------
    talker : Talker
        With at least two windows.
    features : float64 [N, F]
        Of the sound of each frame.
    """
    windows = [window for window in talker.windows if tested(talker, window.start, WINDOW).sum() >= LEAST_TESTED]
    if not windows:
        return []
    spread = _variance(talker)
    squares, masks, agreements = [], [], []
    for window in windows:
        mask = tested(talker, window.start, WINDOW)
        predicted = predict(features, talker.lips, window.start, WINDOW)
        squares.append(((predicted - talker.lips) ** 2).sum(1))
        masks.append(mask)
        agreements.append(_agreement(talker, predicted, mask))
    levels = common_footing(np.array(squares), np.array(masks))
    return [
        Taught(window, 1 - float(level) / spread, r)
        for window, level, r in zip(windows, levels, agreements, strict=True)
    ]


def curve(talker: Talker, features: Array, seed: int = 0) -> dict[float, float]:
    """Mean R2 of stretches of each of ``LENGTHS_S``, and of the stretch's mean lips, as 0 s.

    Lengths of which a recording has no stretch that leaves enough to test on are left out.
    """
    chance, spread = np.random.default_rng(seed), _variance(talker)
    found: dict[float, float] = {}
    for seconds in LENGTHS_S:
        length = round(seconds * FPS)
        starts = [start for start in range(0, len(talker.seen) - length + 1, 13) if whole(talker, start, length)]
        starts = [start for start in starts if tested(talker, start, length).sum() >= LEAST_TESTED]
        if not starts:
            continue
        some = chance.permutation(len(starts))[:STRETCHES]
        learnt, constant = [], []
        for start in (starts[each] for each in some):
            mask, own = tested(talker, start, length), talker.lips[start : start + length].mean(0)
            wrong = ((predict(features, talker.lips, start, length) - talker.lips)[mask] ** 2).sum(1).mean()
            learnt.append(1 - wrong / spread)
            constant.append(1 - ((own - talker.lips[mask]) ** 2).sum(1).mean() / spread)
        found[seconds] = float(np.mean(learnt))
        if length == WINDOW:
            found[0.0] = float(np.mean(constant))
    return found


def predict(features: Array, lips: Array, start: int, length: int) -> Array:
    """Lips of every frame [N, 40], by ridge regression on ``length`` frames from ``start``."""
    x, y = features[start : start + length], lips[start : start + length]
    mean_x, mean_y = x.mean(0), y.mean(0)
    centred = x - mean_x
    gram = centred.T @ centred + PENALTY * length * np.eye(x.shape[1])
    predicted: Array = (features - mean_x) @ np.linalg.solve(gram, centred.T @ (y - mean_y)) + mean_y
    return predicted


def common_footing(errors: Array, tested: NDArray[np.bool_]) -> Array:
    """Errors of windows [w] as if all were tested on the same frames: errors [w, N] are window plus frame effects."""
    errors = np.where(tested, errors, 0.0)
    levels: Array = errors.sum(1) / tested.sum(1)
    for _ in range(50):
        frames = ((errors - levels[:, None]) * tested).sum(0) / np.maximum(tested.sum(0), 1)
        frames -= (frames * tested.sum(0)).sum() / tested.sum()
        better = ((errors - frames) * tested).sum(1) / tested.sum(1)
        if np.abs(better - levels).max() < 1e-12:
            break
        levels = better
    return levels


def _agreement(talker: Talker, predicted: Array, mask: NDArray[np.bool_]) -> float:
    """Correlation of the predicted opening of the mouth with the real one."""
    opening = Talker("", talker.sound, predicted, talker.seen, talker.take, ()).opening
    return float(np.corrcoef(opening[mask], talker.opening[mask])[0, 1])


def tested(talker: Talker, start: int, length: int) -> NDArray[np.bool_]:
    """The frames [N] that a stretch is tested on: seen, and not within a second of it."""
    frames = np.arange(len(talker.seen))
    near = (frames > start - GAP) & (frames < start + length + GAP) & (talker.take == talker.take[start])
    mask: NDArray[np.bool_] = talker.seen & ~near
    return mask


def whole(talker: Talker, start: int, length: int) -> bool:
    """Whether a stretch is of one recording, and seen throughout."""
    return bool(talker.seen[start : start + length].all() and talker.take[start] == talker.take[start + length - 1])


def _variance(talker: Talker) -> float:
    lips = talker.lips[talker.seen]
    return float(((lips - lips.mean(0)) ** 2).sum(1).mean())


def learns(curves: Sequence[Mapping[float, float]]) -> tuple[bool, dict[float, float]]:
    """Whether more seconds teach more, and more than none; and the mean R2 by seconds over those with all lengths."""
    whole = [each for each in curves if set(each) == {0.0, *LENGTHS_S}]
    if not whole:
        return False, {}
    means = {seconds: float(np.mean([each[seconds] for each in whole])) for seconds in (0.0, *LENGTHS_S)}
    return all(means[less] < means[more] for less, more in zip((0.0, *LENGTHS_S), LENGTHS_S, strict=False)), means
