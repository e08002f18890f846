"""The figures: drawn with matplotlib, without its global state, to SVG for the page and to PNG.

Importing matplotlib takes a while: import this module only when the clip is on disk.
"""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.image import imread
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from take5.stream.report.colours import LIGHT, follow_page
from take5.stream.report.data import ReportData
from take5.stream.report.panels import draw_findings, draw_level, draw_scores, mark_best, rows_of, time_axis
from take5.stream.report.plots import draw_pool, draw_spectrum, has_spectrum
from take5.stream.report.problems import Problem

WIDE, NARROW = 10.0, 3.4
"""Widths in inches of the timeline: for screens and paper, and for phones."""

PNG_DPI = 200
PANELS = (1.15, 1.15, 0.95, 0.75, 0.75)
"""Heights in inches of I, D, MC, views and sound."""

ROW = 0.3
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "take5",
    "font.family": ["DejaVu Sans"],
    "font.size": 8.5,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8.5,
    "legend.fontsize": 8,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": LIGHT["mute"],
    "axes.labelcolor": LIGHT["ink"],
    "axes.titlecolor": LIGHT["ink"],
    "text.color": LIGHT["ink"],
    "xtick.color": LIGHT["mute"],
    "ytick.color": LIGHT["mute"],
    "xtick.labelcolor": LIGHT["soft"],
    "ytick.labelcolor": LIGHT["soft"],
    "hatch.linewidth": 0.7,
    "hatch.color": LIGHT["reject"],
    "axes.facecolor": "none",
    "figure.facecolor": LIGHT["card"],
}

_LOCK = Lock()


@contextmanager
def drawing() -> Iterator[None]:
    """Draw in this style; matplotlib's settings belong to the whole process, so threads take turns."""
    with _LOCK, rc_context(STYLE):
        yield


def timeline_svg(data: ReportData, found: Sequence[Problem], width: float, name: str) -> str:
    """I, D, MC, views, sound and findings over the whole recording."""
    rows = rows_of(found)
    heights = [*PANELS, ROW * (len(rows) + 1.2)]
    with drawing():
        figure = Figure(figsize=(width, sum(heights) + _chrome(width)))
        _timeline(figure, data, rows, heights, width)
        return _svg(figure, name)


def spectrum_svg(data: ReportData, name: str) -> str:
    """The best window's spectrum."""
    with drawing():
        figure = Figure(figsize=(4.6, 3.1), layout="tight")
        draw_spectrum(figure.add_subplot(), data)
        return _svg(figure, name)


def pool_svg(data: ReportData, name: str) -> str:
    """The pool, D against MC."""
    with drawing():
        figure = Figure(figsize=(4.6, 3.1), layout="tight")
        draw_pool(figure.add_subplot(), data)
        return _svg(figure, name)


def whole_png(data: ReportData, found: Sequence[Problem]) -> bytes:
    """All figures on one sheet, light, for paper."""
    rows = rows_of(found)
    heights = [*PANELS, ROW * (len(rows) + 1.2)]
    strip = 1.35 if data.best_pictures else 0.0
    foot = 3.0 if data.selection.best is not None and data.selection.best.motion is not None else 0.0
    body = sum(heights) + _chrome(WIDE)
    with drawing():
        sheet = Figure(figsize=(WIDE, strip + body + foot))
        rows_of_sheet = sheet.add_gridspec(3, height_ratios=[strip or 0.01, body, foot or 0.01])
        parts = [sheet.add_subfigure(rows_of_sheet[row]) for row in range(3)]
        _strip(parts[0], data)
        _timeline(parts[1], data, rows, heights, WIDE)
        if foot:
            _foot(parts[2], data)
        file = io.BytesIO()
        sheet.savefig(file, format="png", dpi=PNG_DPI, metadata={"Software": None})
    return file.getvalue()


def _chrome(width: float) -> float:
    """Height in inches above and below the panels, for the legend and the times."""
    return 0.85 if width == WIDE else 1.3


