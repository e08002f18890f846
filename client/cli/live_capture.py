"""A capture in a command: any live source, scored, shown at the terminal, and how it ended."""

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import Empty, Queue
from threading import Event as Flag
from threading import Thread
from types import FrameType
from typing import TypeAlias

import click
from rich.console import Console

from take5.client.cli.exit_codes import DONE, FAILED, NOTHING_ELIGIBLE
from take5.client.cli.signals import ending_signals, handled
from take5.client.live_display import Board, LiveDisplay
from take5.client.terminal import json_event_line
from take5.scoring.errors import CaptureError
from take5.scoring.stopping import Stop, StopRule
from take5.stream.events import ClipReady, Event, Failed, Failure, State, StateChanged, Stopped, Trouble, Warned
from take5.stream.live.liveness import Liveness
from take5.stream.live.session import LiveSession
from take5.stream.live.snapshot import Snapshot
from take5.stream.live.supervisor import Supervisor
from take5.stream.live.watchdog import PAUSE_S
from take5.stream.live.worker import FINISH_WITHIN_S, Finish, LiveWorker
from take5.stream.sources.threaded import ThreadedSource
from take5.stream.spool.writer import SpoolWriter
from take5.stream.wire import Json

LOOK_EVERY_S = 0.2
LET_GO_S = 5.0
SAVE_FOR_S = 60.0
"""How long a clip that cannot be written is tried again."""

EVENTS = 1000
"""Events that may wait to be shown; then the capture waits."""

UNUSABLE = (Failure.NOTHING_ELIGIBLE, Failure.TOO_SHORT)

Show: TypeAlias = "Callable[[Json], None]"
WatchSpace: TypeAlias = "Callable[[Callable[[int], None], Flag], None]"


class LiveCapture:
    """One capture of a live source: the source, the worker's thread, and the timers between them.

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
    watch_space : callable
        Calls its first argument with the free megabytes when they get low, until its second is set; in a thread.
    finish_within_s : float
        Maximum time to analyse skipped windows after the stop.
    spool : SpoolWriter, optional
        Puts the best window on disk while the capture goes on; a second Ctrl-C removes it.
    pause_s : float
        How long one track may be missing while the other goes on.
    """

    def __init__(
        self,
        source: ThreadedSource,
        live: LiveSession,
        snapshot: Snapshot,
        finish: Finish,
        show: Show,
        watch_space: WatchSpace,
        finish_within_s: float = FINISH_WITHIN_S,
        spool: SpoolWriter | None = None,
        pause_s: float = PAUSE_S,
    ) -> None:
        self.broken: CaptureError | None = None
        self.unshown: OSError | None = None
        self._source, self._snapshot, self._show = source, snapshot, show
        self._news: Queue[Event] = Queue(EVENTS)
        self._spool = spool
        self._worker = LiveWorker(
            live, self._news.put, finish, finish_within_s=finish_within_s, patience_s=SAVE_FOR_S, spool=spool
        )
        self._supervisor = Supervisor(
            time.monotonic(),
            source.arrivals,
            lambda: snapshot.state,
            lambda: live.frame,
            self._publish,
            self._worker.end,
            pause_s,
            Liveness(self._worker.vitals),
            live.longest_s,
        )
        self._asked, self._over = Flag(), Flag()
        self._room = Thread(target=watch_space, args=(self._space_low, self._over), daemon=True)
        show(snapshot.hello())

    def run(self) -> ClipReady | Failed:
        """Record until a rule, a signal or a broken device ends it; return the last event."""
        self._publish(StateChanged(0, State.CONNECTING))
        self._worker.start()
        self._room.start()
        self._source.start(self._worker.put, self._source_ended)
        try:
            with interrupts(self._asked.set):
                ended = self._follow()
                self._worker.join()  # hooks get their notice after the last event
                return ended
        except KeyboardInterrupt:
            if self._spool is not None:
                self._spool.close(remove=True)
            raise
        finally:
            self._over.set()
            self._source.stop()
            self._source.join(LET_GO_S)

    def _publish(self, event: Event) -> None:
        """Remember an event and show it; the capture ends if it cannot be shown, since the terminal is gone."""
        self._snapshot.remember(event)
        if self.unshown is None:
            try:
                self._show(event.json())
            except OSError as error:
                self.unshown = error
                self._asked.set()

    def _follow(self) -> ClipReady | Failed:
        ended: ClipReady | Failed | None = None
        while True:
            with suppress(Empty):
                event = self._news.get(timeout=LOOK_EVERY_S)
                if isinstance(event, Warned) and event.trouble is Trouble.NOT_WRITTEN:
                    self._source.stop()
                    self._asked.clear()
                self._publish(event)
                ended = ended or (event if isinstance(event, ClipReady | Failed) else None)
                if ended is not None and self._snapshot.over:
                    return ended
            if self._asked.is_set():
                self._worker.end(Stop(StopRule.ENDED))
                if self._snapshot.unwritten is not None:
                    self._worker.give_up()
            if Stopped not in self._snapshot.last:
                self._supervisor.look(time.monotonic())

    def _space_low(self, megabytes: int) -> None:
        if Stopped not in self._snapshot.last:
            self._news.put(Warned(self._snapshot.frame, Trouble.DISK_LOW, megabytes))

    def _source_ended(self, error: CaptureError | None) -> None:
        self.broken = error
        self._supervisor.source_ended(error)


@contextmanager
def interrupts(first: Callable[[], None]) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and SIGHUP call ``first``; a Ctrl-C after one of them interrupts."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        first()

    with handled((signal.SIGINT, *ending_signals()), handle):
        yield


@contextmanager
def showing(board: Board, *, as_json: bool) -> Iterator[Show]:
    """Show events as JSON, on a board where there is a terminal, or as lines."""
    if as_json:
        yield lambda event: click.echo(json.dumps(event))
    elif sys.stdout.isatty():
        display = LiveDisplay(board, Console())
        display.__enter__()
        try:
            yield display.update
        finally:
            with suppress(OSError):  # the terminal is gone
                display.__exit__(None, None, None)
    else:
        yield lambda event: click.echo(line) if (line := _line(event)) else None


def _line(event: Json) -> str:
    """An event's line; the outcome is printed at the end."""
    return "" if event["type"] in ("clip", "no_clip", "bundle", "report", "error") else json_event_line(event)


def outcome(ending: Sequence[Event], broken: CaptureError | None, *, as_json: bool) -> int:
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
