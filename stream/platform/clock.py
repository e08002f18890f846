"""Whether the wall clock can be trusted: one that has just been set may be wrong, and is often set again soon."""

import time
from collections.abc import Callable
from datetime import datetime

from take5.stream.platform.tables import utc_now

SETTLED_S, DOUBTED_S = 300.0, 3600.0
"""How long the clock is doubted after the start, and after it has jumped."""

JUMP_S = 60.0
"""How far the two clocks may move apart between two looks; a computer that was asleep counts as a jump."""


class SteadyClock:
    """The wall clock, watched by one that nobody sets.

    Parameters
    ----------
    now : callable
        The wall clock.
    settled_s, doubted_s : float
        How long the time is doubted after the start, and after a jump.
    monotonic : callable
        The clock that nobody sets, in seconds.
    """

    def __init__(
        self,
        now: Callable[[], datetime] = utc_now,
        settled_s: float = SETTLED_S,
        doubted_s: float = DOUBTED_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now, self._monotonic, self._doubted_s = now, monotonic, doubted_s
        self._trusted_at, self._offset = monotonic() + settled_s, self._apart()

    def read(self) -> tuple[datetime, bool]:
        """Return the time, and whether it can be trusted."""
        before, self._offset = self._offset, self._apart()
        if abs(self._offset - before) > JUMP_S:
            self._trusted_at = self._monotonic() + self._doubted_s
        return self._now(), self._monotonic() >= self._trusted_at

    def _apart(self) -> float:
        return self._now().timestamp() - self._monotonic()
