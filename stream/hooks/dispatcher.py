"""Notifies programs when a clip is ready, in a separate thread, so that no capture waits for them."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from threading import Condition, Thread
from types import TracebackType
from typing import Protocol, Self

from take5.stream.hooks.delivery import Attempt, Delivery, State, record
from take5.stream.hooks.notice import Notice

TIMEOUT_S = 600.0
"""Time limit for a command, and for trying a webhook."""

AT_A_TIME = 4
"""Concurrent commands, and concurrent posts."""

WAITING = 1000
"""Largest number of pending deliveries. Beyond it, notices are recorded as undelivered, and counted."""

CLOSE_S = 10.0
"""Maximum time to wait for deliveries at the end."""

LET_GO_S = 10.0
"""Maximum time to wait for the thread after that, while it ends commands and records what is undelivered."""

ENDS = (State.DELIVERED, State.FAILED, State.UNDELIVERED)
ENDING = "take5 ended before it was delivered"
FULL = f"{WAITING} deliveries were waiting already"

log = logging.getLogger(__name__)


class Target(Protocol):
    """One way to notify a program."""

    @property
    def way(self) -> str:
        """Name of the way in deliveries."""

    @property
    def receiver(self) -> str:
        """Name of the receiver in deliveries."""

    def attempts(self, notice: Notice, timeout_s: float, slots: asyncio.Semaphore) -> AsyncIterator[Attempt]:
        """Try to deliver, each attempt in a slot, and yield the attempts; end when there is nothing more to try."""


class HookDispatcher:
    """Delivers notices; without a target it does nothing and is false.

    Parameters
    ----------
    command, webhook : Target, optional
        The targets.
    timeout_s : float
        Time limit for a command, and for trying a webhook.

    Attributes
    ----------
    counts : Counter of State
        Deliveries so far, by state.
    """

    def __init__(
        self, command: Target | None = None, webhook: Target | None = None, timeout_s: float = TIMEOUT_S
    ) -> None:
        self.counts: Counter[State] = Counter()
        self._targets = [(target, asyncio.Semaphore(AT_A_TIME)) for target in (command, webhook) if target is not None]
        self._timeout_s = timeout_s
        self._changed = Condition()
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None
        self._end = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def outcomes(self) -> dict[str, int]:
        """Deliveries that have ended so far, by state; empty without a target."""
        with self._changed:
            return {state.value: self.counts[state] for state in ENDS} if self._targets else {}

    def __bool__(self) -> bool:
        return bool(self._targets)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(CLOSE_S if kind is None else 0.0)

    def notify(self, notice: Notice) -> None:
        """Start delivering a notice, from any thread; returns at once."""
        for target, slots in self._targets:
            delivery = Delivery(notice, target.way, target.receiver)
            with self._changed:
                refusal = ENDING if self._closed else FULL if self.counts[State.PENDING] >= WAITING else None
                if refusal is None:
                    self.counts[State.PENDING] += 1
                    self._running_loop().call_soon_threadsafe(self._begin, target, delivery, slots)
                    continue
                self.counts[State.UNDELIVERED] += 1
            _settle(delivery.given_up(State.UNDELIVERED, refusal))

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until every delivery has ended or the time is over; return whether they have."""
        with self._changed:
            return self._changed.wait_for(lambda: not self.counts[State.PENDING], timeout_s)

    def close(self, wait_s: float = CLOSE_S) -> None:
        """Accept no more notices, and wait for pending ones up to a limit.

        Then running commands are ended, and what is undelivered is recorded as such.
        """
        with self._changed:
            self._closed = True
        try:
            self.wait(wait_s)
        finally:
            self._stop()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        """Return the thread's event loop; the first call starts both."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = Thread(target=self._run, args=(self._loop,), name="take5-hooks", daemon=True)
            self._thread.start()
        return self._loop

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            loop.run_until_complete(self._serve())
        finally:
            loop.close()

    async def _serve(self) -> None:
        """Run deliveries until the end, then cancel the remaining ones."""
        await self._end.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks)

    def _begin(self, target: Target, delivery: Delivery, slots: asyncio.Semaphore) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver(target, delivery, slots))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, target: Target, delivery: Delivery, slots: asyncio.Semaphore) -> None:
        try:
            record(delivery)
            async for attempt in target.attempts(delivery.notice, self._timeout_s, slots):
                delivery = delivery.tried(attempt)
                record(delivery)
            delivery = delivery.ended()
        except asyncio.CancelledError:
            delivery = delivery.given_up(State.UNDELIVERED, ENDING)
        except Exception as error:
            log.exception("a hook failed")
            delivery = delivery.given_up(State.FAILED, f"an internal error ended it: {error}")
        _settle(delivery)
        with self._changed:
            self.counts[State.PENDING] -= 1
            self.counts[delivery.state] += 1
            self._changed.notify_all()

    def _stop(self) -> None:
        if self._loop is None or self._thread is None:
            return
        with suppress(RuntimeError):  # it has been closed already
            self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(LET_GO_S)


def _settle(delivery: Delivery) -> None:
    """Record how a delivery has ended, and log failures."""
    record(delivery)
    if delivery.state is not State.DELIVERED:
        log.warning("%s %s: %s (%s)", delivery.way, delivery.receiver, delivery.error, delivery.notice.folder)
