"""Failed authorisations: who fails too often has to wait, and the database is not asked in the meantime.

They are counted by address and by the id of the secret that was shown. What has just opened something from an address
goes on to do so, whatever else comes from there: people behind one address do not lock each other out.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from time import monotonic

from take5.stream.server.errors import Refused

MOST, PER_S = 20, 60.0
"""How many failures in how many seconds."""

MOST_COUNTED = 10_000
"""Addresses and ids that are counted; the one whose last failure is the oldest makes room for another."""


@dataclass(frozen=True)
class Attempt:
    """An address, and the id of the secret that it shows; "" for what has none."""

    address: str
    secret_id: str

    @property
    def counted(self) -> tuple[tuple[str, str], ...]:
        """What it counts for."""
        by_id = (("id", self.secret_id),) if self.secret_id else ()
        return (("address", self.address), *by_id)


class Failures:
    """Counts failures; each is forgotten little by little.

    Parameters
    ----------
    most : int
        Failures after which an address or an id has to wait.
    per_s : float
        Seconds after which that many are forgotten.
    clock : callable
        Returns the time in seconds.
    """

    def __init__(self, most: int = MOST, per_s: float = PER_S, clock: Callable[[], float] = monotonic) -> None:
        self._most, self._rate, self._clock = most, most / per_s, clock
        self._levels: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()
        self._good: OrderedDict[Attempt, None] = OrderedDict()

    def admit(self, attempt: Attempt) -> None:
        """Raise Refused if an attempt has to wait."""
        if attempt in self._good:
            return
        over = max(self._level(counted) for counted in attempt.counted) - (self._most - 1)
        if over > 0:
            wait_s = max(1, ceil(over / self._rate))
            text = f"too many failed authorisations; try again in {wait_s} s"
            raise Refused(429, "too_many_failures", text, {"Retry-After": str(wait_s)})

    def failed(self, attempt: Attempt) -> None:
        """Count a failure."""
        self._good.pop(attempt, None)
        for counted in attempt.counted:
            self._levels[counted] = self._level(counted) + 1, self._clock()
            self._levels.move_to_end(counted)
        while len(self._levels) > MOST_COUNTED:
            self._levels.popitem(last=False)

    def passed(self, attempt: Attempt) -> None:
        """Remember an attempt that has opened something."""
        self._good[attempt] = None
        self._good.move_to_end(attempt)
        while len(self._good) > MOST_COUNTED:
            self._good.popitem(last=False)

    def _level(self, counted: tuple[str, str]) -> float:
        level, since = self._levels.get(counted, (0.0, 0.0))
        return max(0.0, level - (self._clock() - since) * self._rate)
