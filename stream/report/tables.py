"""The page's tables: the pool, what was found, and how it was scored."""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from html import escape

from take5.scoring.gates.findings import Severity
from take5.scoring.score import WindowScore
from take5.stream.report.data import ReportData
from take5.stream.report.problems import Problem
from take5.stream.report.texts import exact
from take5.stream.report.thumbnails import Thumbnail
from take5.stream.selection import Selection, versions
from take5.stream.texts.languages import texts
from take5.stream.timeline.clock import frame_seconds

MOST_ROWS = 200
"""Maximum number of rows in a table; report.json has them all."""

POOL_HEADS = ("Window", "", "I", "D", "MC", "MC mouth", "MC head", "Views")
FOUND_HEADS = ("When", "What", "Measured", "Rule", "Windows", "")
WORDS, LEFT = ("What", "Rule"), ' class="text"'
DOES = {Severity.REJECT: "does not count", Severity.WARN: "warning"}


def table(heads: Sequence[str], rows: Iterable[str]) -> str:
    """A table that scrolls on its own if it is too wide."""
    head = "".join(f"<th{LEFT if each in WORDS else ''}>{each}</th>" for each in heads)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def pool_table(data: ReportData) -> str:
    """Every window of the pool with all its numbers, the highest I first."""
    ranked = sorted(data.selection.pool, key=lambda window: (-(window.I or 0.0), window.start))
    ranked.sort(key=lambda window: window != data.selection.best)
    return table(POOL_HEADS, [_pool_row(data, window) for window in ranked[:MOST_ROWS]]) + _more(len(ranked))


def _pool_row(data: ReportData, window: WindowScore) -> str:
    motion, picture = window.motion, data.pool_pictures.get(window.start)
    cells = [
        exact(window.start, window.start + data.window_frames),
        "" if picture is None else image(picture, ""),
        _number(window.I, 1),
        _number(window.D, 2),
        *(("", "", "") if motion is None else (_number(m, 4) for m in (motion.MC, motion.MC_mouth, motion.MC_head))),
        "" if window.views is None else str(window.views),
    ]
    kind = ' class="best"' if window == data.selection.best else ""
    return f"<tr{kind}>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def found_table(found: Sequence[Problem]) -> str:
    """All findings in order of time; if there are too many, rejects are kept first."""
    kept = sorted(found, key=lambda each: each.severity is Severity.WARN)[:MOST_ROWS]
    rows = [_found_row(problem) for problem in sorted(kept, key=lambda each: each.start)]
    return table(FOUND_HEADS, rows) + _more(len(found))


def _found_row(problem: Problem) -> str:
    value = "" if problem.value is None else f"{problem.value:.3g}"
    return (
        f"<tr><td>{exact(problem.start, problem.stop)}</td>"
        f'<td class="text">{texts().reasons[problem.code].short} <code>{problem.code}</code></td><td>{value}</td>'
        f'<td class="text">{escape(problem.rule)}</td><td>{problem.windows}</td><td>{DOES[problem.severity]}</td></tr>'
    )


def _more(rows: int) -> str:
    left = rows - MOST_ROWS
    return f'<p class="note">{left:,} more are in report.json.</p>' if left > 0 else ""


def settings_list(data: ReportData) -> str:
    """What the numbers depend on."""
    selection = data.selection
    settings, counts = selection.settings, selection.counts
    facts = {
        "Recording": selection.video,
        "Length": f"{frame_seconds(selection.frames):.2f} s, {selection.frames} frames at 25 fps",
        "Source": f"{selection.source_fps:g} fps; {_pairs(asdict(counts))}{_tracks(selection)}",
        "Analysed": f"{selection.tracked} frames",
        "Sound": "; ".join([f"channel {selection.channel}", *settings.shift.notes]),
        **({"Picture": f"HDR ({selection.tone_mapped.upper()}), mapped to SDR"} if selection.tone_mapped else {}),
        "Parameters": _pairs(asdict(settings.parameters)),
        "Strategy": f"{settings.strategy.name}, diversity {settings.diversity}, seed {settings.seed}",
        "Gates": ", ".join([settings.gates.strictness, *settings.gates.overrides, *settings.gates.trainers]),
        "Encoder": f"{selection.encoder}, weights {selection.encoder_version}",
        "Tracker": selection.tracker,
        "Versions": _pairs(versions()),
        **({"Warnings": "; ".join(selection.warnings)} if selection.warnings else {}),
    }
    return f"<dl>{''.join(f'<dt>{name}</dt><dd>{escape(text)}</dd>' for name, text in facts.items())}</dl>"


def _tracks(selection: Selection) -> str:
    used = selection.tracks
    return "" if used is None else f"; audio track {used.audio}, video track {used.video}"


def _pairs(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def image(picture: Thumbnail, text: str) -> str:
    """A thumbnail and its alternative text."""
    data = b64encode(picture.jpeg).decode("ascii")
    size = f'width="{picture.width}" height="{picture.height}"'
    return f'<img src="data:image/jpeg;base64,{data}" {size} alt="{escape(text)}">'
