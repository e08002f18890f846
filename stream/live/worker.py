"""A live session in a thread of its own: media in from any thread, events out, and the clip on disk at the end."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from math import inf
from threading import Condition, Thread
from time import monotonic

from take5.scoring.errors import Take5Error
from take5.scoring.parameters import FPS
from take5.scoring.stopping import Stop, StopRule
from take5.stream.events import (
    Bundled,
    ClipReady,
    Event,
    Failed,
    Failure,
    Progress,
    State,
    StateChanged,
    Stopped,
    Trouble,
    Warned,
)
from take5.stream.live.lateness import Lateness
from take5.stream.live.liveness import Vitals
from take5.stream.live.saving import Saving
from take5.stream.live.session import LiveSession
from take5.stream.spool.writer import SpoolWriter
from take5.stream.timeline.media import AccessUnit, Received

INBOX = 2000
"""Units and blocks that may wait for the thread, about 25 s of them. What comes when it is full is dropped and counted,
and the next unit is marked as following a loss."""

LATE = 75
"""Units and blocks, about a second of them, that wait when sound is late: then no picture is analysed before it."""

VALIDATION_WAIT_S = 0.08
"""Maximum time to wait, after a stop, for the frames after the window, beyond the time that they last."""

FINISH_WITHIN_S = 60.0
"""Maximum time to analyse, after a stop, the windows that were skipped and could still win."""

Finish = Callable[[LiveSession, Callable[[], None]], Iterator[Event]]
"""Writes the clip and its deliverables; yields ClipReady, or Failed, and then an event for each of them.

