"""The rules on the windows of 26 people (``bench/data/windows.csv``), what is measured on people on the others."""

import csv
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bench.stopping.rules import HEAD, NEVER_S, Stops, Windows, after, by, row
from take5.scoring.gates.findings import Code, Finding
from take5.scoring.judging import JudgedWindow
from take5.scoring.motion import Motion
from take5.scoring.own_range import WITHIN_S
from take5.scoring.parameters import FPS, Parameters
from take5.scoring.score import WindowScore
from take5.scoring.stopping import StopRules
from take5.stream.offline.calibration import Aim
from take5.stream.offline.reaches import LENGTHS, eligible, lift, mean_reach, reach_interval, talker_reach

WINDOWS = Path(__file__).parents[1] / "data" / "windows.csv"
LEAST = 8
"""Windows that count, of a talker who counts."""

RULED_OUT = (Finding(Code.NO_FACE, 0, 1),)
CLASSES = {
    "all": (0, 10_000),
    "up to 20 eligible windows": (0, 20),
    "21 to 40": (21, 40),
    "41 and more": (41, 10_000),
}
SHARES = (0.9, 0.95, 1.0)


def read(path: Path = WINDOWS) -> dict[str, Windows]:
    """The windows of each talker who counts, in order; those that do not count may not win."""
    people: dict[str, list[JudgedWindow]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            MC = float(line["MC"] or 1)
            score = WindowScore(
                round(float(line["start_s"]) * FPS), float(line["D"]), Motion(MC, MC, MC, True), int(line["views"] or 0)
            )
            people.setdefault(line["talker"], []).append(
                JudgedWindow(score, () if line["counts"] == "1" else RULED_OUT)
            )
    return {name: windows for name, windows in people.items() if len(eligible(windows)) >= LEAST}


def slope(people: Mapping[str, Windows]) -> float:
    """Growth of the lift with log n, one for all, each talker about its own mean."""
    x, y = [], []
    for windows in people.values():
        held = [n for n in LENGTHS if n <= len(eligible(windows))]
        lifts = np.array([lift(windows, n, Parameters().pool) for n in held])
        logs = np.log(held)
        x.append(logs - logs.mean())
        y.append(lifts - lifts.mean())
    X, Y = np.concatenate(x), np.concatenate(y)
    return float(X @ Y / (X @ X))


def others(values: Mapping[str, float], name: str) -> list[float]:
    """The values of everybody else."""
    return [value for other, value in values.items() if other != name]


def people_table() -> None:
    """Print what people reach, and what each rule does with them."""
    people, aim = read(), Aim()
    reaches = {name: talker_reach(windows, aim.windows, aim.parameters.pool) or 1.0 for name, windows in people.items()}
    interval = reach_interval(reaches.values())
    assert interval is not None  # noqa: S101 - there are 26
    print(f"\n{len(people)} people, {sum(len(eligible(windows)) for windows in people.values())} eligible windows")
    print(
        f"reach within {WITHIN_S:g} s: {mean_reach(reaches.values()):.3f} times the typical window ({interval.low:.3f} "
        f"to {interval.high:.3f}); lift grows by {slope(people):.3f} with log n"
    )
    bests = {name: _within_a_minute(windows) for name, windows in people.items()}

    def fixed(name: str) -> Stops:
        """The threshold that the others give: 0.95 of their median best."""
        return by(StopRules(0.95 * float(np.median(others(bests, name))), gain=None, cap_s=NEVER_S))

    def own(share: float) -> object:
        return lambda name: by(
            StopRules(gain=None, cap_s=NEVER_S, share=share, reach=mean_reach(others(reaches, name)))
        )

    ways = {
        "12 windows": lambda _: after(12),
        "20 windows": lambda _: after(20),
        "40 windows": lambda _: after(40),
        "I of 1120": lambda _: by(StopRules(1120.0, gain=None, cap_s=NEVER_S)),
        "I, from the others": fixed,
        "gain rule": lambda _: by(StopRules(cap_s=NEVER_S, share=0)),
        **{f"{share:g} of what is expected": own(share) for share in SHARES},
    }
    for name, (least, most) in CLASSES.items():
        some = {who: windows for who, windows in people.items() if least <= len(eligible(windows)) <= most}
        print(f"\n{name}: {len(some)} people\n{HEAD}")
        for way, stops in ways.items():
            print(row(way, some, stops))  # type: ignore[arg-type] # a dict of lambdas


def _within_a_minute(windows: Windows) -> float:
    """I of the choice of the first minute."""
    able = [judged.score for judged in eligible(windows) if judged.score.start / FPS + Parameters().seconds <= WITHIN_S]
    pool = sorted(able or [judged.score for judged in eligible(windows)], key=lambda score: -score.D)
    return max((score.I or math.nan) for score in pool[: Parameters().pool])
