"""What is printed and written of an instrument's findings, and when nothing is."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from bench.evidence.effects import (
    BEST,
    LEAST_R,
    LEAST_TALKERS,
    LEAST_WINDOWS,
    MEASURES,
    PAINTED,
    Worth,
    effects,
    table,
)
from bench.evidence.figure import draw

LIPS = {"R2": "R2 of the lips", "r": "r of the mouth's opening"}
PICTURES = {"skill": "skill of the picture", "painted r": "r of the painted mouth's opening"}
"""Measures of the two instruments, the one whose lengths are checked first, and the names in tables."""


def say_who_counts(worths: Mapping[str, Sequence[Worth]], count: Mapping[str, object]) -> None:
    """Print each talker's windows, and whether it counts."""
    for name, every in worths.items():
        rs = [worth.by["r"] for worth in every if worth.window.eligible]
        says = "counts" if name in count else f"does not count (needs {LEAST_WINDOWS} windows, r {LEAST_R})"
        print(f"  {name}: {len(rs)} eligible windows, r {np.mean(rs) if rs else np.nan:.3f}; {says}")


def report(
    count: Mapping[str, Sequence[Worth]],
    works: bool,
    means: Mapping[float, float],
    measures: Mapping[str, str],
    figure: Path,
) -> int:
    """Print what more seconds teach, and the effects unless there is a reason not to; return the exit code."""
    first, what = next(iter(measures.items()))
    seconds = (f"{'none' if s == 0 else f'{s:g}'}: {value:+.3f}" for s, value in means.items())
    print(f"{what} by seconds: {', '.join(seconds)}")
    if not works:
        print("the instrument does not learn more from more seconds here: no effects are shown")
        return 1
    if too_few(count):
        return 1
    print(table({name: effects(count, measure) for measure, name in measures.items()}))
    draw(figure, means, [each for each in effects(count, first) if each.choice != BEST], what)
    return 0


def too_few(count: Mapping[str, object]) -> bool:
    """Whether fewer talkers count than an effect needs; then print that."""
    few = len(count) < LEAST_TALKERS
    if few:
        print(f"{len(count)} talkers count; with fewer than {LEAST_TALKERS} an effect means nothing, and none is shown")
    return few


def rows(worths: Mapping[str, Sequence[Worth]], count: Mapping[str, object]) -> list[dict[str, object]]:
    """The table of windows; with the pictures' columns if any was painted from."""
    measured = {measure for every in worths.values() for each in every for measure in each.by}
    return [
        {
            "talker": name,
            "take": each.window.take,
            "start_s": each.window.start_s,
            "counts": int(name in count and each.window.eligible),
            "eligible": int(each.window.eligible),
            **{key: f"{getattr(each.window, key):.6g}" for key in ("D", "MC", "MC_mouth", "MC_head", "views", "I")},
            "reasons": ";".join(each.window.reasons),
            **{
                column: f"{each.by[measure]:.6g}" if measure in each.by else ""
                for measure, column in MEASURES.items()
                if measure in measured
            },
            **({"drawn": int(each.drawn)} if measured & PAINTED else {}),
        }
        for name, every in worths.items()
        for each in every
    ]
