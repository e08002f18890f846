"""What a person at a terminal sees."""

from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Self

import click
from rich import progress as bars
from rich.console import Console
from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from take5.scoring.models.trackers import measured_with
from take5.scoring.parameters import FPS
from take5.stream.bundles.write import Bundle
from take5.stream.events import Event, Finished, Progress, State
from take5.stream.ffmpeg.tracks import UsedTracks
from take5.stream.report.write import PAGE
from take5.stream.selection import Selection
from take5.stream.texts.languages import Texts, texts
from take5.stream.timeline.clock import frame_seconds
from take5.stream.timeline.grid import FrameCounts
from take5.stream.wire import Json

STATES = (State.CONNECTING, State.RECEIVING, State.STOPPING)
"""States with a line of their own: other events report the others."""


class Bars:
    """Progress of one video on stderr, where that is a terminal."""

    def __init__(self, name: str, *, visible: bool) -> None:
        console = Console(stderr=True)
        self._progress = bars.Progress(
            TextColumn("{task.fields[video]}", style="bold", markup=False),
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not (visible and console.is_terminal),
        )
        self._name = name
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def update(self, stage: str, done: int, total: int) -> None:
        """Show how far a stage is; if its total is unknown, only that it is running."""
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(
                texts().stages[stage], total=None, video=self._name.replace("[", r"\[")
            )
        self._progress.update(self._tasks[stage], completed=done, total=total or None)


def summary(selection: Selection, written: Path | None = None, *, several: bool = False) -> str:
    """A few lines about one video: what was chosen and why, or why nothing was chosen; one of ``several`` lengths."""
    analysed = sum(verdict.eligible is not None for verdict in selection.verdicts)
    lines = [
        _choice(selection, several=several),
        f"  {len(selection.verdicts)} windows, {analysed} analysed, {len(selection.pool)} in the pool",
        f"  {measured_with(selection.encoder, selection.tracker)}",
        *_counts(selection.counts),
        *_rejections(selection),
        *(f"  warning: {warning}" for warning in selection.warnings),
        *([] if written is None else [f"  {written}"]),
    ]
    return "\n".join(lines)


def print_track_notes(video: str, tracks: UsedTracks | None) -> None:
    """Print the notes on the choice of tracks on stderr."""
    for note in () if tracks is None else tracks.notes:
        click.echo(f"take5: {video}: {note}".encode("utf-8", "backslashreplace").decode(), err=True)


def bundle_line(bundle: Bundle) -> str:
    """A bundle's line, and its warnings."""
    return _bundle_line(bundle.json())


def _bundle_line(bundle: Json) -> str:
    name, path, frames, train = bundle["trainer"], bundle["path"], bundle["frames"], bundle["train_frames"]
    lines = [f"for {name}: {path}  ({frames} frames, {train} to train on; what is left to do: manifest.json)"]
    return "\n".join([*lines, *(f"  warning: {warning}" for warning in bundle["warnings"])])


def _prepared_line(event: Json) -> str:
    name, path, error = event["trainer"], event["path"], event["error"]
    if error is not None:
        return f"not prepared for {name}: {error}"
    line = f"prepared for {name} (experimental): {path}  ({', '.join(event['made'])})"
    steps = [f"  next, {step['what']}: {step['command']}" for step in event["left"][:1]]
    return "\n".join([line, *steps, *(f"  warning: {warning}" for warning in event["warnings"])])


def event_line(event: Event, written: Path | None = None) -> str:
    """An event's line on a terminal; empty if another event covers it."""
    if isinstance(event, Finished):
        lengths = event.selection.lengths
        return "\n".join(summary(one, written, several=len(lengths) > 1) for one in lengths)
    if not isinstance(event, Progress) or event.window is None:
        return ""
    return _progress_line(event.json())


