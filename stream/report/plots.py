"""Two figures: the spectrum of the best window, which MC is computed from, and D against MC of the pool."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from take5.scoring.parameters import FPS
from take5.scoring.score import informativeness
from take5.stream.report.colours import LIGHT
from take5.stream.report.data import ReportData
from take5.stream.report.spectrum import spectrum

Floats = NDArray[np.float64]

LOWEST = 1e-4
"""Magnitudes below this share of the highest are not drawn."""


def has_spectrum(data: ReportData) -> bool:
    """Whether every frame of the best window has lips that were measured."""
    return data.lips is not None and bool(np.isfinite(data.lips).all())


def draw_spectrum(axes: Axes, data: ReportData) -> None:
    """Mean magnitude of the mouth curves, and magnitude of the head curve, over frequency; what MC counts is shaded."""
    if data.lips is None:
        return
    threshold = data.selection.settings.parameters.hfr_threshold
    found = spectrum(data.lips)
    highest = max(float(found.mouth.max()), float(found.head.max()), 1e-9)
    axes.axvspan(threshold, 0.5, color=LIGHT["reject"], alpha=0.1, lw=0)
    axes.axvline(threshold, color=LIGHT["reject"], lw=1, ls="--")
    axes.plot(
        found.frequency, np.maximum(found.mouth, highest * LOWEST), color=LIGHT["pool"], label="mouth, mean of 20"
    )
    axes.plot(found.frequency, np.maximum(found.head, highest * LOWEST), color=LIGHT["second"], lw=0.9, label="head")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda pixels, _: f"{pixels:g}"))
    axes.set_xlim(0, 0.5)
    axes.set_xlabel(f"frequency, cycles per frame (x {FPS} = Hz)")
    axes.set_ylabel("|X$_k$|, px")
    axes.set_title(f"Motion of the best window; MC counts what is above T = {threshold:g}", loc="left")
    axes.legend(frameon=False, loc="upper right")


def draw_pool(axes: Axes, data: ReportData) -> None:
    """D against MC of the pool, with lines of equal I."""
    scored = [(w.motion.MC, w.D, w == data.selection.best) for w in data.selection.pool if w.motion is not None]
    across, up = np.array([MC for MC, _, _ in scored]), np.array([D for _, D, _ in scored])
    sides = [(low - 0.25 * (high - low or low), high + 0.25 * (high - low or low)) for low, high in _ranges(across, up)]
    axes.set_xlim(*sides[0])
    axes.set_ylim(*sides[1])
    _lines_of_equal_I(axes)
    axes.scatter(across, up, s=30, color=LIGHT["pool"], lw=0, zorder=3)
    for MC, D, is_best in scored:
        if is_best:
            axes.scatter([MC], [D], s=130, marker="*", color=LIGHT["gold"], edgecolor=LIGHT["ink"], lw=0.6, zorder=4)
    axes.set_xlabel("MC, motion complexity (lower is better)")
    axes.set_ylabel("D, diversity of speech")
    axes.set_title("The pool, with lines of equal I = D / MC", loc="left")


def _ranges(*values: Floats) -> list[tuple[float, float]]:
    return [(float(each.min()), float(each.max())) for each in values]


def _lines_of_equal_I(axes: Axes) -> None:
    """Five lines through the drawing, labelled where they leave it."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    lowest, highest = informativeness(bottom, right), informativeness(top, max(left, right / 50))
    for value in np.geomspace(lowest, highest, 7)[1:-1]:
        axes.plot([0, right], [0, value * right], color=LIGHT["line"], lw=1, zorder=1, scalex=False, scaley=False)
        inside = value * right < top
        place = (right, value * right) if inside else (top / value, top)
        axes.annotate(f"I {value:.0f}", place, ha="right", va="top", color=LIGHT["soft"], size=7)
