"""The page: a plain summary first, then the figures and numbers for a paper."""

from collections import Counter
from collections.abc import Sequence
from html import escape
from pathlib import PurePath

from take5.scoring.gates.aspects import ASPECT_OF
from take5.scoring.gates.findings import Severity
from take5.scoring.parameters import FPS
from take5.stream.report.data import ReportData
from take5.stream.report.decimate import covered
from take5.stream.report.figures import NARROW, WIDE, pool_svg, spectrum_svg, timeline_svg
from take5.stream.report.page_style import STYLE
from take5.stream.report.plots import has_spectrum
from take5.stream.report.problems import Problem
from take5.stream.report.tables import found_table, image, pool_table, settings_list
from take5.stream.report.texts import about, clock, counted, exact, why
from take5.stream.texts.languages import texts

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
MOST_SHOWN = 6
"""Maximum number of kinds of findings listed in words."""

TIMES_SHOWN = 3
BAR_PIECES = 300


def page(data: ReportData, found: Sequence[Problem]) -> str:
    """The whole page as HTML; it needs no other file, no network and no script."""
    name = escape(PurePath(data.selection.video).name)
    parts = [_first(data, found), _wrong(data, found), _timeline(data, found), _best(data), _pool(data)]
    if found:
        parts.append(_section("All findings", found_table(found)))
    parts.append(_section("How it was scored", settings_list(data)))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name} - take5</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(filter(None, parts))
        + "\n</main>\n</body>\n</html>\n"
    )


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>" if body else ""


def _first(data: ReportData, found: Sequence[Problem]) -> str:
    """What was chosen and why, visible without scrolling."""
    best = data.selection.best
    head = f'<p class="file">{escape(PurePath(data.selection.video).name)}</p>'
    if best is None:
        return f"<section>{head}<h1>No part of it can be used</h1>{_advice(data)}{_bar(data, found)}</section>"
    stop = best.start + data.window_frames
    worth = "" if best.I is None else f"I {best.I:.0f}, "
    numbers = f"D {best.D:.1f}" + ("" if best.motion is None else f", MC {best.motion.MC:.4f}, views {best.views}")
    return (
        f"<section>{head}<h1>{exact(best.start, stop)}</h1>{_aspects(data)}{_strip(data)}"
        f'<p class="why">{why(data)}</p><p class="score">{worth}{numbers}</p>{_bar(data, found)}</section>'
    )


def _aspects(data: ReportData) -> str:
    """What training needs of the best window, and what was found against it."""
    best = data.selection.best
    judged = next((one for one in data.selection.verdicts if best is not None and one.score.start == best.start), None)
    if judged is None:
        return ""
    lines = []
    for aspect, state in judged.aspects.items():
        found = dict.fromkeys(
            texts().reasons[finding.code].short for finding in judged.warnings if ASPECT_OF[finding.code] is aspect
        )
        said = ", ".join(found) or texts().aspect_states[state or "unknown"]
        lines.append(f'<li class="{state}"><b>{texts().aspects[aspect]}</b><span>{said}</span></li>')
    return f'<ul class="aspects">{"".join(lines)}</ul>'


def _advice(data: ReportData) -> str:
    """Why no window can be used, and what to do about the most frequent reasons."""
    verdicts = data.selection.verdicts
    if not verdicts:
        seconds = data.selection.settings.parameters.seconds
        return f'<p class="why">It is shorter than one window of {seconds:g} seconds. Record longer.</p>'
    hit = Counter(code for verdict in verdicts for code in {finding.code for finding in verdict.reasons})
    lines = [
        f"<li><b>{texts().reasons[code].short}</b>, in {count} of {counted(len(verdicts), 'window')}"
        f"<span>{texts().reasons[code].advice}</span></li>"
        for code, count in hit.most_common(MOST_SHOWN)
    ]
    return f'<p class="why">These were the reasons:</p><ul class="wrong">{"".join(lines)}</ul>'


def _strip(data: ReportData) -> str:
    figures = [
        f"<figure>{image(picture, f'the picture at {clock(picture.frame)}')}"
        f"<figcaption>{clock(picture.frame)}</figcaption></figure>"
        for picture in data.best_pictures
    ]
    return f'<div class="strip">{"".join(figures)}</div>' if figures else ""