Its second argument waits for the frames after the window; it is called once the clip itself is written, when most of
them have arrived.
"""

log = logging.getLogger(__name__)


class LiveWorker:
    """Drives a live session in a thread: sound and ring first, then pictures, one by one.

    Parameters
    ----------
    live : LiveSession
        Belongs to the worker, which closes it.
    emit : callable
        Takes every event, in the worker's thread, or the spool's; the last are those of ``finish``.
    finish : Finish
        Writes the clip and its deliverables.
    finish_within_s : float
        Maximum time to analyse, after the stop, the windows that were skipped and could still win, >= 0.
    patience_s : float
        How long a clip that cannot be written is tried again; until then the media stay in memory.
    spool : SpoolWriter, optional
        Puts the best window on disk while the capture goes on. It belongs to the worker, which removes the spool once
        everything has been delivered, or nothing was kept, and else leaves it to recovery.
    """

    def __init__(
        self,
        live: LiveSession,
        emit: Callable[[Event], None],
        finish: Finish,
        *,
        finish_within_s: float = FINISH_WITHIN_S,
        patience_s: float = 0.0,
        spool: SpoolWriter | None = None,
    ) -> None:
        self._live, self._emit, self._finish, self._spool = live, emit, finish, spool
        self._finish_within_s, self._deadline, self._keep_until = finish_within_s, inf, inf
        self._announced: Stop | None = None
        self._stopped_s = 0.0
        self._saving = Saving(patience_s)
        self._decided = self._delivered_all = self._unspooled = False
        self.vitals, self._lateness = Vitals(), Lateness()
        self._inbox: deque[Received] = deque()
        self._ready = Condition()
        self._end: Stop | Failed | None = None
        self._lost = False
        self._restart = self._over = False
        self.dropped = 0
        self._thread = Thread(target=self._run, name="take5-capture", daemon=True)

    def start(self) -> None:
        """Begin."""
        if self._spool is not None:
            self._spool.start(self._hear)
        self._thread.start()

    def _hear(self, event: Event) -> None:
        """Report what the spool says, until the clip is there."""
        with self._ready:
            decided = self._decided
        if not decided:
            self._emit(event)

    def put(self, media: Received) -> None:
        """Add what arrived, from any thread; each track in order."""
        with self._ready:
            if self._over:
                return
            self.vitals.take(media)
            self._lateness.take(media, monotonic())
            if len(self._inbox) >= INBOX:
                self.dropped += 1
                self._lost |= isinstance(media, AccessUnit)
                return
            if self._lost and isinstance(media, AccessUnit):
                media, self._lost = replace(media, lost_before=True), False
            self._inbox.append(media)
            self._ready.notify()

    def end(self, end: Stop | Failed) -> None:
        """End the recording, unless a rule has: what has arrived is scored, and the best clip is saved.

        With a Failed nothing is saved.
        """
        with self._ready:
            self._end = self._end or end
            self._ready.notify()

    def restart(self) -> None:
        """Let the stop rules start over with the next window, from any thread."""
        with self._ready:
            self._restart = True

    def save(self) -> "Future[Event] | None":
        """Try to write the clip now, from any thread; return the outcome, None if there is nothing to write."""
        return self._saving.now()

    def hurry(self, within_s: float) -> None:
        """Let the analysis after the stop end within ``within_s`` from now, from any thread.

        A clip that cannot be written is tried at most once more, at once.
        """
        self._analyse_within(within_s)
        self._saving.hurry()

    def give_up(self) -> None:
        """Try no more to write a clip that cannot be written, from any thread."""
        self._saving.give_up()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the last event; return whether it has come."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            fault = self._scored()
            self._report(self._outcome(fault))
        finally:
            with self._ready:
                self._over = True
                self._inbox.clear()
            if self._spool is not None:
                self._spool.close(remove=self._delivered_all or not self._live.has_best)
            self._live.close()

    def _scored(self) -> str | None:
        """Score until the end of the recording, then what was skipped; return what failed, if something did."""
        live, fault = self._live, self._failure(self._score)
        if fault is None and live.stop is None and isinstance(self._end, Failed):
            return None
        self._analyse_within(self._finish_within_s)
        self._keep_until = monotonic() + self._frames_after_s
        if fault is None and live.stop is None:
            if live.pending or live.behind:
                live.end()
                self._announce(None)
            fault = self._failure(self._wind_up)
        if fault is not None or live.stop is not None:
            if live.pending:
                self._announce(fault)
            self._failure(self._look_back)
        return fault

    def _failure(self, stage: Callable[[], None]) -> str | None:
        """Run a stage; return what failed, if something did."""
        try:
            stage()
        except Take5Error as error:
            return str(error)
        except Exception as error:
            log.exception("scoring failed")
            return _internal(error)
        return None

    def _wind_up(self) -> None:
        """Score what has arrived, and what was skipped."""
        self._report(event for media in self._drain(wait=False) for event in self._live.push(media))
        self._report(self._live.finish(self._in_time))

    def _look_back(self) -> None:
        """Analyse what was skipped, and keep the frames after the window meanwhile."""

        def in_time() -> bool:
            arrived = self._drain(wait=False)
            if monotonic() < self._keep_until:
                self._keep(arrived)
            return self._in_time()

        self._report(self._live.look_back(in_time))

    def _analyse_within(self, seconds: float) -> None:
        with self._ready:
            self._deadline = min(self._deadline, monotonic() + seconds)

    @property
    def _frames_after_s(self) -> float:
        """How long to wait for the frames after the longest window, and their sound."""
        settings = self._live.settings
        return settings.frames_after / FPS + VALIDATION_WAIT_S + settings.shift.wait_s

    def _in_time(self) -> bool:
        return monotonic() < self._deadline

    def _announce(self, fault: str | None) -> None:
        """Say that the recording has stopped, unless that has been said."""
        if self._announced is None:
            end = self._live.stop or (self._end if fault is None else Stop(StopRule.FAULT))
            assert isinstance(end, Stop)  # noqa: S101 - a Failed is announced by itself
            self._announced, self._stopped_s = end, monotonic()
            self._report([StateChanged(self._live.frame, State.STOPPING), Stopped(self._live.frame, end)])

    def _ending(self, fault: str | None) -> tuple[Stop | Failed | None, str | None]:
        """How the recording has ended, and the fault to report with its clip, if there is one."""
        live = self._live
        if fault is not None and live.stop is None and not live.has_best:
            return Failed(live.frame, Failure.INTERNAL, fault), None
        end = self._announced or live.stop or (self._end if fault is None else Stop(StopRule.FAULT))
        faulty = isinstance(end, Stop) and end.rule is StopRule.FAULT
        return end, fault if faulty else None  # else it came after the last window that counts

    def _outcome(self, fault: str | None) -> Iterator[Event]:
        """What the recording has come to: its best window, even after a fault."""
        live = self._live
        end, fault = self._ending(fault)
        if isinstance(end, Stop):
            self._announce(fault)
        delivered: Iterator[Event] = iter(())
        try:
            delivered = self._delivered(end)
            last = next(delivered)
            while isinstance(last, Warned):
                yield last
                last = next(delivered)
        except Take5Error as error:
            last = Failed(live.frame, Failure.INTERNAL, str(error))
        except Exception as error:
            log.exception("a clip could not be written")
            last = Failed(live.frame, Failure.INTERNAL, _internal(error))
        if isinstance(last, Failed) and self._spool is not None and self._spool.kept and live.has_best:
            last = replace(last, text=f"{last.text}; {self._spool.remedy}")
        yield StateChanged(live.frame, State.FAILED if isinstance(last, Failed) else State.READY)
        yield last
        self._saving.end(last)
        if fault is not None and not isinstance(last, Failed):
            yield Warned(live.frame, Trouble.FAULT, fault)
        yield from delivered
        self._delivered_all = isinstance(last, ClipReady)

    def _delivered(self, end: Stop | Failed | None) -> Iterator[Event]:
        if not isinstance(end, Stop):
            assert end is not None  # noqa: S101 - scoring ends for no other reason
            return iter([end])
        wait = partial(self._keep_the_frames_after, monotonic() + self._frames_after_s)
        return self._saving.written(lambda: self._finish(self._live, wait), partial(self._stop_receiving, wait))

    def _score(self) -> None:
        """Score until a rule stops the recording or it is ended from outside."""
        busy = False
        while self._live.stop is None and self._end is None:
            for media in self._drain(wait=not busy):
                self._report(self._live.push(media))
            if self._restart:
                self._restart = False
                self._live.restart()
            if len(self._inbox) > LATE:
                continue
            step = self._live.work()
            self.vitals.undecoded = self._live.undecoded
            busy = step is not None
            self._report(step or [])

    def _drain(self, *, wait: bool) -> list[Received]:
        with self._ready:
            while wait and not self._inbox and self._end is None:
                self._ready.wait()
            received = list(self._inbox)
            self._inbox.clear()
        return received

    def _keep_the_frames_after(self, deadline: float) -> None:
        """Wait for a trainer's validation frames, unless the sender has gone; they never cost the clip."""
        while True:
            if not self._keep(self._drain(wait=False)):
                return
            left = deadline - monotonic()
            if self._end is not None or self._live.complete() or left <= 0:
                return
            with self._ready:
                self._ready.wait_for(lambda: self._inbox or self._end is not None, left)

    def _stop_receiving(self, wait_for_frames_after: Callable[[], None]) -> None:
        """Take nothing more in while the clip waits to be written."""
        wait_for_frames_after()
        with self._ready:
            self._over = True
            self._inbox.clear()

    def _keep(self, arrived: Iterable[Received]) -> bool:
        try:
            for media in arrived:
                self._live.keep(media)
            self._save()
        except Exception:
            log.exception("the frames after the window could not be kept")
            return False
        return True

    def _report(self, events: Iterable[Event]) -> None:
        for event in events:
            with self._ready:
                self._decided |= isinstance(event, ClipReady | Failed)
            self._emit(self._timed(event))
            self._save()
        self._save()

    def _timed(self, event: Event) -> Event:
        """Return a score with how late it is, a clip or a bundle with how long ago the stop was."""
        if isinstance(event, ClipReady | Bundled) and self._announced is not None:
            return replace(event, after_stop_s=monotonic() - self._stopped_s)
        return self._scored_late(event) if isinstance(event, Progress) else event

    def _scored_late(self, event: Progress) -> Progress:
        origin, window = self._live.grid_origin, event.window
        if origin is None or window is None or not window.seen:
            return event
        needed = self._live.models.encoder.span(event.frame - 1)[1]
        return replace(event, late_s=self._lateness.of(event.frame, needed, origin, monotonic()))

    def _save(self) -> None:
        """Hand what belongs on disk to the spool; its faults cost nothing else."""
        if self._spool is None or self._unspooled:
            return
        try:
            changes = self._live.unsaved()
        except Exception:
            log.exception("the best window cannot be spooled")
            self._unspooled = True
            return
        if changes is not None:
            self._spool.put(changes)


def _internal(error: Exception) -> str:
    return f"an internal error: {str(error) or type(error).__name__}"
