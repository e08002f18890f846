"""The report's sentences: times, counts, and why a window was chosen."""

from collections.abc import Sequence

from take5.scoring.parameters import FPS
from take5.scoring.score import WindowScore
from take5.stream.report.data import ReportData
from take5.stream.selection import Selection
from take5.stream.texts.languages import texts

ORDINALS = ("", "second ", "third ", "fourth ", "fifth ")


def clock(frame: int) -> str:
    """Session time of a grid frame: 0:12, 1:02:03, with hundredths between whole seconds."""
    seconds, rest = divmod(frame, FPS)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    whole = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
    return f"{whole}.{rest * 100 // FPS:02d}" if rest else whole


def about(start: int, stop: int) -> str:
    """The whole seconds that enclose a stretch: 0:31 to 0:33."""
    return f"{clock(start // FPS * FPS)} to {clock(-(-stop // FPS) * FPS)}"


def exact(start: int, stop: int) -> str:
    """A stretch to the frame."""
    return f"{clock(start)} to {clock(stop)}"


def counted(count: int, what: str) -> str:
    """1 window, 2 windows."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def why(data: ReportData) -> str:
    """Why the best window is the best, in a sentence or two."""
    selection = data.selection
    best, pool = selection.best, selection.pool
    strategy = selection.settings.strategy.name
    if best is None:
        return ""
    if len(selection.verdicts) == 1:
        return "The recording is just long enough for this one window, and nothing is wrong with it."
    if strategy != "full":
        return f"It was chosen by the strategy {strategy}: {texts().strategies[strategy]}"
    if len(pool) == 1:
        return f"Of {_compared(selection)} it is the only one that can be used."
    return (
        f"Of {_compared(selection)}, the {len(pool)} with the richest speech were compared. "
        f"This one has the highest informativeness I: {_merits(best, pool)}."
    )


def _compared(selection: Selection) -> str:
    """The windows that could have won."""
    checked = selection.checked
    if checked.complete:
        return counted(checked.of, "window")
    return f"the {checked.windows:,} windows checked (there were {checked.of:,}: scoring had fallen behind)"


def _merits(best: WindowScore, pool: Sequence[WindowScore]) -> str:
    richer = sum(window.D > best.D for window in pool)
    calmer = sum(w.motion is not None and best.motion is not None and w.motion.MC < best.motion.MC for w in pool)
    return f"the {_place(richer)}richest speech of them, with the {_place(calmer)}calmest motion of lips and head"


def _place(before: int) -> str:
    return ORDINALS[before] if before < len(ORDINALS) else f"{before + 1}th "
