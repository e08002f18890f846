"""A live capture on a terminal: meters, how far it is, what is best so far, and what happens, in words.

It shows the events of ``docs/events.md``, whoever sends them.
"""

import math
import os
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from take5.client.terminal import REASON_TEXTS, clock
from take5.scoring.gates.findings import Code
from take5.scoring.parameters import FPS, Parameters
from take5.scoring.stopping import StopRules
from take5.stream.texts.coaching import coaching_texts, preferred
from take5.stream.wire import Json

SILENT_DBFS, QUIET_DBFS, LOUD_DBFS, FLOOR_DBFS = -70.0, -45.0, -6.0, -60.0
SEEN = 0.9
"""A face in less of a second than this is worth a word."""

JERKY, CALM = 0.3, 0.08
"""MC of people in front of a camera, from the worst to the best."""

HEADROOM = 1.15
WARNED_S = 10.0
"""So long a warning stays."""

BAR_WIDTH = 32
REFRESH_HZ = 5

STATES = {
    "waiting": "opening camera and microphone",
    "connecting": "waiting for the first picture and sound",
    "stalled": "nothing arrives; waiting for it",
    "stopping": "writing the clip",
    "ready": "the clip is there",
    "failed": "there is no clip",
}
STALLED = {"picture": "no picture arrives", "sound": "no sound arrives", "both": "nothing arrives"}


class Board:
    """What is known of a capture, and how it looks.

    Parameters
    ----------
    title : str
        What is captured.
    rules : StopRules
        When it stops.
    parameters : Parameters
        Length of a window and of a hop.
    now : callable
        Seconds of a steady clock.
    """

    def __init__(self, title: str, rules: StopRules, parameters: Parameters, now: Callable[[], float]) -> None:
        self._title, self._rules, self._parameters, self._now = title, rules, parameters, now
        self._state = "waiting"
        self._scored = 0
        self._time_s = 0.0
        self._told_at = self._warned_at = now()
        self._last: dict[str, Json] = {}
        self._highest = {"D": 0.0, "I": 0.0}
        self._coaching = coaching_texts(preferred([os.environ.get("LC_ALL") or os.environ.get("LANG", "")]))

    def update(self, event: Json) -> None:
        """Take an event."""
        kind = event["type"]
        self._last[kind] = event
        if kind == "state":
            self._state = event["state"]
        elif kind == "resumed":
            self._last.pop("stalled", None)
        elif kind == "warning":
            self._warned_at = self._now()
        elif kind == "progress":
            self._time_s, self._told_at = event["time_s"], self._now()
            self._measure(event["window"])

    def _measure(self, window: Json | None) -> None:
        if window is None:
            return
        self._scored += 1
        for name, highest in self._highest.items():
            self._highest[name] = max(highest, window[name] or 0.0)

    def render(self) -> RenderableType:
        """Return it as it looks now."""
        body = Group(
            Text(self.words(), style="bold"),
            Text(),
            self._meters(),
            Text(),
            Text(self._best_line()),
            Text(self._countdown(), style="dim"),
            Text(self._warning(), style="yellow"),
        )
        return Panel(body, title=Text(f"take5  {self._title}"), subtitle=clock(self._frame), title_align="left")

    def words(self) -> str:
        """What happens, and what to do: the most urgent thing."""
        if self._state in STATES and self._state != "stalled":
            stopped = self._last.get("stopped")
            return f"{stopped['text']}; {STATES[self._state]}" if stopped else STATES[self._state]
        if "stalled" in self._last:
            return f"{STALLED[self._last['stalled']['track']]}; waiting for it"
        coach = self._last.get("coach") or {}
        return self._coaching.get(coach.get("code") or "", coach.get("text") or "") or self._judged()

    def _judged(self) -> str:
        window, best = self._progress.get("window"), self._progress.get("best")
        if window is None:
            return f"talk: the first score needs {self._parameters.seconds:g} seconds"
        if window["reasons"]:
            codes = dict.fromkeys(reason["code"] for reason in window["reasons"])
            return f"this does not count: {'; '.join(REASON_TEXTS[Code(code)] for code in codes)}"
        if window["eligible"] is None:
            return "this computer is busy: these seconds are not scored yet"
        return "best so far, keep talking" if best and best["start_s"] == window["start_s"] else "keep talking"

    def _meters(self) -> Table:
        window, chunk = self._progress.get("window") or {}, self._progress.get("chunk") or {}
        table = Table.grid(padding=(0, 2))
        table.add_column(width=9)
        table.add_column(width=BAR_WIDTH)
        table.add_column()
        D, MC, informativeness = (window.get(name) for name in ("D", "MC", "I"))
        calm = 0.0 if MC is None else (JERKY - MC) / (JERKY - CALM)
        goal = f"of {self._rules.stop_at:.4g}" if self._rules.stop_at else "higher is better"
        table.add_row("D", _bar(self._share("D", D)), _number(D, ".4g", "sound: higher is better"))
        table.add_row("MC", _bar(calm), _number(MC, ".4f", "motion: lower is better"))
        table.add_row("I", _bar(self._share("I", informativeness)), _number(informativeness, ".4g", goal))
        table.add_row("level", *_level(chunk))
        table.add_row("face", *_face(chunk))
        table.add_row("goal", *self._goal())
        return table

    def _share(self, name: str, value: float | None) -> float:
        goal = self._rules.stop_at or 0.0 if name == "I" else 0.0
        return 0.0 if value is None else value / (HEADROOM * max(self._highest[name], goal, 1e-9))

    def _goal(self) -> tuple[RenderableType, str]:
        """How far it is: the best window to the threshold, or, without one, the time to the longest."""
        if not self._rules.stop_at:
            share = self._elapsed / self._rules.cap_s
            return _bar(share), f"{_time(self._elapsed)} of {_time(self._rules.cap_s)} at most"
        share = (self._best or {"I": 0.0})["I"] / self._rules.stop_at
        return _bar(share, "bold magenta"), f"{math.floor(100 * min(1.0, share))} % of the way"

    def _best_line(self) -> str:
        best = self._best
        if best is None:
            return "nothing to keep yet"
        start = round(best["start_s"] * FPS)
        span = f"{clock(start)} to {clock(start + self._parameters.window_frames)}"
        return (
            f"best so far: {span}, I {best['I']:.4g} = D {best['D']:.4g} / MC {best['MC']:.4f}, views {best['views']}"
        )

    def _countdown(self) -> str:
        """What time will bring next."""
        if self._state not in ("receiving", "stalled"):
            return ""
        first = self._parameters.seconds - self._elapsed
        left = self._rules.cap_s - self._elapsed
        score = f"first score in {math.ceil(first)} s" if first > 0 else f"{self._scored} windows scored"
        gain = self._progress.get("gain")
        more = "" if gain is None else f"; another 30 s may add {100 * math.expm1(gain):.1f} %"
        return f"{score}{more}; stops in {_time(max(0.0, left))} at the latest; Ctrl-C keeps the best now"

    def _warning(self) -> str:
        recent = "warning" in self._last and self._now() - self._warned_at < WARNED_S
        return f"warning: {self._last['warning']['text']}" if recent else ""

    @property
    def _progress(self) -> Json:
        return self._last.get("progress", {})

    @property
    def _best(self) -> Json | None:
        found = self._last.get("best", {}).get("best") or self._progress.get("best")
        return found if isinstance(found, dict) else None

    @property
    def _elapsed(self) -> float:
        """Seconds of the recording, a hop at most ahead of what was told."""
        if "progress" not in self._last or self._state != "receiving":
            return self._time_s
        return self._time_s + min(self._now() - self._told_at, self._parameters.hop)

    @property
    def _frame(self) -> int:
        return int(self._elapsed) * FPS


