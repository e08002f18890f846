"""Writing a clip again after that has failed: by itself, ever less often, and at once when it is asked for."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from itertools import chain, repeat
from threading import Condition
from time import monotonic
from typing import TypeGuard

from take5.stream.events import Event, Failed, Failure, Trouble, Warned

DELAYS_S, LATER_S = (2.0, 5.0, 10.0, 20.0), 30.0
"""Time between attempts to write a clip: the first ones, then each."""

Attempt = Callable[[], Iterator[Event]]
"""Writes the clip: yields ClipReady, or Failed, and then what follows it."""


class Saving:
    """The attempts to write one clip.

    Parameters
    ----------
    patience_s : float
        How long after the first attempt others follow; 0 for none.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._changed = Condition()
        self._outcome: Future[Event] | None = None
        self._asked = self._hurried = self._given_up = False

    def now(self) -> "Future[Event] | None":
        """Begin an attempt at once, from any thread, or join the one in progress.

        Return its outcome, a ClipReady or a Failed; None if there is nothing to write: before the recording has ended,
        and after the clip.
        """
        with self._changed:
            self._asked = True
            self._changed.notify()
            return self._outcome

    def hurry(self) -> None:
        """Make at most one more attempt, at once, from any thread."""
        with self._changed:
            self._hurried = True
            self._changed.notify()

    def give_up(self) -> None:
        """Make no more attempts, from any thread."""
        with self._changed:
            self._given_up = True
            self._changed.notify()

    def written(self, attempt: Attempt, pause: Callable[[], None]) -> Iterator[Event]:
        """Yield the events of the first attempt that succeeds, or of the last one.

        If the first fails, a warning comes before them; ``pause`` is called then.
        """
        with self._changed:
            self._outcome, self._asked = Future(), False
        events = attempt()
        first = next(events)
        if self._patience_s and _unwritten(first):
            pause()
            self._settle(first, Future())
            yield Warned(first.frame, Trouble.NOT_WRITTEN, first.text)
            until = monotonic() + self._patience_s
            for delay in chain(DELAYS_S, repeat(LATER_S)):
                if not self._due(delay, until):
                    break
                events = attempt()
                first = next(events)
                if not _unwritten(first):
                    break
                self._settle(first, Future())
        yield first
        yield from events

    def end(self, last: Event) -> None:
        """Tell those who wait for an attempt that ``last`` is the end of it."""
        self._settle(last, None)

    def _settle(self, result: Event, following: "Future[Event] | None") -> None:
        with self._changed:
            outcome, self._outcome = self._outcome, following
            self._asked = False
        if outcome is not None:
            outcome.set_result(result)

    def _due(self, delay_s: float, until: float) -> bool:
        """Wait for the next attempt; return whether there is one."""
        with self._changed:
            left = max(0.0, until - monotonic())
            self._changed.wait_for(lambda: self._asked or self._hurried or self._given_up, min(delay_s, left))
            if self._given_up:
                return False
            self._given_up = self._hurried
            return self._asked or self._hurried or monotonic() < until


def _unwritten(event: Event) -> TypeGuard[Failed]:
    return isinstance(event, Failed) and event.failure is Failure.NOT_WRITTEN
