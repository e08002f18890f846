"""The curves of ``docs/performance.md``: ``python -m bench.curves RESULT.json... [--out docs/images]``.

Takes results of ``python -m bench`` (any parts; of a figure in several, the last one counts) and of ``python -m
bench.growth --out``. For each curve whose figures are there, it writes an SVG; the machine is named in it.
"""

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "take5",
    "font.size": 9,
    "axes.grid": True,
    "grid.alpha": 0.3,
}
HEADROOM = 1.08
"""Top of an axis over the largest value."""

Points = Sequence[tuple[float, float]]
Figures = Mapping[str, float]


def points(figures: Figures, pattern: str) -> list[tuple[float, float]]:
    """Pairs of the number in the name, where the pattern has its group, and the figure; in order."""
    matches = ((re.fullmatch(pattern, name), value) for name, value in figures.items())
    return sorted((float(match[1]), value) for match, value in matches if match)


def _curve(axes: Axes, found: Points, across: str, up: str, *, label: str = "") -> None:
    axes.plot(*zip(*found, strict=True), "o-", markersize=3, label=label or None)
    axes.set(xlabel=across, ylabel=up)
    axes.xaxis.set_major_locator(MaxNLocator(integer=all(x == int(x) for x, _ in found)))
    axes.set_ylim(0, HEADROOM * max(float(np.max(line.get_ydata())) for line in axes.lines))


def lengths(figures: Figures) -> Figure | None:
    """CPU time and memory of ``take5 select`` over the length of the file."""
    cpu = [(s / 60, value * s) for s, value in points(figures, r"select of (\d+) s: CPU s/s")]
    memory = [(s / 60, value) for s, value in points(figures, r"select of (\d+) s: MB")]
    if len(cpu) < 2 or not memory:
        return None
    figure = Figure(figsize=(8, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    _curve(left, cpu, "minutes of video", "CPU seconds")
    _curve(right, memory, "minutes of video", "most memory, MB")
    return figure


def live_memory(rows: Sequence[Figures]) -> Figure | None:
    """Memory of a live session over its minutes."""
    if not rows:
        return None
    figure = Figure(figsize=(8, 3), layout="constrained")
    axes = figure.subplots()
    _curve(axes, [(row["minute"], row["MB"]) for row in rows], "minutes of a session", "MB", label="process")
    _curve(
        axes, [(row["minute"], row["ring MB"]) for row in rows], "minutes of a session", "MB", label="of it the ring"
    )
    axes.legend()
    return figure


def options(figures: Figures) -> Figure | None:
    """What other pools and hops cost."""
    pool, hop = (points(figures, rf"select of \d+ s, {name} ([\d.]+): CPU s") for name in ("pool", "hop"))
    if not pool or not hop:
        return None
    figure = Figure(figsize=(8, 3), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    _curve(left, pool, "--pool, windows", "CPU seconds, 60 s of video")
    _curve(right, hop, "--hop, seconds", "")
    return figure


def sessions(figures: Figures) -> Figure | None:
    """CPU time, and windows that came late or never, over the number of sessions."""
    cpu = points(figures, r"(\d+) sessions cpu")
    if len(cpu) < 2:
        return None
    figure = Figure(figsize=(8, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    _curve(left, cpu, "sessions", "CPU s/s, all of them")
    for name, label in (("live", "as they came"), ("later", "later"), ("never", "never")):
        if found := points(figures, rf"(\d+) sessions {name}"):
            _curve(right, found, "sessions", "windows analysed", label=label)
            right.legend()
    return figure


def drawn(results: Sequence[Mapping[str, Any]]) -> dict[str, Figure]:
    """The figures that these results have all numbers for, by the name of their file."""
    found: dict[str, tuple[Figure | None, str]] = {}
    for result in results:
        figures, rows = result.get("medians", {}), result.get("rows", ())
        made = {
            "lengths": lengths(figures),
            "options": options(figures),
            "sessions": sessions(figures),
            "live-memory": live_memory(rows),
        }
        found |= {name: (figure, result["machine"]) for name, figure in made.items() if figure is not None}
    for figure, machine in found.values():
        if figure is not None:
            figure.suptitle(machine, fontsize=8, color="grey")
    return {name: figure for name, (figure, _) in found.items() if figure is not None}


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", type=Path, metavar="RESULT.json")
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with rc_context(STYLE):
        figures = drawn([json.loads(path.read_text()) for path in given.results])
        for name, figure in figures.items():
            figure.savefig(given.out / f"performance-{name}.svg", metadata={"Date": None})
            print(given.out / f"performance-{name}.svg")
    if not figures:
        raise SystemExit("no curve: these results have no figures for one (docs/performance.md says which parts do)")


if __name__ == "__main__":
    main()