class LiveDisplay:
    """A board that stays in its place on a terminal until it is closed."""

    def __init__(self, board: Board, console: Console) -> None:
        self._board = board
        self._live = Live(
            console=console, get_renderable=board.render, refresh_per_second=REFRESH_HZ, transient=True, screen=False
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def update(self, event: Json) -> None:
        """Take an event."""
        self._board.update(event)


def _level(chunk: Json) -> tuple[RenderableType, str]:
    level = chunk.get("level_dbfs")
    if level is None:
        return _bar(0.0), "silence" if chunk else "-"
    style = "red" if level > LOUD_DBFS else "yellow" if level < QUIET_DBFS else "green"
    return _bar(1 - level / FLOOR_DBFS, style), f"{level:.0f} dBFS"


def _face(chunk: Json) -> tuple[RenderableType, str]:
    face = chunk.get("face")
    if face is None:
        return _bar(0.0), "not looked at" if chunk else "-"
    return _bar(face, "green" if face >= SEEN else "red"), f"{face:.0%} of the second"


def _bar(share: float, style: str = "cyan") -> ProgressBar:
    shown = min(1.0, max(0.0, share))
    return ProgressBar(total=1.0, completed=shown, width=BAR_WIDTH, complete_style=style, finished_style=style)


def _number(value: float | None, form: str, hint: str) -> str:
    return "-" if value is None else f"{value:{form}}  {hint}"


def _time(seconds: float) -> str:
    return f"{int(seconds // 60)}:{int(seconds % 60):02d}"
