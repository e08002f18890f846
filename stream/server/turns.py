"""Turns of requests: however many come at once, what is going on gets its share of the event loop."""

import asyncio
from time import monotonic

EVERY_S = 0.002
"""Time between the beginnings of two requests."""


class Turns:
    """Lets requests begin one after the other, in the order in which they came.

    Parameters
    ----------
    every_s : float
        Minimum time between two.
    """

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s, self._next = every_s, 0.0
        self._lock = asyncio.Lock()

    async def wait(self) -> None:
        """Wait for the turn of a request; it comes at once where there are no others."""
        async with self._lock:
            wait_s = self._next - monotonic()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            self._next = monotonic() + self._every_s
