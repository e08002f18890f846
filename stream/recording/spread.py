"""A few items that are spread over all of a recording, however long it gets."""

from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from take5.stream.timeline.clock import seconds_to_flicks

MOST = 16
APART_FLICKS = seconds_to_flicks(1.0)
"""Shortest distance of two."""


class HasTime(Protocol):
    """An item with a time."""

    @property
    def pts(self) -> int:
        """In flicks."""


T = TypeVar("T", bound=HasTime)


class Spread(Generic[T]):
    """Keeps at most :data:`MOST` items: one a second, then one in two seconds, and so on."""

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._kept: list[T] = []
        self._apart = APART_FLICKS
        for item in items:
            self.add(item)

    def add(self, item: T) -> None:
        """Add the next item in order of time."""
        if self._kept and item.pts < self._kept[-1].pts + self._apart:
            return
        self._kept.append(item)
        while len(self._kept) > MOST:
            self._apart *= 2
            self._kept = self._thinned()

    def _thinned(self) -> list[T]:
        """Those that are as far apart as they have to be."""
        kept = self._kept[:1]
        for item in self._kept[1:]:
            if item.pts >= kept[-1].pts + self._apart:
                kept.append(item)
        return kept

    def outside(self, start: int, stop: int) -> list[T]:
        """Those that are not in [start, stop), in flicks."""
        return [item for item in self._kept if not start <= item.pts < stop]
