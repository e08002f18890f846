"""A live capture on a terminal: meters, progress, the best so far, and what is happening, in words.

It shows the events of ``docs/events.md``, from any sender, in the language of the terminal.
"""

import math
import os
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from take5.client.live_meters import BAR_WIDTH, bar, face, level, number, signs
from take5.client.terminal import clock, duration
from take5.scoring.own_range import LEAST_WINDOWS
from take5.scoring.parameters import FPS, Parameters
from take5.scoring.stopping import StopRule, StopRules
from take5.stream.texts.languages import preferred, texts
from take5.stream.wire import Json

JERKY, CALM = 0.3, 0.08
"""MC of people in front of a camera, from the worst to the best."""

HEADROOM = 1.15
WARNED_S = 10.0
"""How long a warning stays."""

REFRESH_HZ = 5

SPOKEN = ("connecting", "stopping", "ready", "failed")
"""States that are shown as they are; the others leave room for what happens in them."""


class Board:
    """What is known about a capture, and how it is shown.

    Parameters
    ----------
    title : str
        Name of what is captured.
    rules : StopRules
        When it stops.
    parameters : Parameters
        Lengths of a window and of a hop.
    now : callable
        Seconds of a steady clock.
    """

    def __init__(self, title: str, rules: StopRules, parameters: Parameters, now: Callable[[], float]) -> None:
        self._title, self._rules, self._parameters, self._now = title, rules, parameters, now
        self._state = "waiting"
        self._scored = 0
        self._checked: Json | None = None
        self._time_s = 0.0
        self._heard_at = self._warned_at = now()
        self._last: dict[str, Json] = {}
        self._highest = {"D": 0.0, "I": 0.0}
        self._texts = texts(preferred([os.environ.get("LC_ALL") or os.environ.get("LANG", "")]))

    def update(self, event: Json) -> None:
        """Show an event; of several lengths of windows, how the first one goes."""
        kind = event["type"]
        own = self._parameters.seconds
        if kind in ("best", "kept", "scored") and event.get("window_s", own) != own:
            return
        self._last[kind] = event
        self._checked = event.get("checked") or self._checked
        if kind == "state":
            self._state = event["state"]
        elif kind == "resumed":
            self._last.pop("stalled", None)
        elif kind == "warning":
            self._warned_at = self._now()
        elif kind == "progress":
            self._time_s, self._heard_at = event["time_s"], self._now()
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
            signs(self._progress.get("window"), self._texts.aspects),
            Text(),
            self._meters(),
            Text(),
            Text(self._best_line()),
            Text(self._countdown(), style="dim"),
            Text(self._warning(), style="yellow"),
        )
        return Panel(body, title=Text(f"take5  {self._title}"), subtitle=clock(self._frame), title_align="left")

    def words(self) -> str:
        """What is happening, or what to do: the most urgent thing."""
        if self._state == "waiting":
            return self._texts.status["opening"]
        if self._state in SPOKEN:
            stopped = self._last.get("stopped")
            why = self._why(stopped) if stopped else ""
            return self._texts.phrases["sentences"].format(first=why, second=self._spoken()).strip()
        if "stalled" in self._last:
            stalled = self._last["stalled"]
            return self._texts.stalled[stalled["cause"] or stalled["track"]]
        coach = self._last.get("coach") or {}
        return self._texts.coaching.get(coach.get("code") or "", coach.get("text") or "") or self._judged()

    def _spoken(self) -> str:
        if self._state == "stopping" and self._checked is not None and not self._checked["complete"]:
            return self._texts.status["checking"].format(**self._checked)
        return self._texts.states[self._state]

    def _why(self, stopped: Json) -> str:
        """Why it stopped; a threshold of the user's own says nothing about the talker."""
        own = stopped["rule"] == StopRule.THRESHOLD and stopped["numbers"]["expected"] is None
        return self._texts.stopped["stop_at" if own else stopped["rule"]]

    def _judged(self) -> str:
        window, best, status = self._progress.get("window"), self._progress.get("best"), self._texts.status
        if window is None:
            return status["begin"].format(window=self._duration())
        if window["reasons"]:
            shorts = dict.fromkeys(self._short(reason["code"]) for reason in window["reasons"])
            return status["ineligible"].format(reasons=self._texts.phrases["list_separator"].join(shorts))
        if window["eligible"] is None:
            return status["not_scored"] if self._checked is None else status["checked"].format(**self._checked)
        is_best = best and best["start_s"] == window["start_s"]
        return status["best"].format(time=_time(window["start_s"])) if is_best else status["talk"]

    def _duration(self) -> str:
        """The length of a window, in words."""
        return duration(self._parameters.seconds, self._texts)

    def _meters(self) -> Table:
        window, chunk = self._progress.get("window") or {}, self._progress.get("chunk") or {}
        table = Table.grid(padding=(0, 2))
        table.add_column(width=9)
        table.add_column(width=BAR_WIDTH)
        table.add_column()
        D, MC, informativeness = (window.get(name) for name in ("D", "MC", "I"))
        calm = 0.0 if MC is None else (JERKY - MC) / (JERKY - CALM)
        words, needed = self._texts.display, self._needed
        goal = words["of_goal"].format(goal=f"{needed:.4g}") if needed else words["higher"]
        table.add_row("D", bar(self._share("D", D)), number(D, ".4g", words["sound"]))
        table.add_row("MC", bar(calm), number(MC, ".4f", words["motion"]))
        table.add_row("I", bar(self._share("I", informativeness)), number(informativeness, ".4g", goal))
        table.add_row(words["level"], *level(chunk, words["silence"]))
        table.add_row(words["face"], *face(chunk, words))
        table.add_row(words["goal"], *self._goal())
        return table

    def _share(self, name: str, value: float | None) -> float:
        goal = self._needed or 0.0 if name == "I" else 0.0
        return 0.0 if value is None else value / (HEADROOM * max(self._highest[name], goal, 1e-9))

    @property
    def _needed(self) -> float | None:
        """I at which it stops: the user's own, or what is enough for this talker; None as long as that is not known."""
        standing = self._progress.get("standing") or {}
        return self._rules.stop_at or standing.get("needed")

    def _goal(self) -> tuple[RenderableType, str]:
        """Progress: the best window towards what is needed, or, without such a rule, the time towards the maximum."""
        status = self._texts.status
        if self._rules.stop_at:
            share = (self._best or {"I": 0.0})["I"] / self._rules.stop_at
            reached = f"{math.floor(100 * min(1.0, share))}%"
            return bar(share, "bold magenta"), status["goal_score"].format(share=reached)
        if self._rules.own_share:
            return self._own_goal()
        share = self._elapsed / self._rules.cap_s
        return bar(share), status["goal_time"].format(time=_time(self._elapsed), cap=_time(self._rules.cap_s))

    def _own_goal(self) -> tuple[RenderableType, str]:
        """The talker's windows until their range is known; then the way from the typical one to the one needed."""
        standing, status = self._progress.get("standing") or {}, self._texts.status
        if standing.get("reached") is None:
            windows = min(standing.get("passed", 0), LEAST_WINDOWS)
            learning = status["goal_learning"].format(windows=windows, least=LEAST_WINDOWS)
            return bar(windows / LEAST_WINDOWS), learning
        said = status["goal_own"].format(better=standing["better_than"], windows=standing["windows"])
        return bar(standing["reached"], "bold magenta"), said

    def _best_line(self) -> str:
        best = self._best
        if best is None:
            return self._texts.status["nothing_yet"]
        start = round(best["start_s"] * FPS)
        numbers = f"I {best['I']:.4g} = D {best['D']:.4g} / MC {best['MC']:.4f}, views {best['views']}"
        return self._texts.display["best"].format(
            start=clock(start), end=clock(start + self._parameters.window_frames), numbers=numbers
        )

    def _countdown(self) -> str:
        """What comes next, and when."""
        if self._state not in ("receiving", "stalled"):
            return ""
        first = self._parameters.seconds - self._elapsed
        left = self._rules.cap_s - self._elapsed
        words, gain = self._texts.display, self._progress.get("gain")
        text = words["first_score"].format(seconds=math.ceil(first)) if first > 0 else self._scored_windows()
        if gain is not None:
            text = words["more"].format(text=text, gain=f"{100 * math.expm1(gain):.1f}%")
        return words["stops"].format(text=text, time=_time(max(0.0, left)))

    def _scored_windows(self) -> str:
        one = self._scored == 1
        return self._texts.display["scored_one" if one else "scored"].format(count=self._scored)

    def _warning(self) -> str:
        stands = self._last.get("warning", {}).get("code") == "not_written"
        recent = "warning" in self._last and (stands or self._now() - self._warned_at < WARNED_S)
        return self._texts.display["warning"].format(text=self._warned(self._last["warning"])) if recent else ""

    def _warned(self, warning: Json) -> str:
        value = warning["value"]
        width, height = value if isinstance(value, list) else ("", "")
        seconds = f"{value:.0f}" if isinstance(value, (int, float)) else ""
        text: str = self._texts.warnings.get(warning["code"], warning["text"])
        return text.format(seconds=seconds, megabytes=seconds, width=width, height=height)

    def _short(self, code: str) -> str:
        """What was wrong, in a few words; a code that a newer sender knows stands for itself."""
        return self._texts.reasons[code].short if code in self._texts.reasons else code

    @property
    def _progress(self) -> Json:
        return self._last.get("progress", {})

    @property
    def _best(self) -> Json | None:
        found = self._last.get("best", {}).get("best") or self._progress.get("best")
        return found if isinstance(found, dict) else None

    @property
    def _elapsed(self) -> float:
        """Seconds of the recording, at most one hop ahead of the last event."""
        if "progress" not in self._last or self._state != "receiving":
            return self._time_s
        return self._time_s + min(self._now() - self._heard_at, self._parameters.hop)

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
        """Show an event."""
        self._board.update(event)


def _time(seconds: float) -> str:
    return f"{int(seconds // 60)}:{int(seconds % 60):02d}"
