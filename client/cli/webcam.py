"""``take5 webcam``: this computer's camera and microphone, scored while one talks."""

import json
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, Queue
from threading import Event as Flag
from types import FrameType
from typing import TypeAlias

import click
from rich.console import Console

from take5.client.cli.bundle_options import bundle_options, gates_for
from take5.client.cli.live_options import live_options
from take5.client.cli.options import gate_options, model_options, parameter_options, stop_options
from take5.client.cli.ready_options import let_deliveries_end, ready_options
from take5.client.cli.select import DONE, FAILED, NOTHING_ELIGIBLE
from take5.client.live_display import Board, LiveDisplay
from take5.client.terminal import json_event_line
from take5.scoring.errors import CaptureError
from take5.scoring.gates.config import GateConfig
from take5.scoring.parameters import Parameters
from take5.scoring.stopping import Stop, StopRule, StopRules
from take5.stream.analysis.models import Models
from take5.stream.bundles.write import WantedBundles
from take5.stream.deliverables import Deliverables
from take5.stream.events import ClipReady, Event, Failed, Failure, State, StateChanged, Stopped
from take5.stream.hooks.dispatcher import HookDispatcher
from take5.stream.live.finish import capture_folder, clip_writer
from take5.stream.live.session import LiveSession
from take5.stream.live.snapshot import About, Snapshot
from take5.stream.live.supervisor import Supervisor
from take5.stream.live.worker import Finish, LiveWorker
from take5.stream.recording.ring import Ring
from take5.stream.settings import Settings
from take5.stream.sources.threaded import ThreadedSource
from take5.stream.sources.webcam.camera import Camera, Wanted
from take5.stream.sources.webcam.devices import cameras, default_driver
from take5.stream.sources.webcam.microphone import Microphone, microphones
from take5.stream.sources.webcam.webcam import Webcam
from take5.stream.wire import Json

NAME = "webcam"
LOOK_EVERY_S = 0.2
LET_GO_S = 5.0
EVENTS = 1000
"""Events that may wait to be shown; then the capture waits."""

RING_BYTES = 400 * 2**20
"""Cameras that give MJPEG give 2 to 5 MB a second, and there is one capture only."""

UNUSABLE = (Failure.NOTHING_ELIGIBLE, Failure.TOO_SHORT)

Show: TypeAlias = "Callable[[Json], None]"


def _size(_context: click.Context, _option: click.Parameter, text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9]\d{1,4})x([1-9]\d{1,4})", text)
    if found is None:
        raise click.BadParameter(f"{text!r} is not WIDTHxHEIGHT in pixels, as 1280x720")
    return int(found[1]), int(found[2])


def _list_devices(context: click.Context, _option: click.Parameter, asked: bool) -> None:
    """Show what there is, and exit."""
    if not asked or context.resilient_parsing:
        return
    for kind, devices in (("cameras", cameras(default_driver())), ("microphones", microphones())):
        click.echo(f"{kind}:" if devices else f"{kind}: none")
        for number, device in enumerate(devices):
            click.echo(f"  {number}  {device}")
    context.exit()


