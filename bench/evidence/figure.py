"""The figure: what more seconds teach, and what each rule of choice gains."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from bench.evidence.effects import Effect


def draw(path: Path, seconds: Mapping[float, float], found: Sequence[Effect], what: str) -> None:
    """Write a PNG; without ``seconds`` the effects alone."""
    figure = Figure(figsize=(10, 4) if seconds else (6, 4), layout="constrained")
    axes = figure.subplots(1, 2 if seconds else 1, squeeze=False)[0]
    if seconds:
        axes[0].plot(list(seconds), list(seconds.values()), "o-")
        axes[0].axhline(0, color="grey", linewidth=0.8)
        axes[0].set(xlabel="seconds trained on", ylabel=f"{what} elsewhere", title="What more seconds teach")
    rows = np.arange(len(found))[::-1]
    means = np.array([each.mean for each in found])
    low, high = np.array([each.interval for each in found]).T
    axes[-1].errorbar(means, rows, xerr=[means - low, high - means], fmt="o", capsize=3)
    axes[-1].axvline(0, color="grey", linewidth=0.8)
    axes[-1].set_yticks(rows, [each.choice for each in found])
    axes[-1].set(xlabel="SD of a talker's windows, 95 % over talkers", title="Choice minus a random window")
    figure.savefig(path, dpi=120)
