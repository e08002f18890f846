"""A live session with a thread of its own: media in from any thread, events out, and the clip on disk at the end."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from threading import Condition, Thread
from time import monotonic

from take5.scoring.errors import Take5Error
from take5.scoring.stopping import Stop
from take5.stream.events import Event, Failed, Failure, State, StateChanged, Stopped
from take5.stream.live.session import LiveSession
from take5.stream.timeline.media import AccessUnit, Received

INBOX = 2000
"""At most so many units and blocks wait for the thread, about 25 s of them. What comes when it is full is lost,
counted, and the loss is marked."""

VALIDATION_WAIT_S = 0.6
"""After a stop, at most so long is waited for the frames after the window."""

Finish = Callable[[LiveSession, Callable[[], None]], Iterator[Event]]
"""Writes the clip; yields ClipReady, or Failed, and then what comes of the clip.

It is given what waits for the frames after the window, to be called when the clip itself is written: by then they are
there.
"""

log = logging.getLogger(__name__)


class LiveWorker:
    """Drives a live session in a thread: sound and ring first, then pictures, one by one.

    Parameters
    ----------
    live : LiveSession
        It belongs to the capture, which closes it.
    emit : callable
        Told every event, from the capture's thread; the last are those of ``save``.
    save : callable
        Writes the clip, and hands it on.
    """

    def __init__(self, live: LiveSession, emit: Callable[[Event], None], save: Finish) -> None:
        self._live, self._emit, self._save = live, emit, save
        self._inbox: deque[Received] = deque()
        self._ready = Condition()
        self._end: Stop | Failed | None = None
        self._lost = False
        self._restart = self._over = False
        self.dropped = 0
        self._thread = Thread(target=self._run, name="take5-capture", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def put(self, media: Received) -> None:
        """Add what arrived, from any thread; each track in order."""
        with self._ready:
            if self._over:
                return
            if len(self._inbox) >= INBOX:
                self.dropped += 1
                self._lost |= isinstance(media, AccessUnit)
                return
            if self._lost and isinstance(media, AccessUnit):
                media, self._lost = replace(media, lost_before=True), False
            self._inbox.append(media)
            self._ready.notify()

    def end(self, end: Stop | Failed) -> None:
        """Let the recording end, if no rule has ended it: what has arrived is scored, and the best clip saved.

        With a failure nothing is saved.
        """
        with self._ready:
            self._end = self._end or end
            self._ready.notify()

    def restart(self) -> None:
        """Let the stop rules count anew from the next window on, from any thread."""
        with self._ready:
            self._restart = True

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the last event; return whether it has come."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        rest: Iterator[Event] = iter(())
        try:
            rest = self._capture()
            last = next(rest)
        except Take5Error as error:
            last = Failed(self._live.frame, Failure.INTERNAL, str(error))
        except Exception as error:
            log.exception("a capture failed")
            last = Failed(self._live.frame, Failure.INTERNAL, f"an internal error ended the capture: {error}")
        try:
            self._emit(StateChanged(self._live.frame, State.FAILED if isinstance(last, Failed) else State.READY))
            self._emit(last)
            self._tell(rest)
        finally:
            with self._ready:
                self._over = True
                self._inbox.clear()
            self._live.close()

    def _capture(self) -> Iterator[Event]:
        self._score()
        live, end = self._live, self._end
        if live.stop is None and isinstance(end, Failed):
            return iter([end])
        if live.stop is None:
            self._tell(event for media in self._take(wait=False) for event in live.push(media))
            self._tell(live.finish())
        stop = live.stop or end
        assert isinstance(stop, Stop)  # noqa: S101 - scoring ends for no other reason
        self._tell([StateChanged(live.frame, State.STOPPING), Stopped(live.frame, stop)])
        return self._save(live, partial(self._keep_the_frames_after, monotonic() + VALIDATION_WAIT_S))

    def _score(self) -> None:
        """Score until a rule stops the recording or somebody ends it."""
        busy = False
        while self._live.stop is None and self._end is None:
            for media in self._take(wait=not busy):
                self._tell(self._live.push(media))
            if self._restart:
                self._restart = False
                self._live.restart()
            step = self._live.work()
            busy = step is not None
            self._tell(step or [])

    def _take(self, *, wait: bool) -> list[Received]:
        with self._ready:
            while wait and not self._inbox and self._end is None:
                self._ready.wait()
            taken = list(self._inbox)
            self._inbox.clear()
        return taken

    def _keep_the_frames_after(self, deadline: float) -> None:
        """Wait for a trainer's validation frames, unless the sender has gone."""
        while True:
            for media in self._take(wait=False):
                self._live.keep(media)
            left = deadline - monotonic()
            if self._end is not None or self._live.complete() or left <= 0:
                return
            with self._ready:
                self._ready.wait_for(lambda: self._inbox or self._end is not None, left)

    def _tell(self, events: Iterable[Event]) -> None:
        for event in events:
            self._emit(event)
