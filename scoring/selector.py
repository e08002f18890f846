"""The selector: Algorithm 1's answer for the recording so far, after every window.

A window that has left the m highest D never returns, since D of a window never changes and windows are only added.
So only the m best by D, and the best I among them, need keeping.
"""

from bisect import insort

from take5.scoring.score import WindowScore, best


class Selector:
    """Keeps the pool and the best window.

    Parameters
    ----------
    pool : int
        m, how many windows the pool holds.
    """

    def __init__(self, pool: int) -> None:
        self._size = pool
        self._pool: list[WindowScore] = []

    @property
    def pool(self) -> tuple[WindowScore, ...]:
        """The eligible windows with the highest D so far, highest first; of equals the earlier."""
        return tuple(self._pool)

    @property
    def best(self) -> WindowScore | None:
        """The window with the highest I in the pool, or None before the first eligible window."""
        return best(self._pool)

    def would_enter(self, window: WindowScore) -> bool:
        """Whether an eligible window would be one of the pool."""
        return len(self._pool) < self._size or _order(window) < _order(self._pool[-1])

    def add(self, window: WindowScore) -> bool:
        """Offer the next eligible window; True if it entered the pool."""
        if not self.would_enter(window):
            return False
        insort(self._pool, window, key=_order)
        del self._pool[self._size :]
        return True


def _order(window: WindowScore) -> tuple[float, int]:
    return -window.D, window.start
