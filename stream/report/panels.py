"""The panels of the timeline: scores, sound and findings over the whole recording, on axes of matplotlib."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from take5.scoring.gates.findings import Severity
from take5.scoring.judging import JudgedWindow
from take5.scoring.parameters import FPS
from take5.scoring.score import WindowScore
from take5.stream.report.colours import LIGHT
from take5.stream.report.data import ReportData
from take5.stream.report.decimate import covered, extremes
from take5.stream.report.problems import Problem
from take5.stream.report.texts import clock
from take5.stream.texts.languages import texts

Floats = NDArray[np.float64]
Value = Callable[[WindowScore], float | None]

QUIETEST_DBFS = -70.0
ROWS = 12
"""Maximum number of rows, one per kind of finding; the table has all."""

STEPS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)


def time_axis(axes: Axes, frames: int, ticks: int) -> None:
    """Session time in seconds as 0:12, at round seconds."""
    longest = STEPS_S[-1] * max(1, -(-frames // (FPS * ticks * STEPS_S[-1])))
    step = next((step for step in STEPS_S if frames / FPS / step <= ticks), longest)
    axes.set_xlim(0, frames / FPS)
    axes.set_xticks(np.arange(0, frames / FPS + 1e-9, step))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: clock(round(seconds * FPS))))


def mark_best(axes: Axes, data: ReportData) -> None:
    """Shade the best window."""
    if (best := data.selection.best) is not None:
        axes.axvspan(best.start / FPS, (best.start + data.window_frames) / FPS, color=LIGHT["gold"], alpha=0.22, lw=0)


def draw_scores(axes: Axes, data: ReportData, value: Value, *, line: bool = False) -> None:
    """One number per window, at the window's middle; at the foot, windows that have none or do not count."""
    verdicts = data.selection.verdicts
    middles = np.array([_middle(data, verdict.score) for verdict in verdicts])
    values = np.array([np.nan if (v := value(verdict.score)) is None else v for verdict in verdicts], dtype=np.float64)
    if line:
        kept = extremes(values)
        axes.plot(middles[kept], values[kept], color=LIGHT["mute"], lw=0.8, zorder=1)
    counts = np.array([verdict.eligible is not False for verdict in verdicts])
    _points(axes, middles[counts], values[counts], LIGHT["mute"], 9)
    if line:
        kept = np.flatnonzero(~counts)[extremes(values[~counts])]
        axes.scatter(middles[kept], values[kept], s=14, marker="x", color=LIGHT["reject"], lw=0.8, zorder=2)
    _draw_pool(axes, data, value)
    foot(axes, data)
    _fit(axes, values if line else values[counts])


def _fit(axes: Axes, values: Floats) -> None:
    """Fit the axis to these values, with room at its foot; whole numbers only if they all are."""
    shown = values[np.isfinite(values)]
    if len(shown):
        low, high = float(shown.min()), float(shown.max())
        room = (high - low) or abs(high) or 1.0
        axes.set_ylim(low - 0.22 * room, high + 0.14 * room)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=bool((shown == np.rint(shown)).all())))


def _points(axes: Axes, x: Floats, y: Floats, colour: str, size: float) -> None:
    kept = extremes(y)
    axes.scatter(x[kept], y[kept], s=size, color=colour, zorder=2, lw=0)


def _draw_pool(axes: Axes, data: ReportData, value: Value) -> None:
    best = data.selection.best
    others = [(_middle(data, w), v) for w in data.selection.pool if w != best and (v := value(w)) is not None]
    if others:
        x, y = np.array(others).T
        _points(axes, x, y, LIGHT["pool"], 26)
    top = None if best is None else value(best)
    if best is not None and top is not None:
        axes.scatter(
            [_middle(data, best)],
            [top],
            s=95,
            marker="*",
            color=LIGHT["gold"],
            edgecolor=LIGHT["ink"],
            lw=0.6,
            zorder=4,
        )


def _middle(data: ReportData, window: WindowScore) -> float:
    """Where a window is drawn in figures, in seconds."""
    return (window.start + data.window_frames / 2) / FPS


