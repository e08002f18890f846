"""The gain estimate against the truth on blocks of four laws, after a fixed number of them and at the stop."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from take5.scoring.stopping import leave_out_gain

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int, int], Floats]

BLOCKS, LEFT_OUT, TRIALS = 24, 6, 20_000
EPS = (0.005, 0.01, 0.02, 0.05)
BLOCK_SD, MOST_BLOCKS, STOPS = 0.11, 120, 2000


def ar1(rng: np.random.Generator, trials: int, blocks: int) -> Floats:
    """Stationary AR(1) with coefficient 0.6, normal, unit variance: [trials, blocks]."""
    x = rng.normal(size=(trials, blocks))
    for i in range(1, blocks):
        x[:, i] = 0.6 * x[:, i - 1] + 0.8 * x[:, i]
    return x


LAWS: dict[str, Draw] = {
    "normal": lambda rng, trials, blocks: rng.normal(size=(trials, blocks)),
    "uniform": lambda rng, trials, blocks: rng.uniform(size=(trials, blocks)),
    "exponential": lambda rng, trials, blocks: rng.exponential(size=(trials, blocks)),
    "AR(1) 0.6": ar1,
}


def blocks_table() -> None:
    """Print mean G after 24 blocks, and what the 6 blocks before and the 6 after really brought."""
    print(f"G after {BLOCKS} blocks for {LEFT_OUT} more; means over {TRIALS} trials")
    print(f"{'law':12s} {'mean G':>8s} {'last 6':>8s} {'next 6':>8s}   (last 6: what G estimates; next 6: its bound)")
    for name, draw in LAWS.items():
        x = draw(np.random.default_rng(5), TRIALS, BLOCKS + LEFT_OUT)
        gains = [leave_out_gain(sorted(row), LEFT_OUT) or 0.0 for row in x[:, :BLOCKS].tolist()]
        most = np.maximum.accumulate(x, axis=1).mean(axis=0)
        last, coming = (most[n - 1] - most[n - 1 - LEFT_OUT] for n in (BLOCKS, BLOCKS + LEFT_OUT))
        print(f"{name:12s} {np.mean(gains):8.4f} {last:8.4f} {coming:8.4f}")


def stops_table() -> None:
    """Print the gain of 30 s more after the stop, checked at each block, so that it stops where G is low by chance."""
    print(f"\nstopped at the first G <= eps from 60 s on; blocks of standard deviation {BLOCK_SD}; {STOPS} trials")
    print(f"{'law':12s} {'eps':>6s} {'median s':>9s} {'cap':>5s} {'next 30 s':>10s} {'+-':>7s}")
    for name, draw in LAWS.items():
        x = draw(np.random.default_rng(5), STOPS, MOST_BLOCKS + LEFT_OUT)
        most = np.maximum.accumulate(BLOCK_SD * x / x.std(), axis=1)
        gains = [_gains((BLOCK_SD * row / x.std()).tolist()) for row in x]
        for eps in EPS:
            ends = np.array([next((n for n, gain in row if gain <= eps), MOST_BLOCKS) for row in gains])
            trials = np.arange(STOPS)
            coming = most[trials, ends + LEFT_OUT - 1] - most[trials, ends - 1]
            error = coming.std() / math.sqrt(STOPS)
            capped = float(np.mean(ends == MOST_BLOCKS))
            print(f"{name:12s} {eps:6.3f} {5 * np.median(ends):9.0f} {capped:5.0%} {coming.mean():10.4f} {error:7.4f}")


def _gains(x: list[float]) -> list[tuple[int, float]]:
    """Numbers of blocks from 60 s on, and G after them."""
    return [(n, leave_out_gain(sorted(x[:n]), LEFT_OUT) or 0.0) for n in range(12, MOST_BLOCKS + 1)]
