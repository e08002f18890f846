"""One table of what take5 costs, next to the plain way: ``make bench``, or ``python -m bench``.

    make bench                # about two hours: three runs; with QUICK=1 three minutes, one run of the main figures
    python -m bench --sessions 1 4 --runs 1 --parts sessions

``docs/performance.md`` says what the figures mean. They are kept as JSON in ``bench-out``; ``python -m bench.compare``
compares two of them.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from bench import files, sessions, workers
from bench.machine import machine
from bench.sessions import Figures
from take5.client.api.models import TRACKER_NAMES

PARTS = ("starts", "plain", "select", "options", "sender", "sessions", "workers")
QUICK = tuple(part for part in PARTS if part not in ("options", "workers"))
LENGTHS_S = (60, 300, 1200, 3600)
"""Of the files that ``--long`` measures."""
COLUMNS = {
    "cpu": "CPU s/s",
    "cpu_a_session": "a session",
    "against_plain": "of plain",
    "thread: network": "network",
    "thread: capture": "captures",
    "thread: networks and others": "networks",
    "senders_cpu": "senders",
    "mb_a_session": "MB",
    "latency_median_ms": "ms median",
    "latency_p95_ms": "ms p95",
    "scoring": "scoring",
    "live": "live",
    "later": "later",
    "never": "never",
}


def one_run(options: argparse.Namespace, video: Path, folder: Path) -> Figures:
    """All figures of one run, by a name with its part."""
    found: Figures = {}
    if "starts" in options.parts:
        found |= files.starts(video, folder)
    if "plain" in options.parts:
        found |= files.plain(video, options.seconds)
    plain = found.get("plain: CPU s/s")
    for seconds in options.select if "select" in options.parts else ():
        found |= files.select(video, folder, seconds)
        if plain:
            found[f"select of {seconds} s: of plain"] = found[f"select of {seconds} s: CPU s/s"] / plain
    if "options" in options.parts:
        found |= files.over_options(video, folder)
    if "sender" in options.parts:
        encodes = sessions.measured(video, 1, options.seconds, "always")
        found["sender that encodes: CPU s/s"] = encodes["senders_cpu"]
    return found | _served(options, video, plain)


def _served(options: argparse.Namespace, video: Path, plain: float | None) -> Figures:
    """Figures of sessions at once, in workers and in one process; ``plain`` is what the plain way costs."""
    found: Figures = {}
    for count in options.sessions if "workers" in options.parts else ():
        for processes in options.workers:
            figures = workers.measured(video, count, processes, options.seconds)
            found |= {f"{count} sessions in {processes} workers {name}": value for name, value in figures.items()}
    for count in options.sessions if "sessions" in options.parts else ():
        figures = sessions.measured(video, count, options.seconds, tracker=options.tracker)
        if plain:
            figures["against_plain"] = figures["cpu_a_session"] / plain
        found |= {f"{count} sessions {name}": value for name, value in figures.items()}
    return found


def medians(runs: list[Figures]) -> Figures:
    """The median of each figure over the runs that have it."""
    values: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        for name, value in run.items():
            values[name].append(value)
    return {name: statistics.median(each) for name, each in values.items()}


def table(found: Figures, counts: list[int]) -> list[str]:
    """The figures as a Markdown table of sessions, after a line for each of the others."""
    lines = [f"{name}: {value:.3f}" for name, value in found.items() if " sessions " not in name]
    lines += ["", "| sessions | " + " | ".join(COLUMNS.values()) + " |", "|---" * (1 + len(COLUMNS)) + "|"]
    rows = sorted({name.partition(" workers ")[0] for name in found if " workers " in name})
    for row, named in [(str(each), f"{each} sessions") for each in counts] + [(row, f"{row} workers") for row in rows]:
        values = [found.get(f"{named} {name}") for name in COLUMNS]
        if any(value is not None for value in values):
            lines.append(f"| {row.replace(' sessions', '')} | " + " | ".join(map(_cell, values)) + " |")
    return lines


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.2f}"


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one run of the main figures")
    parser.add_argument("--long", action="store_true", help="select on files of 1, 5, 20 and 60 minutes")
    parser.add_argument("--runs", type=int, help="of which the medians count (3)")
    parser.add_argument("--sessions", type=int, nargs="+", help="numbers of sessions (1 2 3 4 6 8)")
    parser.add_argument("--workers", type=int, nargs="+", help="numbers of workers of the part of that name (1 2)")
    parser.add_argument("--seconds", type=float, help="that sessions are measured for (30)")
    parser.add_argument("--tracker", choices=TRACKER_NAMES, default="mediapipe", help="of sessions (mediapipe)")
    parser.add_argument("--parts", nargs="+", choices=PARTS)
    parser.add_argument("--out", type=Path, default=Path("bench-out"))
    options = parser.parse_args()
    options.runs = options.runs or (1 if options.quick else 3)
    options.sessions = options.sessions or ([1, 2] if options.quick else [1, 2, 3, 4, 6, 8])
    options.parts = options.parts or (QUICK if options.quick else PARTS)
    options.workers = options.workers or [1, 2]
    options.seconds = options.seconds or (12.0 if options.quick else 30.0)
    options.select = [*LENGTHS_S] if options.long else [60] if options.quick else [300]
    options.out.mkdir(parents=True, exist_ok=True)
    video, on, date = files.talker(options.out), machine(), datetime.now(UTC)
    print(f"bench: {on}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        runs = [one_run(options, video, Path(folder)) for _ in range(options.runs)]
    found = medians(runs)
    path = options.out / f"{date:%Y%m%d-%H%M%S}.json"
    result = {"machine": on, "date": date.isoformat(timespec="seconds"), "medians": found, "runs": runs}
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(f"{on}; {len(runs)} runs\n", *table(found, options.sessions), "", path, sep="\n")


if __name__ == "__main__":
    main()