def foot(axes: Axes, data: ReportData) -> None:
    """A strip at the foot: grey where pictures were not analysed, hatched where a window does not count."""
    unseen = _spans(data, lambda verdict: verdict.eligible is None)
    refused = _spans(data, lambda verdict: verdict.eligible is False)
    across = axes.get_xaxis_transform()
    axes.broken_barh(unseen, (0, 0.06), transform=across, color=LIGHT["line"], lw=0, zorder=0)
    axes.broken_barh(
        refused, (0, 0.06), transform=across, facecolor="none", edgecolor=LIGHT["reject"], hatch="/////", lw=0, zorder=0
    )


def _spans(data: ReportData, chosen: Callable[[JudgedWindow], bool]) -> list[tuple[float, float]]:
    """Start and length in seconds of the runs of chosen windows, around their middles."""
    hop, half = data.hop_frames, (data.window_frames - data.hop_frames) // 2
    starts = [verdict.score.start + half for verdict in data.selection.verdicts if chosen(verdict)]
    return lengths(covered([(start, start + hop) for start in starts], data.selection.frames))


def lengths(spans: Iterable[tuple[int, int]]) -> list[tuple[float, float]]:
    """Spans of grid frames as start and length in seconds."""
    return [(start / FPS, (stop - start) / FPS) for start, stop in spans]


def draw_level(axes: Axes, data: ReportData) -> None:
    """Sound level of each hop in dBFS; digital silence is the floor."""
    levels = np.array([QUIETEST_DBFS if n.level_dbfs is None else max(QUIETEST_DBFS, n.level_dbfs) for n in data.notes])
    kept = extremes(levels)
    hops = np.array(data.hops or range(len(levels)), dtype=np.int64)
    shown, at = np.append(levels[kept], levels[-1:]), np.append(hops[kept], hops[-1:] + 1)
    gaps = np.flatnonzero(np.diff(hops) > 1)
    place = np.searchsorted(at, hops[gaps] + 1)
    seconds = np.insert(at, place, hops[gaps] + 1) * data.hop_frames / FPS
    shown = np.insert(shown, place, QUIETEST_DBFS)
    axes.fill_between(seconds[: len(shown)], shown, QUIETEST_DBFS, step="post", color=LIGHT["second"], alpha=0.55, lw=0)
    axes.set_ylim(QUIETEST_DBFS, 0)
    axes.set_yticks([-60, -30, 0])


def rows_of(found: Sequence[Problem]) -> list[tuple[str, list[Problem]]]:
    """Findings by what was wrong, the longest first."""
    rows: dict[str, list[Problem]] = {}
    for problem in found:
        rows.setdefault(texts().reasons[problem.code].short, []).append(problem)
    return sorted(rows.items(), key=lambda row: (-sum(s.stop - s.start for s in row[1]), row[0]))[:ROWS]


def draw_findings(axes: Axes, data: ReportData, rows: Sequence[tuple[str, list[Problem]]]) -> None:
    """A row for the face, and one for each kind of finding: bars under their names."""
    whole, part = _faces(data)
    name_row(axes, 0, "face seen, where analysed")
    axes.broken_barh(whole, (0.5, 0.36), color=LIGHT["second"], lw=0)
    axes.broken_barh(part, (0.5, 0.36), color=LIGHT["second"], alpha=0.35, lw=0)
    for row, (name, found) in enumerate(rows, 1):
        name_row(axes, row, name)
        for severity, colour in ((Severity.WARN, LIGHT["warn"]), (Severity.REJECT, LIGHT["reject"])):
            spans = [(problem.start, problem.stop) for problem in found if problem.severity is severity]
            bars = lengths(covered(spans, data.selection.frames))
            axes.broken_barh(bars, (row + 0.5, 0.36), color=colour, lw=0.6)
    axes.set_ylim(len(rows) + 1, -0.2)
    axes.set_yticks([])


def name_row(axes: Axes, row: int, name: str) -> None:
    """Write a row's name above its bars."""
    axes.text(0.006, row + 0.42, name, transform=axes.get_yaxis_transform(), va="bottom", ha="left", size=7.5)


def _faces(data: ReportData) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Hops with a face in every analysed frame, and hops with a face in some of them."""
    hop = data.hop_frames
    spans: tuple[list[tuple[int, int]], list[tuple[int, int]]] = [], []
    for index, note in zip(data.hops or range(len(data.notes)), data.notes, strict=True):
        if note.face:
            spans[note.face < 1].append((index * hop, (index + 1) * hop))
    whole, part = (lengths(covered(each, data.selection.frames)) for each in spans)
    return whole, part
