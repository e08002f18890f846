"""Motion complexity MC (section 3.4, Algorithm 1) and its rolling FFT.

A window of F grid frames has 20 mouth curves ``||x_i - c_i||`` and one head curve ``||c_i - c_{i-1}||``, with x_i the
lip landmarks (iBUG 48..67, square pixels) and c_i their centre; the head curve is 0 at the window's first frame. With
X_k the DFT of a curve over the window and ``min(k, F - k) / F`` the frequency of bin k in cycles per frame::

    HFR = sum of |X_k| over k = 1..F-1 with frequency > T  /  sum of |X_k| over k = 1..F-1

summed over curves on both sides. MC is the HFR of all 21 curves; MC_mouth and MC_head of their own curves alone.

The rolling form keeps, for each chunk of h frames, the partial DFT at the window's own frequencies::

    P_k = sum over n = 0..h-1 of x_n exp(-2 pi i k n / F)

Partial DFTs add after a phase shift, ``X_k = sum over c of exp(-2 pi i k h c / F) P_k of chunk c``. Nothing is
subtracted, so nothing drifts, and the effect of a bad chunk ends with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from take5.scoring.parameters import Parameters

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

MOUTH_CURVES = 20
ROUNDING_FLOOR = 1e-12
"""A bin below this share of its curve's sum is rounding, not motion, whichever way the curve was summed."""


@dataclass(frozen=True)
class Motion:
    """Motion complexity of one window: shares of high-frequency magnitude in [0, 1]; lower is better.

    ``mouth_moves`` is false if no mouth curve moves at all, as in a frozen picture.
    """

    MC: float
    MC_mouth: float
    MC_head: float
    mouth_moves: bool


def above_threshold(bins: NDArray[np.int64], frames: int, threshold: float) -> NDArray[np.bool_]:
    """Which bins, as distances from k = 0, have a frequency strictly above ``threshold`` cycles per frame."""
    return bins / frames > threshold


def hfr(magnitude: Floats, weight: Floats, high: NDArray[np.bool_]) -> Motion:
    """High-frequency ratio of magnitudes [K, 21] (mouth curves first), bin 0 first.

    ``weight`` [K] counts how many of the F bins a row stands for; ``high`` [K] says which rows are above T.
    """
    moving = np.where(magnitude > ROUNDING_FLOOR * magnitude[0], magnitude, 0.0) * weight[:, None]
    total, above = moving[1:].sum(axis=0), moving[1:][high[1:]].sum(axis=0)
    mouth, head = slice(None, MOUTH_CURVES), slice(MOUTH_CURVES, None)
    return Motion(
        MC=_ratio(above, total),
        MC_mouth=_ratio(above[mouth], total[mouth]),
        MC_head=_ratio(above[head], total[head]),
        mouth_moves=bool(total[mouth].sum() > 0),
    )


def _ratio(above: Floats, total: Floats) -> float:
    whole = float(total.sum())
    return float(above.sum()) / whole if whole else 0.0


@dataclass(frozen=True)
class ChunkMotion:
    """Partial DFTs of one chunk's curves.

    Attributes
    ----------
    spectrum : ndarray complex128 [K, 21]
        P_k at the window's bins k = 0..F//2, mouth curves first; the head curve without its first step.
    first_step : float
        The head's step from the frame before the chunk into it, in pixels; NaN if that frame has no face.
        It belongs to every window except the one that begins with this chunk.
    last_centre : ndarray [2]
        Lip centre of the last frame, for the next chunk's first step.
    """

    spectrum: Complexes
    first_step: float
    last_centre: Floats


def chunk_motion(lips: Floats, previous_centre: Floats | None, parameters: Parameters) -> ChunkMotion:
    """Summarise a chunk: lips [h, 20, 2] in square pixels, NaN where no face was tracked."""
    centre = lips.mean(axis=1)
    mouth = np.linalg.norm(lips - centre[:, None], axis=2)
    head = np.linalg.norm(np.diff(centre, axis=0, prepend=centre[:1]), axis=1)
    basis = _basis(parameters.window_frames, parameters.hop_frames)
    first_step = np.nan if previous_centre is None else float(np.linalg.norm(centre[0] - previous_centre))
    return ChunkMotion(basis @ np.column_stack([mouth, head]), first_step, centre[-1])


def merge_motion(chunks: Sequence[ChunkMotion], parameters: Parameters) -> Motion | None:
    """MC of the window that these chunks make up; None if one of its frames has no face."""
    shift = _shifts(parameters.window_frames, parameters.hop_frames, len(chunks))
    spectra = np.stack([chunk.spectrum for chunk in chunks])
    spectra[1:, :, MOUTH_CURVES] += np.array([chunk.first_step for chunk in chunks[1:]])[:, None]
    window = np.einsum("ck,ckm->km", shift, spectra)
    if not np.isfinite(window).all():
        return None
    bins = np.arange(len(window))
    frames = parameters.window_frames
    weight = np.where((bins == 0) | (2 * bins == frames), 1.0, 2.0)
    return hfr(np.abs(window), weight, above_threshold(bins, frames, parameters.hfr_threshold))


@lru_cache(maxsize=8)
def _basis(window: int, hop: int) -> Complexes:
    """[K, h]: exp(-2 pi i k n / F), the exponent reduced modulo F so that it is exact for every k and n."""
    turns = np.outer(np.arange(window // 2 + 1), np.arange(hop)) % window
    return np.asarray(np.exp(-2j * np.pi * turns / window), dtype=np.complex128)


@lru_cache(maxsize=8)
def _shifts(window: int, hop: int, chunks: int) -> Complexes:
    """[C, K]: exp(-2 pi i k h c / F), which moves chunk c to its place in the window."""
    turns = np.outer(np.arange(chunks) * hop, np.arange(window // 2 + 1)) % window
    return np.asarray(np.exp(-2j * np.pi * turns / window), dtype=np.complex128)
