"""Prepares bundles, one order at a time, in a thread that waits for the process that does it."""

import logging
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Thread

from take5.stream.events import Bundled, BundlePrepared, LeftStep
from take5.stream.preparing.masks import remedy
from take5.stream.preparing.priority import Priority
from take5.stream.preparing.process import PreparingProcess
from take5.stream.wire import Json

JOIN_S = 15.0
"""How long the end waits for the thread."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Order:
    """The bundles of a clip, to be prepared.

    Attributes
    ----------
    session : str
        Whose they are; by it they are cancelled.
    bundles : tuple of Bundled
        The bundles, which are on disk.
    tell : callable
        Takes what has become of each, in the thread of the queue.
    over : callable
        Takes all of that at the end, in the same thread.
    """

    session: str
    bundles: tuple[Bundled, ...]
    tell: Callable[[BundlePrepared], object]
    over: Callable[[Sequence[BundlePrepared]], object] = lambda _: None


class PreparationQueue:
    """Prepares the bundles of orders in their order. What fails costs nothing but itself.

    Parameters
    ----------
    priority : Priority
        Against what else goes on.
    """

    def __init__(self, priority: Priority = Priority.LOW) -> None:
        self._priority = priority
        self._changed = Condition()
        self._waiting: deque[Order] = deque()
        self._running: Order | None = None
        self._process: PreparingProcess | None = None
        self._cancelled = self._closed = False
        self._thread: Thread | None = None

    def add(self, order: Order) -> None:
        """Prepare bundles when those before them are done; after the end they are told to be left as they are."""
        with self._changed:
            if not self._closed:
                self._waiting.append(order)
                self._changed.notify_all()
                if self._thread is None:
                    self._thread = Thread(target=self._run, name="take5-preparation", daemon=True)
                    self._thread.start()
                return
        _leave(order)

    def cancel(self, session: str) -> None:
        """Prepare nothing of a session any more, and tell nothing; return when nothing of it is being written."""
        with self._changed:
            self._waiting = deque(order for order in self._waiting if order.session != session)
            running = self._running
            if running is None or running.session != session:
                return
            self._cancelled = True
            process = self._process
        if process is not None:
            process.end()
        with self._changed:
            self._changed.wait_for(lambda: self._running is not running)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until everything is prepared, or the time is over; return whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and self._running is None, timeout_s)

    def close(self) -> None:
        """End what is being prepared, and leave the rest as it is: ``take5 prepare`` does it, as is told of each."""
        with self._changed:
            self._closed = True
            left, process = list(self._waiting), self._process
            self._waiting.clear()
            self._changed.notify_all()
        if process is not None:
            process.end()
        if self._thread is not None:
            self._thread.join(JOIN_S)
        for order in left:
            _leave(order)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                self._running, self._cancelled = self._waiting.popleft(), False
                order = self._running
            try:
                self._do(order)
            except Exception:
                log.exception("a preparation failed")
            finally:
                with self._changed:
                    self._running = None
                    self._changed.notify_all()

    def _do(self, order: Order) -> None:
        told: list[BundlePrepared] = []
        with closing(self._prepared(order)) as events:
            for event in events:
                if self._cancelled:
                    return
                told.append(event)
                _tell(order, event)
        if not self._cancelled:
            order.over(told)

    def _prepared(self, order: Order) -> Generator[BundlePrepared]:
        left = list(order.bundles)
        try:
            process = PreparingProcess([Path(bundle.path) for bundle in left], self._priority)
        except OSError as error:
            yield from (_failed(bundle, f"no process can be started ({error.strerror or error})") for bundle in left)
            return
        with self._changed:
            self._process = process
            stopped = self._closed or self._cancelled
        if stopped:
            process.end()
        try:
            for said in process.read():
                yield _outcome(left.pop(0), said)
        finally:
            process.end()
            with self._changed:
                self._process = None
            fault = process.fault
            process.close()
        yield from (_ended(bundle) if self._closed else _failed(bundle, f"its process {fault}") for bundle in left)


def _leave(order: Order) -> None:
    events = [_ended(bundle) for bundle in order.bundles]
    for event in events:
        _tell(order, event)
    order.over(events)


def _tell(order: Order, event: BundlePrepared) -> None:
    if event.error is not None:
        log.warning("%s is not prepared: %s", event.path, event.error)
    order.tell(event)


def _outcome(bundle: Bundled, said: Json) -> BundlePrepared:
    if "error" in said:
        return _failed(bundle, said["error"])
    left = tuple(LeftStep(step["what"], step["command"]) for step in said["left"])
    return BundlePrepared(
        bundle.frame,
        bundle.trainer,
        bundle.path,
        tuple(said["made"]),
        left,
        tuple(said["warnings"]),
        window_frames=bundle.window_frames,
    )


def _failed(bundle: Bundled, error: str) -> BundlePrepared:
    return BundlePrepared(bundle.frame, bundle.trainer, bundle.path, error=error, window_frames=bundle.window_frames)


def _ended(bundle: Bundled) -> BundlePrepared:
    return _failed(bundle, f"take5 ended before; {remedy(Path(bundle.path))} does it")
