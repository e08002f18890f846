"""The table of the best, the lines, and the bar."""

import functools
import io
import os
import pty
import re
import subprocess
import sys
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from repository import ROOT

from take5.client.batch_display import NAME_WIDTH, SHOWN, Standings, line_of, row_of, shortened
from take5.stream.offline.batch.engine import Engine
from take5.stream.offline.batch.job import Failed, Job, Outcome, Recipe
from take5.stream.settings import Settings


def report(video: str, I: float | None, D: float = 100.0) -> dict[str, Any]:  # noqa: E741 - the paper's name
    MC, views = (None, None) if I is None else (D / I, 3)
    best = {"start_s": 12.0, "end_s": 17.0, "container_start_s": 12.5, "D": D, "MC": MC, "views": views, "I": I}
    return {"video": video, "best": best, "duration_s": 61.0}


def table(*reports: dict[str, Any]) -> list[str]:
    standings, out = Standings(), io.StringIO()
    for one in reports:
        row = row_of(one)
        assert row is not None
        standings.add(row)
    standings.show(out)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_the_table_has_the_best_first_and_those_without_i_last() -> None:
    lines = table(report("low", 500), report("D 80", None, 80), report("high", 1231, 145.4), report("D 90", None, 90))
    assert [line.split("  ")[0] for line in lines] == ["video", "high", "low", "D 90", "D 80"]
    assert lines[1].split() == ["high", "0:12.00", "to", "0:17.00", "1231", "145.4", "0.1181", "3"]
    assert lines[3].split()[-4:] == ["-", "90", "-", "-"]


def test_a_long_table_is_cut_and_counted() -> None:
    lines = table(*(report(f"{i}.mp4", 1000 + i) for i in range(SHOWN + 7)))
    assert lines[1].split()[0] == f"{SHOWN + 6}.mp4"
    assert len(lines) == 1 + SHOWN + 1
    assert lines[-1] == "and 7 more"


def test_of_a_long_name_the_end_is_shown_and_brackets_are_no_markup() -> None:
    name = "/data/" + "x" * 80 + "/[bold]talk.mp4"
    (_, line) = table(report(name, 500))
    assert line.split()[0] == shortened(name, NAME_WIDTH)
    assert len(shortened(name, NAME_WIDTH)) == NAME_WIDTH
    assert line.split()[0].endswith("/[bold]talk.mp4")


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (report("a.mp4", 1231.2, 145.4), "a.mp4: 0:12.00 to 0:17.00, I 1231 = D 145.4 / MC 0.1181, views 3"),
        (report("a.mp4", None, 145.4), "a.mp4: 0:12.00 to 0:17.00, D 145.4"),
        (report("a.mp4", 1) | {"best": None}, "a.mp4: no eligible window in 61.0 s"),
    ],
)
def test_lines(given: dict[str, Any], line: str) -> None:
    assert line_of(given) == line


BAR = """
import sys
from pathlib import Path
import click
from take5.client.batch_display import BatchBar
bar = BatchBar(2, visible=True)
with bar.shown():
    bar.begin(Path("x/[red]one.mp4"))
    click.echo("a line of output")
    click.echo("a line of error", err=True)
    bar.end(Path("x/[red]one.mp4"))
"""


@pytest.mark.parametrize("piped", [True, False])
def test_the_bar_leaves_output_where_it_belongs(piped: bool) -> None:
    """On a terminal the bar says what is read; what is printed meanwhile goes to its own place, whole."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        [sys.executable, "-c", BAR], stdout=subprocess.PIPE if piped else theirs, stderr=theirs, env=environment
    ) as program:
        os.close(theirs)
        shown = b""
        while block := _read(ours):
            shown += block
        out = program.stdout.read() if program.stdout else b""
    os.close(ours)
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode())
    assert program.returncode == 0, plain
    assert "0 of 2 videos" in plain
    assert "[red]one.mp4" in plain
    assert plain.count("a line of error") == 1
    assert (out, plain.count("a line of output")) == ((b"a line of output\n", 0) if piped else (b"", 1))


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when the other end is closed
        return b""


def test_the_engine_in_the_documents_works() -> None:
    code = next(
        block
        for block in re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "batch.md").read_text(), re.DOTALL)
        if "class ExecutorEngine" in block
    )
    names: dict[str, Any] = {"islice": islice, "wait": wait, "FIRST_COMPLETED": FIRST_COMPLETED, "functools": functools}
    exec(code, names)  # noqa: S102 - our own document
    names["work"] = lambda job: Failed(job, "done")
    recipe = Recipe(Settings(), exhaustive=False, encoder="none", encoder_version="0")
    jobs = [Job(Path(str(number)), Path("out"), recipe) for number in range(9)]
    with ThreadPoolExecutor(2) as executor:
        engine: Engine = names["ExecutorEngine"](executor, 3)
        outcomes: list[Outcome] = list(engine.run(jobs))
    assert sorted(int(outcome.job.video.name) for outcome in outcomes) == list(range(9))