def _timeline(
    figure: FigureBase, data: ReportData, rows: list[tuple[str, list[Problem]]], heights: list[float], width: float
) -> None:
    total, legend = sum(heights) + _chrome(width), _chrome(width) - 0.4
    grid = figure.add_gridspec(
        len(heights),
        height_ratios=heights,
        left=0.5 / width,
        right=1 - 0.12 / width,
        top=1 - legend / total,
        bottom=0.4 / total,
        hspace=0.36 * len(heights) / sum(heights),
    )
    panels = [figure.add_subplot(grid[row]) for row in range(len(heights))]
    for axes, title in zip(panels, _titles(width), strict=True):
        axes.set_title(title, loc="left", pad=3)
        mark_best(axes, data)
    _draw_panels(panels, data, rows)
    for axes in panels:
        time_axis(axes, data.selection.frames, 10 if width == WIDE else 5)
        axes.tick_params(labelbottom=axes is panels[-1])
    figure.legend(handles=_legend(), loc="upper center", ncols=7 if width == WIDE else 2, frameon=False)


def _titles(width: float) -> list[str]:
    if width == WIDE:
        return [
            "I, informativeness: D / MC (higher is better)",
            "D, diversity of speech (higher is better)",
            "MC, motion complexity (lower is better)",
            "views, directions of the head (fewer is better)",
            "sound level, dBFS",
            "what was seen and what was wrong",
        ]
    return ["I, informativeness", "D, diversity of speech", "MC, motion complexity", "views", "sound, dBFS", "findings"]


def _draw_panels(panels: list[Axes], data: ReportData, rows: list[tuple[str, list[Problem]]]) -> None:
    draw_scores(panels[0], data, lambda window: window.I)
    draw_scores(panels[1], data, lambda window: window.D, line=True)
    draw_scores(panels[2], data, lambda window: None if window.motion is None else window.motion.MC)
    draw_scores(panels[3], data, lambda window: window.views)
    draw_level(panels[4], data)
    draw_findings(panels[5], data, rows)


def _legend() -> list[Line2D | Patch]:
    def point(marker: str, size: float, role: str, label: str) -> Line2D:
        return Line2D([], [], ls="", marker=marker, ms=size, color=LIGHT[role], label=label)

    return [
        point("*", 10, "gold", "the best window"),
        point("o", 5, "pool", "the others of the pool"),
        point("o", 3, "mute", "other windows"),
        Patch(facecolor=LIGHT["line"], label="not scored"),
        Patch(facecolor="none", edgecolor=LIGHT["reject"], hatch="/////", lw=0, label="does not count"),
        Patch(facecolor=LIGHT["reject"], label="why not"),
        Patch(facecolor=LIGHT["warn"], label="warning"),
    ]


def _strip(figure: FigureBase, data: ReportData) -> None:
    """The best window's pictures, side by side."""
    for index, picture in enumerate(data.best_pictures):
        axes = figure.add_subplot(1, len(data.best_pictures), index + 1)
        axes.imshow(imread(io.BytesIO(picture.jpeg), format="jpeg"))
        axes.set_axis_off()
    figure.subplots_adjust(0.012, 0.02, 0.988, 0.96, wspace=0.03)


def _foot(figure: FigureBase, data: ReportData) -> None:
    if has_spectrum(data):
        draw_spectrum(figure.add_subplot(1, 2, 1), data)
    draw_pool(figure.add_subplot(1, 2, 2), data)
    figure.subplots_adjust(0.065, 0.17, 0.985, 0.9, wspace=0.2)


def _svg(figure: Figure, name: str) -> str:
    """The drawing as an element of the page, in the page's colours and fonts, with ids of its own."""
    file = io.BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = file.getvalue().decode("utf-8")
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r"'DejaVu Sans'[^;\"]*", "system-ui, sans-serif", text)
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text)
    text = re.sub(r'<svg[^>]*viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1" aria-hidden="true">', text, count=1)
    return follow_page(text.replace("xlink:href", "href"))
