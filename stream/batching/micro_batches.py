"""Rows from any number of threads through one function, in batches that are bounded in time and size."""

import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Condition, Thread, current_thread
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from take5.scoring.errors import ParameterError

Rows = NDArray[np.float32]

Compute = Callable[[Rows], Rows]
"""One row out for each row in; called by the batcher's thread, and once that has ended by those that submit."""


@dataclass(frozen=True)
class BatchLimits:
    """Bounds of a batch.

    Attributes
    ----------
    wait_s : float
        Longest time for which what was submitted waits for company, in seconds, >= 0.
    rows : int
        Rows after which a batch is full, >= 1.
    share : int
        Most rows of one submission in a batch, >= 1: a long one goes in several, and others between.

    Raises
    ------
    ParameterError
        If one of them is too small.
    """

    wait_s: float = 0.01
    rows: int = 800
    share: int = 100

    def __post_init__(self) -> None:
        if not self.wait_s >= 0:
            raise ParameterError(f"wait_s={self.wait_s} must not be negative")
        for name in ("rows", "share"):
            if getattr(self, name) < 1:
                raise ParameterError(f"{name}={getattr(self, name)} must be at least 1")


class MicroBatcher:
    """Computes what several threads submit together.

    A batch begins when the oldest submission has waited for ``wait_s``, or when it is full; what comes while one is
    computed waits for the next. It never waits for anyone in particular. So a submission of up to ``share`` rows has
    its result after ``wait_s`` and two batches, as long as all that wait fit into one.

    Where a batch fails, its submissions are computed one by one, and an error goes to the thread whose own it is.

    Parameters
    ----------
    compute : Compute
        Computes a batch, in the batcher's thread, which begins with the first submission.
    limits : BatchLimits
        Bounds.
    """

    def __init__(self, compute: Compute, limits: BatchLimits | None = None) -> None:
        self._compute, self._queue = compute, _Queue(limits or BatchLimits())
        # Also at the interpreter's end; the thread holds the queue, never the batcher, so that this can come before.
        self._closing = weakref.finalize(self, _close, self._queue)

    def submit(self, rows: Rows) -> Rows:
        """Return what is computed of rows [n, ...], n >= 1, in any thread; after :meth:`close`, in this one."""
        request = self._queue.put(rows, self._begin)
        return self._compute(rows) if request is None else request.result.result()

    def close(self) -> None:
        """Compute what has been submitted, and end the thread."""
        self._closing()

    def _begin(self) -> Thread:
        thread = Thread(target=_serve, args=(self._queue, self._compute), name="take5-batches", daemon=True)
        thread.start()
        return thread


@dataclass(eq=False)
class _Request:
    """What a thread submitted, and what has been computed of it."""

    rows: Rows
    due: float
    result: "Future[Rows]" = field(default_factory=Future)
    parts: list[Rows] = field(default_factory=list)
    taken: int = 0

    @property
    def left(self) -> int:
        """How many rows have not been taken."""
        return len(self.rows) - self.taken

    def take(self, most: int) -> Rows:
        """The next rows, at most so many."""
        part = self.rows[self.taken : self.taken + most]
        self.taken += len(part)
        return part

    def give(self, part: Rows) -> None:
        """Take what was computed of the rows taken last; the result is there once all have been."""
        self.parts.append(part)
        if not self.left:
            self.result.set_result(self.parts[0] if len(self.parts) == 1 else np.concatenate(self.parts))


Batch = list[tuple[_Request, Rows]]


class _Queue:
    """Requests that wait, the one whose turn is next first."""

    def __init__(self, limits: BatchLimits) -> None:
        self._limits = limits
        self._waiting: deque[_Request] = deque()
        self._ready = Condition()
        self._thread: Thread | None = None
        self._closed = False

    def put(self, rows: Rows, begin: Callable[[], Thread]) -> _Request | None:
        """Add a request, and ``begin`` the thread if it is the first; None if the queue is closed."""
        with self._ready:
            if self._closed:
                return None
            request = _Request(rows, monotonic() + self._limits.wait_s)
            self._waiting.append(request)
            self._thread = self._thread or begin()
            self._ready.notify()
        return request

    def close(self) -> Thread | None:
        """Accept no more; return the thread that computes what waits."""
        with self._ready:
            self._closed = True
            self._ready.notify()
        return self._thread

    def batch(self) -> Batch:
        """Wait for the next batch; empty when the queue is closed and nothing is left."""
        with self._ready:
            while not self._waiting and not self._closed:
                self._ready.wait()
            while not (self._full or self._closed) and (left := self._waiting[0].due - monotonic()) > 0:
                self._ready.wait(left)
            return self._next()

    @property
    def _full(self) -> bool:
        return sum(min(request.left, self._limits.share) for request in self._waiting) >= self._limits.rows

    def put_back(self, batch: Batch) -> None:
        """Let requests of which something is left wait for their next turn, after all others."""
        with self._ready:
            self._waiting += [request for request, _ in batch if request.left and not request.result.done()]

    def _next(self) -> Batch:
        """A share of each request in turn."""
        batch: Batch = []
        room = self._limits.rows
        while self._waiting and room:
            request = self._waiting.popleft()
            batch.append((request, request.take(min(room, self._limits.share))))
            room -= len(batch[-1][1])
        return batch


def _serve(queue: _Queue, compute: Compute) -> None:
    """Compute batches until the queue is closed and empty."""
    while batch := queue.batch():
        _answer(batch, compute)
        queue.put_back(batch)


def _answer(batch: Batch, compute: Compute) -> None:
    try:
        found = _computed([rows for _, rows in batch], compute)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the thread that submitted waits for it
        if len(batch) == 1:
            batch[0][0].result.set_exception(error)
            return
        for each in batch:
            _answer([each], compute)
        return
    for (request, _), rows in zip(batch, found, strict=True):
        request.give(rows)


def _computed(parts: list[Rows], compute: Compute) -> list[Rows]:
    """What is computed of each part."""
    found = compute(parts[0] if len(parts) == 1 else np.concatenate(parts))
    stops = np.cumsum([len(rows) for rows in parts])
    if len(found) != stops[-1]:
        raise ParameterError(f"{len(found)} rows were computed of {stops[-1]}")
    return np.split(found, stops[:-1])


def _close(queue: _Queue) -> None:
    thread = queue.close()
    if thread is not None and thread is not current_thread():  # garbage is collected in any thread
        thread.join()
