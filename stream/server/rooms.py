"""What a process carries: its captures, and what each of them costs as measured."""

from collections.abc import Callable
from math import inf

COST = 0.65
"""Cores that a capture uses, until it has been measured."""

SETTLE_S, MEMORY_S = 5.0, 30.0
"""Shortest time over which a cost is measured, and how long a measurement counts."""


class Room:
    """What one process carries. Used on the event loop.

    Parameters
    ----------
    usage : callable
        Returns seconds of a steady clock, and the CPU seconds that its captures and what serves them have used.
    cost : float
        Cores that a capture uses, until it has been measured.
    capacity : float
        Senders at a time, at most, as its ports allow.

    Attributes
    ----------
    captures, pending : int
        Places in it that are taken.
    cost : float
        Cores that a capture uses, as measured.
    open : bool
        Whether it takes on more.
    """

    def __init__(self, usage: Callable[[], tuple[float, float]], cost: float = COST, capacity: float = inf) -> None:
        self.cost, self.captures, self.pending, self.open = cost, 0, 0, True
        self._assumed, self._capacity = cost, capacity
        self._usage, self._since = usage, usage()

    @property
    def free(self) -> bool:
        """Whether it takes on another sender, as far as it alone is concerned."""
        return self.open and self.captures + self.pending < self._capacity

    @property
    def used(self) -> float:
        """Cores that its captures use."""
        return self.captures * self.cost

    @property
    def expected(self) -> float:
        """Cores that it uses when those that are connecting are captures, too."""
        return (self.captures + self.pending) * self.cost

    def measure(self) -> None:
        """Measure what a capture costs, if their number has stayed the same for long enough.

        When nothing goes on, what earlier captures cost is forgotten.
        """
        now, cpu = self._usage()
        seconds, used = now - self._since[0], cpu - self._since[1]
        if seconds >= SETTLE_S:
            cost = used / seconds / self.captures if self.captures else self._assumed
            self.cost += (cost - self.cost) * min(1.0, seconds / MEMORY_S)
            self._since = now, cpu

    def change(self, captures: int) -> None:
        """Count another capture, or one less: the cost of each is measured from then on."""
        self.measure()
        self.captures += captures
        self._since = self._usage()
