"""Overlapping windows through a convolutional network at once, each row of a stretch computed once.

The network of :mod:`~take5.scoring.models.speech_embedding` sees 76 mel rows and does not pad in time. Over a longer
stretch it gives an embedding for each eighth row, and neighbouring grid frames are four rows apart: the even frames of
a stretch come from one pass over it, the odd ones from another.

Windows differ in their floor, 80 dB below the maximum of each. They share rows if they have the same floor or nothing
below it. The stretches lie one after the other on a *tape*, which goes through the network as one picture; what it
computes across the joints is not used.

On four real clips and a generated one this takes 16 to 18 ms of CPU per second of sound; with each window by itself 52
to 61 ms. Embeddings differ by rounding: at most 2e-4 (of values up to 89), the diversity of windows by 7e-8 of itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]

STEP = 4
"""Mel rows from one grid frame to the next."""

STRIDE = 2 * STEP
"""Mel rows from one output of the network to the next."""

NO_FLOOR = np.float32(-np.inf)


@dataclass(frozen=True)
class Run:
    """Consecutive windows [start, stop) that share rows, raised to ``floor`` where they are lower."""

    start: int
    stop: int
    floor: np.float32


def windows_of(rows: Float32, length: int) -> Float32:
    """The windows [B, length, bands] of rows [4 (B - 1) + length, bands], four rows apart: a view."""
    windows = np.lib.stride_tricks.sliding_window_view(rows, length, axis=0)[::STEP]
    return np.moveaxis(windows, 2, 1)


def runs(lowest: Float32, floors: Float32) -> list[Run]:
    """Divide windows into runs, from the first one on.

    Parameters
    ----------
    lowest : float32 [B]
        The lowest value of each window.
    floors : float32 [B]
        The level to which lower values of each window are raised.

    Returns
    -------
    list of Run
        Raising values to a run's floor has the same effect on each of its windows as raising them to the window's own.
    """
    found: list[Run] = []
    for window, (low, floor) in enumerate(zip(lowest, floors, strict=True)):
        before = found.pop() if found else Run(0, 0, NO_FLOOR)
        if floor == before.floor or low >= max(floor, before.floor):
            shared = before.floor
        elif before.floor == NO_FLOOR and lowest[before.start : window].min(initial=np.inf) >= floor:
            shared = floor
        else:
            found.append(before)
            before, shared = Run(window, window, NO_FLOOR), NO_FLOOR if low >= floor else floor
        found.append(Run(before.start, window + 1, shared))
    return found


class Tape:
    """The rows of some windows, laid out for one pass through the network.

    Parameters
    ----------
    rows : float32 [4 (B - 1) + length, bands]
        Rows of B windows, four rows apart.
    parts : sequence of Run
        Together they cover the windows.
    length : int
        Rows of a window. The tape's length is a multiple of it.

    Attributes
    ----------
    rows : float32 [T, bands]
        What the network is given.
    outputs : int [B]
        Which of its outputs is each window's.
    """

    def __init__(self, rows: Float32, parts: Sequence[Run], length: int) -> None:
        self.outputs = np.zeros(parts[-1].stop, dtype=np.intp)
        stretches: list[Float32] = []
        at = 0
        for part in parts:
            for first in range(part.start, min(part.start + 2, part.stop)):
                windows = np.arange(first, part.stop, 2)
                self.outputs[windows] = at // STRIDE + np.arange(len(windows))
                stretch = rows[STEP * first : STEP * int(windows[-1]) + length]
                used = -(-len(stretch) // STRIDE) * STRIDE
                stretches.append(np.pad(np.maximum(stretch, part.floor), ((0, used - len(stretch)), (0, 0))))
                at += used
        stretches.append(np.zeros((-at % length, rows.shape[1]), np.float32))
        self.rows = np.concatenate(stretches)