def _bar(data: ReportData, found: Sequence[Problem]) -> str:
    """The recording as a bar: the best window, its rivals, and what does not count."""
    selection, length = data.selection, data.window_frames
    rejects = covered([(s.start, s.stop) for s in found if s.severity is Severity.REJECT], selection.frames, BAR_PIECES)
    rivals = covered([(w.start, w.start + length) for w in selection.pool if w != selection.best], selection.frames)
    pieces = [("pool", *span) for span in rivals] + [("reject", *span) for span in rejects]
    if selection.best is not None:
        pieces.append(("best", selection.best.start, selection.best.start + length))
    bars = "".join(_piece(*piece, whole=max(1, selection.frames)) for piece in pieces)
    kinds = {"best": "the best", "pool": "what it was compared with", "reject": "does not count", "rest": "the rest"}
    there = {kind for kind, _, _ in pieces} | {"rest"}
    key = "".join(f'<li><i class="{kind}"></i>{text}</li>' for kind, text in kinds.items() if kind in there)
    quarters = "".join(f"<span>{clock(selection.frames * i // 4 // FPS * FPS)}</span>" for i in range(5))
    return (
        f'<div class="bar" role="img" aria-label="the recording, with the best window marked">{bars}</div>'
        f'<div class="times">{quarters}</div><ul class="key">{key}</ul>'
    )


def _piece(kind: str, start: int, stop: int, whole: int) -> str:
    left, width = 100 * start / whole, 100 * (stop - start) / whole
    return f'<i class="{kind}" style="left:{left:.2f}%;width:{width:.2f}%" title="{exact(start, stop)}"></i>'


def _wrong(data: ReportData, found: Sequence[Problem]) -> str:
    """What was wrong elsewhere, in words with times, and how many windows were not analysed."""
    kinds: dict[tuple[Severity, str], list[Problem]] = {}
    for problem in found:
        kinds.setdefault((problem.severity, texts().reasons[problem.code].short), []).append(problem)
    longest = sorted(kinds.items(), key=lambda kind: (kind[0][0], -sum(s.stop - s.start for s in kind[1])))
    lines = "".join(_problem_line(*kind) for kind in longest[:MOST_SHOWN])
    checked = data.selection.checked
    unseen = checked.of - checked.windows
    why_not = (
        f"{counted(unseen, 'window')} of {checked.of:,} could no longer win, so their pictures were not analysed."
        if checked.complete
        else f"Scoring had fallen behind: {checked.windows:,} of {counted(checked.of, 'window')} were checked."
    )
    note = f'<p class="note">{why_not}</p>'
    body = f'<ul class="wrong">{lines}</ul>' if lines else "<p>Nothing was wrong in what was analysed.</p>"
    return _section("What was wrong", body + (note if unseen else "")) if data.selection.verdicts else ""


def _problem_line(kind: tuple[Severity, str], found: Sequence[Problem]) -> str:
    severity, text = kind
    times = ", ".join(about(s.start, s.stop) for s in sorted(found, key=lambda s: s.start - s.stop)[:TIMES_SHOWN])
    more = len(found) - TIMES_SHOWN
    also = f", and {more} more" if more > 0 else ""
    does = "" if severity is Severity.REJECT else " (still counts)"
    advice = texts().reasons[found[0].code].advice
    return f'<li class="{severity}"><b>{times}{also}</b> {text}{does}<span>{advice}</span></li>'


def _timeline(data: ReportData, found: Sequence[Problem]) -> str:
    if not data.selection.verdicts:
        return ""
    wide = timeline_svg(data, found, WIDE, "wide")
    narrow = timeline_svg(data, found, NARROW, "narrow")
    note = (
        f"Each point is a window of {data.selection.settings.parameters.seconds:g} s, drawn at its middle. "
        "The strip at the bottom of a panel shows windows that have no score because their pictures were not analysed "
        "(grey), and windows that do not count (hatched)."
    )
    body = (
        f'<figure><div class="wide">{wide}</div><div class="narrow">{narrow}</div></figure><p class="note">{note}</p>'
    )
    return _section("Over time", body)


def _best(data: ReportData) -> str:
    """Figures of the best window and its rivals."""
    best = data.selection.best
    if best is None or best.motion is None:
        return ""
    figures = [pool_svg(data, "pool")]
    if has_spectrum(data):
        figures.insert(0, spectrum_svg(data, "spectrum"))
    motion = best.motion
    shares = f"MC {motion.MC:.4f}: of the mouth alone {motion.MC_mouth:.4f}, of the head alone {motion.MC_head:.4f}."
    body = "".join(f"<figure>{figure}</figure>" for figure in figures)
    return _section("Why it won", f'<div class="pair">{body}</div><p class="note">{shares}</p>')


def _pool(data: ReportData) -> str:
    return _section("The pool", pool_table(data)) if data.selection.pool else ""
