"""Rules of choice, compared with a random eligible window of the same talker, over talkers."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.evidence.talkers import FPS, Array, Window

LEAST_WINDOWS, LEAST_R, LEAST_TALKERS = 8, 0.4, 8
"""Eligible windows of a talker, correlation of the predicted with the real opening of its mouth, and talkers."""

POOL, SAMPLES = 5, 10_000
A_TAKE = 1_000_000
"""Frames that no recording of a table has."""

MEASURES = {
    "R2": "fix_R2",
    "R2 without other talkers": "raw_R2",
    "r": "fix_r",
    "skill": "picture_skill",
    "painted r": "picture_r",
}
"""What a window taught, and its column in a table: R2 of the lips and r of the mouth's opening; and of the pictures."""

PAINTED = {"skill", "painted r"}
"""Measures of instrument B, which some windows have: those that rules pick, and those drawn at random."""


@dataclass(frozen=True)
class Worth:
    """A window and what it taught, by measure; and whether it stands for a random one where not all have a measure."""

    window: Window
    by: Mapping[str, float]
    drawn: bool = True


Choice = Callable[[Sequence[Window]], Window]


def algorithm_1(windows: Sequence[Window]) -> Window:
    """Of the five windows of highest D the one of highest I."""
    pool = sorted(windows, key=lambda w: (-w.D, w.start))[:POOL]
    return min(pool, key=lambda w: (-w.I, w.views, w.start))


CHOICES: dict[str, Choice] = {
    "Algorithm 1": algorithm_1,
    "highest D (audio)": lambda windows: max(windows, key=lambda w: w.D),
    "fewest views": lambda windows: min(windows, key=lambda w: (w.views, w.MC_head)),
    "lowest MC of the mouth (lip)": lambda windows: min(windows, key=lambda w: w.MC_mouth),
    "lowest MC (lip+views)": lambda windows: min(windows, key=lambda w: w.MC),
}
BEST = "the highest, noise included"


def counting(talkers: Mapping[str, Sequence[Worth]]) -> dict[str, list[Worth]]:
    """The eligible windows of the talkers that count: enough of them, and learnable."""
    found = {name: [worth for worth in worths if worth.window.eligible] for name, worths in talkers.items()}
    return {
        name: worths
        for name, worths in found.items()
        if len(worths) >= LEAST_WINDOWS and np.mean([worth.by["r"] for worth in worths]) >= LEAST_R
    }


@dataclass(frozen=True)
class Effect:
    """A choice minus a random eligible window, in standard deviations of the talker's windows; one value a talker."""

    choice: str
    values: Array

    @property
    def mean(self) -> float:
        """Over talkers."""
        return float(self.values.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """95 % by resampling talkers."""
        chance = np.random.default_rng(1)
        means = self.values[chance.integers(0, len(self.values), (SAMPLES, len(self.values)))].mean(1)
        low, high = np.quantile(means, (0.025, 0.975))
        return float(low), float(high)


def effects(talkers: Mapping[str, Sequence[Worth]], measure: str) -> list[Effect]:
    """What each rule of choice gains in a measure."""
    gains: dict[str, list[float]] = {choice: [] for choice in (*CHOICES, BEST)}
    for worths in talkers.values():
        random = [worth for worth in worths if worth.drawn or measure not in PAINTED]
        values = np.array([worth.by[measure] for worth in random])
        windows, spread = [worth.window for worth in worths], values.std() or 1.0
        for name, choose in CHOICES.items():
            chosen = choose(windows)
            value = next(worth.by[measure] for worth in worths if worth.window is chosen)
            gains[name].append((value - values.mean()) / spread)
        gains[BEST].append((values.max() - values.mean()) / spread)
    return [Effect(name, np.array(values)) for name, values in gains.items()]


def table(found: Mapping[str, Sequence[Effect]]) -> str:
    """A table of effects for each measure, in Markdown."""
    lines = [f"| choice | {' | '.join(found)} |", "|---" * (len(found) + 1) + "|"]
    for row in zip(*found.values(), strict=True):
        cells = (f"{each.mean:+.2f} ({each.interval[0]:+.2f}, {each.interval[1]:+.2f})" for each in row)
        lines.append(f"| {row[0].choice} | {' | '.join(cells)} |")
    return "\n".join(lines)


def read_windows(path: Path) -> dict[str, list[Worth]]:
    """Read the windows of talkers that count from a table that this program, or the one that is shipped, has written.

    Raises
    ------
    ValueError
        If it is not such a table.
    """
    found: dict[str, list[Worth]] = {}
    with path.open(newline="") as file:
        for line, row in enumerate(csv.DictReader(file), 2):
            try:
                if row["counts"] == "1":
                    found.setdefault(row["talker"], []).append(_worth(row))
            except (KeyError, ValueError) as error:
                raise ValueError(f"{path}, line {line}: not a window of this program's tables ({error})") from error
    return found


def _worth(row: Mapping[str, str]) -> Worth:
    take, start_s, views = int(row["take"]), float(row["start_s"]), int(float(row["views"]))
    D, MC, mouth, head = (float(row[name]) for name in ("D", "MC", "MC_mouth", "MC_head"))
    frame = take * A_TAKE + round(start_s * FPS)  # in order of time, recordings one behind the other
    window = Window(take, frame, start_s, True, D, MC, mouth, head, views)
    by = {name: float(row[column]) for name, column in MEASURES.items() if row.get(column)}
    return Worth(window, by, row.get("drawn", "1") == "1")
