"""What the live display is made of: bars, numbers, and signs for what training needs."""

from collections.abc import Mapping

from rich.console import RenderableType
from rich.progress_bar import ProgressBar
from rich.text import Text

from take5.stream.wire import Json

SILENT_DBFS, QUIET_DBFS, LOUD_DBFS, FLOOR_DBFS = -70.0, -45.0, -6.0, -60.0
SEEN = 0.9
"""A face in a smaller share of a second than this is shown in red."""
SIGNS = {"good": "+", "warning": "!", "bad": "x", "unknown": " "}
STYLES = {"good": "green", "warning": "yellow", "bad": "red", "unknown": "dim"}
BAR_WIDTH = 32


def signs(window: Json | None, names: Mapping[str, str]) -> Text:
    """In step, seen, sharp, speaking, each with a sign for how it is in the latest window."""
    states = (window or {}).get("aspects") or {}
    shown = Text()
    for aspect, name in names.items():
        state = states.get(aspect) or "unknown"
        shown.append(f"{SIGNS[state]} {name}   ", STYLES[state])
    return shown


def level(chunk: Json, silence: str) -> tuple[RenderableType, str]:
    """The level of a second as a bar, and in words."""
    level = chunk.get("level_dbfs")
    if level is None:
        return bar(0.0), silence if chunk else "-"
    style = "red" if level > LOUD_DBFS else "yellow" if level < QUIET_DBFS else "green"
    return bar(1 - level / FLOOR_DBFS, style), f"{level:.0f} dBFS"


def face(chunk: Json, words: Mapping[str, str]) -> tuple[RenderableType, str]:
    """The share of a second in which a face was seen, as a bar and in words."""
    face = chunk.get("face")
    if face is None:
        return bar(0.0), words["not_analysed"] if chunk else "-"
    return bar(face, "green" if face >= SEEN else "red"), words["face_share"].format(share=f"{face:.0%}")


def bar(share: float, style: str = "cyan") -> ProgressBar:
    """A share as a bar."""
    shown = min(1.0, max(0.0, share))
    return ProgressBar(total=1.0, completed=shown, width=BAR_WIDTH, complete_style=style, finished_style=style)


def number(value: float | None, form: str, hint: str) -> str:
    """A number and what it means."""
    return "-" if value is None else f"{value:{form}}  {hint}"
