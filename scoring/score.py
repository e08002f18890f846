"""The score of one window, and the orders in which Algorithm 1 compares windows."""

from collections.abc import Iterable
from dataclasses import dataclass

from take5.scoring.motion import Motion

MC_FLOOR = 1e-8
"""Added to MC in eq. 3."""


@dataclass(frozen=True)
class WindowScore:
    """What one window is worth.

    Attributes
    ----------
    start : int
        Its first grid frame.
    D : float
        Diversity of its audio embeddings, >= 0; higher is better.
    motion : Motion or None
        Motion complexity; lower is better. None if the face was not tracked throughout the window.
    views : int or None
        Number of camera views; fewer is better.
    """

    start: int
    D: float
    motion: Motion | None = None
    views: int | None = None

    @property
    def I(self) -> float | None:  # noqa: E743 - the paper's name
        """Informativeness, D / (MC + 1e-8) (eq. 3); higher is better."""
        return None if self.motion is None else informativeness(self.D, self.motion.MC)


def informativeness(D: float, MC: float) -> float:
    """I of eq. 3."""
    return D / (MC + MC_FLOOR)


def rank(windows: Iterable[WindowScore]) -> list[WindowScore]:
    """Windows by D, highest first; of equals the earlier one."""
    return sorted(windows, key=lambda w: (-w.D, w.start))


def best(pool: Iterable[WindowScore]) -> WindowScore | None:
    """The window of the pool with the highest I; of equals the one with fewer views, then the earlier one."""
    scored = [w for w in pool if w.I is not None and w.views is not None]
    return min(scored, key=lambda w: (-(w.I or 0.0), w.views or 0, w.start), default=None)
