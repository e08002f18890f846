"""The paper's variants: in which order windows are judged, how many, and which of them wins.

Source: the ablation of the paper's section 4, which names them without formulas; ``docs/mathematics.md`` gives our
reading. Only eligible windows count, and of equals, the earlier wins.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from take5.scoring.motion import Motion
from take5.scoring.score import WindowScore, best, rank

StrategyName = Literal["full", "random", "audio", "views", "lip", "lip+views"]
STRATEGIES: tuple[StrategyName, ...] = get_args(StrategyName)


@dataclass(frozen=True)
class Strategy:
    """One way to choose a window.

    Attributes
    ----------
    name : StrategyName
        ``full`` is Algorithm 1; ``random`` any; ``audio`` the highest D; ``views`` the fewest views, then the lowest
        MC_head; ``lip`` the lowest MC_mouth; ``lip+views`` the lowest MC.
    seed : int
        For ``random``.
    """

    name: StrategyName = "full"
    seed: int = 0

    def order(self, windows: Sequence[WindowScore]) -> list[WindowScore]:
        """Windows in the order in which they are judged."""
        if self.name != "random":
            return rank(windows)
        shuffled = np.random.default_rng(self.seed).permutation(len(windows))
        return [windows[int(i)] for i in shuffled]

    def wanted(self, pool: int, windows: int) -> int:
        """How many eligible windows need judging."""
        return {"full": pool, "random": 1, "audio": 1}.get(self.name, windows)

    def winner(self, judged: Sequence[WindowScore]) -> WindowScore | None:
        """The best of the eligible windows judged."""
        if self.name == "full":
            return best(judged)
        if self.name in {"random", "audio"}:
            return judged[0] if judged else None
        key = _KEYS[self.name]
        scored = {(*key(w.motion, w.views), w.start): w for w in judged if w.motion and w.views is not None}
        return scored[min(scored)] if scored else None


_KEYS: dict[str, Callable[[Motion, int], tuple[float, ...]]] = {
    "views": lambda motion, views: (views, motion.MC_head),
    "lip": lambda motion, _: (motion.MC_mouth,),
    "lip+views": lambda motion, _: (motion.MC,),
}