def json_event_line(event: Json) -> str:
    """A server event's line on a terminal; empty if another event covers it."""
    kind = event["type"]
    if kind == "progress":
        return _progress_line(event)
    if kind == "state" and event["state"] in STATES:
        return texts().states[event["state"]]
    if kind in ("warning", "stopped", "error", "coach") and event["text"]:
        return f"{clock(round(event['time_s'] * FPS))}  {kind}: {event['text']}"
    if kind == "stalled":
        return f"{clock(round(event['time_s'] * FPS))}  stalled: {event['text']}"
    if kind == "bundle":
        return _bundle_line(event) if event["error"] is None else f"no bundle for {event['trainer']}: {event['error']}"
    if kind == "prepared":
        return _prepared_line(event)
    if kind == "no_clip":
        return f"no clip of {duration(event['window_s'], texts())}: {event['text']}"
    if kind == "report":
        return f"no report: {event['error']}" if event["error"] else f"report: {event['files'].get(PAGE)}"
    if kind == "clip":
        best, checked = event["best"], event.get("checked")
        length = duration(event["end_s"] - event["start_s"], texts())
        span = f"{event['start_s']:.0f} to {event['end_s']:.0f} s, I {best['I']:.4g}"
        return f"best {length}: {span}\n  {event['path']}{_incomplete(checked)}"
    return ""


def _incomplete(checked: Json | None) -> str:
    """A line for a clip that was not chosen among all windows."""
    if checked is None or checked["complete"]:
        return ""
    return f"\n  {checked['windows']} of {checked['of']} windows checked"


def _progress_line(event: Json) -> str:
    window = event["window"]
    time = clock(round(event["time_s"] * FPS))
    if window is None:
        return f"{time}  listening and watching"
    numbers = f"D {window['D']:7.4g}"
    if window["I"] is not None:
        numbers += f"  MC {window['MC']:.4f}  views {window['views']:2d}  I {window['I']:8.4g}"
    best = event["best"]
    if window["reasons"]:
        verdict = "; ".join(dict.fromkeys(texts().reasons[reason["code"]].short for reason in window["reasons"]))
    elif window["eligible"] is None:
        verdict = "not scored"
    else:
        verdict = "best so far" if best and best["start_s"] == window["start_s"] else ""
    return f"{time}  {numbers}  {verdict}".rstrip()


def clock(frame: int) -> str:
    """Session time of a grid frame as m:ss.ss."""
    seconds = frame_seconds(frame)
    return f"{int(seconds // 60)}:{seconds % 60:05.2f}"


def duration(seconds: float, spoken: Texts) -> str:
    """A length of time in words."""
    phrases = spoken.phrases
    return phrases["five_seconds"] if seconds == 5 else phrases["seconds"].format(count=f"{seconds:g}")


def _choice(selection: Selection, *, several: bool) -> str:
    best, length = selection.best, selection.settings.parameters.window_frames
    if best is None:
        which = f" of {selection.settings.parameters.seconds:g} s" if several else ""
        return f"{selection.video}: no eligible window{which} in {selection.frames / FPS:.1f} s"
    text = f"{selection.video}: {clock(best.start)} to {clock(best.start + length)}"
    if best.motion is None:
        return f"{text}, D {best.D:.4g}"
    return f"{text}, I {best.I:.4g} = D {best.D:.4g} / MC {best.motion.MC:.4f}, views {best.views}"


def _counts(counts: FrameCounts) -> list[str]:
    """Source frames that the 25 fps grid shows twice or not at all; empty if it shows each once."""
    if not (counts.doubled or counts.dropped or counts.late):
        return []
    return [f"  source frames at 25 fps: {counts.doubled} doubled, {counts.dropped} dropped, {counts.late} late"]


def _rejections(selection: Selection) -> list[str]:
    counted = Counter(code for verdict in selection.verdicts for code in {reason.code for reason in verdict.reasons})
    return [f"  {count} not eligible: {texts().reasons[code].short}" for code, count in counted.most_common()]