@click.command()
@ready_options
@click.option(
    "--list-devices",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_devices,
    help="Show cameras and microphones, and exit.",
)
@click.option("--camera", help="Number, address, or part of the name.  [default: the first]")
@click.option("--microphone", help="Number, or part of the name.  [default: the system's]")
@click.option("--size", default="1280x720", show_default=True, callback=_size, help="Size of the pictures.")
@click.option("--fps", type=click.FloatRange(1, 240), default=30.0, show_default=True, help="Frames per second.")
@click.option(
    "--driver", help="FFmpeg input: v4l2, avfoundation, dshow; lavfi makes --camera a filter graph.  [default: system]"
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON event per line.")
@bundle_options
@live_options
@gate_options
@model_options
@parameter_options
@stop_options
def webcam(
    camera: str | None,
    microphone: str | None,
    size: tuple[int, int],
    fps: float,
    driver: str | None,
    output: Path,
    as_json: bool,
    rules: StopRules,
    parameters: Parameters,
    models: Models,
    gates: GateConfig,
    wanted: WantedBundles | None,
    name: str | None,
    report: bool,
    hooks: HookDispatcher,
) -> int:
    """Talk to this computer's camera until the best five seconds are good enough, and keep them.

    It stops by itself. Ctrl-C ends it at once and keeps the best so far; a second Ctrl-C keeps nothing.
    """
    listened = Microphone(microphone)
    filmed = Camera(Wanted(driver, camera, size, fps))
    click.echo(f"take5: camera {filmed}; microphone {listened}", err=True)
    source = Webcam(filmed, listened)
    try:
        ring = Ring(limit_bytes=RING_BYTES)
        settings = Settings(parameters, gates=gates_for(gates, wanted))
        live = LiveSession(models, settings, rules, source.unit_format, NAME, ring)
        snapshot = Snapshot(NAME, About.of(models.encoder.name, parameters, rules))
        board = Board(filmed.device.name, rules, parameters, time.monotonic)
        with _showing(board, as_json=as_json) as show:
            deliverables = Deliverables(wanted, name, report)
            finish = clip_writer(capture_folder(output, NAME), deliverables, hooks, session=NAME)
            capture = WebcamCapture(source, live, snapshot, finish, show)
            last = capture.run()
    finally:
        source.close()
    code = _end([last, *snapshot.after_clip], capture.broken, as_json=as_json)
    let_deliveries_end(hooks)
    return code


class WebcamCapture:
    """One capture of a webcam: the source, the worker's thread, and the timers between them.

    Parameters
    ----------
    source : ThreadedSource
        What is captured.
    live : LiveSession
        Scores it.
    snapshot : Snapshot
        Follows the events.
    finish : Finish
        Writes the clip and its deliverables.
    show : callable
        Shows an event.
    """

    def __init__(
        self, source: ThreadedSource, live: LiveSession, snapshot: Snapshot, finish: Finish, show: Show
    ) -> None:
        self.broken: CaptureError | None = None
        self._source, self._snapshot, self._show = source, snapshot, show
        self._news: Queue[Event] = Queue(EVENTS)
        self._worker = LiveWorker(live, self._news.put, finish)
        self._supervisor = Supervisor(
            time.monotonic(),
            source.arrivals,
            lambda: snapshot.state,
            lambda: live.frame,
            self._publish,
            self._worker.end,
        )
        self._asked = Flag()
        show(snapshot.hello())

    def run(self) -> ClipReady | Failed:
        """Record until a rule, Ctrl-C or a broken device ends it; return the last event."""
        self._publish(StateChanged(0, State.CONNECTING))
        self._worker.start()
        self._source.start(self._worker.put, self._source_ended)
        try:
            with _interrupts(self._asked.set):
                ended = self._follow()
                self._worker.join()  # hooks get their notice after the last event
                return ended
        finally:
            self._source.stop()
            self._source.join(LET_GO_S)

    def _publish(self, event: Event) -> None:
        """Remember an event and show it."""
        self._snapshot.remember(event)
        self._show(event.json())

    def _follow(self) -> ClipReady | Failed:
        ended: ClipReady | Failed | None = None
        while True:
            with suppress(Empty):
                event = self._news.get(timeout=LOOK_EVERY_S)
                self._publish(event)
                ended = event if isinstance(event, ClipReady | Failed) else ended
                if ended is not None and self._snapshot.over:
                    return ended
            if self._asked.is_set():
                self._worker.end(Stop(StopRule.ENDED))
            if Stopped not in self._snapshot.last:
                self._supervisor.look(time.monotonic())

    def _source_ended(self, error: CaptureError | None) -> None:
        self.broken = error
        self._supervisor.source_ended(error)


@contextmanager
def _interrupts(first: Callable[[], None]) -> Iterator[None]:
    """Let the first Ctrl-C call ``first``; the second interrupts."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        first()

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _showing(board: Board, *, as_json: bool) -> Iterator[Show]:
    """Show events as JSON, on a board where there is a terminal, or as lines."""
    if as_json:
        yield lambda event: click.echo(json.dumps(event))
    elif sys.stdout.isatty():
        with LiveDisplay(board, Console()) as display:
            yield display.update
    else:
        yield lambda event: click.echo(line) if (line := _line(event)) else None


def _line(event: Json) -> str:
    """An event's line; the outcome is printed at the end."""
    return "" if event["type"] in ("clip", "bundle", "report", "error") else json_event_line(event)


def _end(ending: Sequence[Event], broken: CaptureError | None, *, as_json: bool) -> int:
    """Say how it ended: clip or error, and what came of the clip; return the exit code."""
    last = ending[0]
    if isinstance(last, Failed) and broken is not None:
        raise broken
    if broken is not None:
        click.echo(f"take5: warning: {broken}", err=True)
    if not as_json:
        for event in ending:
            click.echo(json_event_line(event.json()))
    if isinstance(last, Failed):
        return NOTHING_ELIGIBLE if last.failure in UNUSABLE else FAILED
    return DONE
