"""Terminal display of a batch: a bar for all videos, a line for each, and a table of the best at the end."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from take5.client.terminal import clock
from take5.scoring.parameters import FPS
from take5.stream.wire import Json

COLUMNS = ("video", "window", "I", "D", "MC", "views")
SHOWN = 20
"""Largest number of videos in the table; the others are counted."""

NAME_WIDTH = 56
PIPE_WIDTH = 120


@dataclass(frozen=True, slots=True)
class Row:
    """The chosen window of one video."""

    video: str
    start_s: float
    end_s: float
    I: float | None  # noqa: E741 - the paper's name
    D: float
    MC: float | None
    views: int | None

    @property
    def window(self) -> str:
        """Start and end, for display."""
        return f"{clock(round(self.start_s * FPS))} to {clock(round(self.end_s * FPS))}"

    @property
    def rank(self) -> tuple[bool, float, float]:
        """Sort key, smaller for better: by I, highest first; then those without I, chosen by a variant, by D."""
        return (self.I is None, -(self.I or 0.0), -self.D)


def row_of(report: Json) -> Row | None:
    """The row of a report; None if no window is eligible."""
    best = report["best"]
    if best is None:
        return None
    numbers = {name: best[name] for name in ("start_s", "end_s", "I", "D", "MC", "views")}
    return Row(report["video"], **numbers)


def lengths_of(report: Json) -> list[Json]:
    """The report for each length of windows, the first length's first."""
    return [report, *(report | other for other in report.get("lengths", ()))]


def line_of(report: Json) -> str:
    """One line about a video: the chosen window, or that there is none."""
    row = row_of(report)
    if row is None:
        return f"{report['video']}: no eligible window in {report['duration_s']:.1f} s"
    if row.I is None or row.MC is None:
        return f"{row.video}: {row.window}, D {row.D:.4g}"
    return f"{row.video}: {row.window}, I {row.I:.4g} = D {row.D:.4g} / MC {row.MC:.4f}, views {row.views}"


class Standings:
    """The best rows so far; others are only counted, so that memory does not grow with the run."""

    def __init__(self) -> None:
        self._best: list[Row] = []
        self.count = 0

    def add(self, row: Row) -> None:
        """Add a video's row."""
        self.count += 1
        self._best = sorted([*self._best, row], key=lambda row: row.rank)[:SHOWN]

    def show(self, file: IO[str]) -> None:
        """Print them as a table, best first."""
        console = Console(file=file, width=None if file.isatty() else PIPE_WIDTH, highlight=False)
        table = Table(*COLUMNS, box=None, pad_edge=False)
        for column in table.columns:
            column.no_wrap = True
        for column in table.columns[2:]:
            column.justify = "right"
        for row in self._best:
            table.add_row(Text(shortened(row.video, NAME_WIDTH)), row.window, *_numbers(row))
        console.print(table)
        if self.count > len(self._best):
            console.print(f"and {self.count - len(self._best)} more", markup=False)


def _numbers(row: Row) -> tuple[str, str, str, str]:
    I = "-" if row.I is None else f"{row.I:.4g}"  # noqa: E741 - the paper's name
    MC = "-" if row.MC is None else f"{row.MC:.4f}"
    return I, f"{row.D:.4g}", MC, "-" if row.views is None else str(row.views)


def shortened(name: str, width: int) -> str:
    """A name of at most ``width`` characters; longer names keep their end, which distinguishes files."""
    return name if len(name) <= width else "…" + name[1 - width :]


class BatchBar:
    """Progress of all videos on stderr, if it is a terminal: done, total, time left, and current file."""

    def __init__(self, total: int, *, visible: bool) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.completed:.0f} of {task.total:.0f} videos"),
            BarColumn(),
            TimeElapsedColumn(),
            TextColumn("elapsed,"),
            TimeRemainingColumn(),
            TextColumn("left"),
            TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
            redirect_stdout=sys.stdout.isatty(),  # otherwise redirected output would go to the terminal
            disable=not (visible and console.is_terminal),
        )
        self._task = self._progress.add_task("", total=total)
        self._reading: list[str] = []

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show it until the block ends."""
        with self._progress:
            yield

    def begin(self, video: object) -> None:
        """Show the start of a video."""
        self._reading.append(str(video))
        self._update(0)

    def end(self, video: object) -> None:
        """Show the end of a video."""
        self._reading.remove(str(video))
        self._update(1)

    def _update(self, done: int) -> None:
        names = ", ".join(Path(name).name for name in self._reading)
        self._progress.update(self._task, advance=done, description=shortened(names, NAME_WIDTH), refresh=True)
