"""Mouth against voice: how far the sound runs behind the picture, and whose voice it cannot be.

Lips open for vowels, and vowels are loud between 770 and 3150 Hz. The rate of change of the lips' opening is correlated
with that of the voice, for every shift of up to 15 frames; the position of the highest correlation is the offset, and
its height is the confidence. Nothing is learnt and no model runs: `docs/sound-gates.md` has the measurements.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from take5.scoring.errors import ParameterError
from take5.scoring.gates.sound import BARK_EDGES_HZ, SPEECH

Floats = NDArray[np.float64]

MAX_SHIFT_FRAMES = 15
"""Largest shift either way, as in SyncNet (Chung and Zisserman, 2016): 0.6 s."""

SHIFTS = 2 * MAX_SHIFT_FRAMES + 1

VOICE = slice(BARK_EDGES_HZ.index(770), BARK_EDGES_HZ.index(3150))
"""The Bark bands, 770 to 3150 Hz, whose power follows the mouth best: higher formants, and little of the pitch."""

LOUDNESS_EXPONENT = 0.25
"""Exponent by which loudness grows with power, roughly (Stevens)."""

STILL_FRAMES, STILL_WIDTHS = 8, 0.04
"""Lips are still if they open and close by less than this many mouth widths, within this many frames either side."""

MOUTH_CORNERS = (0, 6)
UPPER_LIP, LOWER_LIP = [2, 3, 4], [10, 9, 8]
"""Outer lips: iBUG 50, 51, 52, and 58, 57, 56 below them."""

PEAK_FRAMES = 3
"""A correlation further away than this is another peak, not a shoulder of the highest."""

AMBIGUOUS = 0.8
"""With another peak this high, relative to the highest, the offset is unknown: regular motion fits many shifts."""

CHANCE_R = 0.42
"""The mouth of one window and the voice of another reach this in 1 % of pairs; over w windows, this / sqrt(w)."""

LEAST_R = 0.25
"""The highest correlation must also reach this, for any number of windows."""


@dataclass(frozen=True, eq=False)
class Correlation:
    """Correlations of w windows, summed; sums of disjoint windows merge.

    Attributes
    ----------
    total : ndarray float64 [31]
        Sum over the windows of the correlation, in [-w, w]; element 15 + k is for sound that is k frames late.
    windows : int
        w, 1 or more.
    """

    total: Floats
    windows: int

    @classmethod
    def merge(cls, parts: Sequence[Self]) -> Self:
        """Join one or more non-overlapping windows."""
        if not parts:
            raise ParameterError("no correlations to merge: give at least one")
        return cls(np.sum([part.total for part in parts], axis=0), sum(part.windows for part in parts))


@dataclass(frozen=True)
class AvOffset:
    """Offset between picture and sound.

    Attributes
    ----------
    frames : float or None
        Frames of 40 ms by which the sound lags behind its picture, negative if it leads; None if unknown.
    confidence : float
        Highest mean correlation, in [-1, 1].
    """

    frames: float | None
    confidence: float


def correlate(lips: Floats, bands: Floats) -> Correlation | None:
    """Correlate mouth and voice in one window.

    With h the height of the outer lips, p the power from 770 to 3150 Hz, l = p^(1/4), and x' the central difference
    x[i+1] - x[i-1], the correlation at shift k is that of h'[i] and l'[i+k] over all i for which both exist.

    Parameters
    ----------
    lips : ndarray [n, 20, 2]
        Lip landmarks iBUG 48..67; NaN where no face was tracked.
    bands : ndarray [n, 20]
        Bark band powers of the same grid frames, of `SoundMeasures`.

    Returns
    -------
    Correlation or None
        None where a frame has no face, or there are fewer than 50 frames. 0 at shifts where mouth or voice do not
        change.
    """
    if len(lips) != len(bands):
        raise ParameterError(f"lips and bands must be of the same frames: {len(lips)=}, {len(bands)=}")
    if len(lips) < SHIFTS + 19 or not np.isfinite(lips).all():
        return None
    mouth = _difference(mouth_height(lips))
    voice = _difference(bands[:, VOICE].sum(axis=1) ** LOUDNESS_EXPONENT)
    shifts = range(-MAX_SHIFT_FRAMES, MAX_SHIFT_FRAMES + 1)
    return Correlation(np.array([_correlation(*_shifted(mouth, voice, shift)) for shift in shifts]), 1)


def mouth_height(lips: Floats) -> Floats:
    """Mean distance between the outer lips [n], in pixels, of lip landmarks [n, 20, 2]."""
    return np.asarray(np.linalg.norm(lips[:, UPPER_LIP] - lips[:, LOWER_LIP], axis=2).mean(axis=1))


def offset(correlation: Correlation | None) -> AvOffset:
    """Estimate the offset from the correlation of one window, or of all windows so far.

    The highest correlation is placed between frames by the parabola through it and its neighbours. The offset is
    unknown if it lies at the largest shift, is not above chance, or has a rival.
    """
    if correlation is None:
        return AvOffset(None, 0.0)
    r = correlation.total / correlation.windows
    top = int(np.argmax(r))
    confidence = float(r[top])
    far = np.abs(np.arange(SHIFTS) - top) > PEAK_FRAMES
    enough = max(LEAST_R, CHANCE_R / math.sqrt(correlation.windows))
    if not 0 < top < SHIFTS - 1 or confidence < enough or float(r[far].max()) > AMBIGUOUS * confidence:
        return AvOffset(None, confidence)
    return AvOffset(top - MAX_SHIFT_FRAMES + _vertex(*r[top - 1 : top + 2].tolist()), confidence)


def voice_without_mouth(lips: Floats, speech: Floats) -> float | None:
    """Share of a window's frames with speech while these lips are still: another speaker, or a recording.

    Parameters
    ----------
    lips : ndarray [n, 20, 2]
        Lip landmarks iBUG 48..67; NaN where no face was tracked.
    speech : ndarray [n]
        Probability of speech in the same grid frames, of `SoundMeasures`.

    Returns
    -------
    float or None
        In [0, 1]; None if a frame has no face, or speech was not measured. A second voice while the first speaks goes
        undetected.
    """
    if len(lips) != len(speech):
        raise ParameterError(f"lips and speech must be of the same frames: {len(lips)=}, {len(speech)=}")
    if not len(lips) or not np.isfinite(lips).all() or np.isnan(speech).any():
        return None
    height = np.pad(mouth_height(lips), STILL_FRAMES, "edge")
    around = sliding_window_view(height, 2 * STILL_FRAMES + 1)
    swing = around.max(axis=1) - around.min(axis=1)
    left, right = (lips[:, corner] for corner in MOUTH_CORNERS)
    width = float(np.median(np.linalg.norm(left - right, axis=1)))
    return float(np.mean((swing < STILL_WIDTHS * width) & (speech >= SPEECH)))


def _difference(x: Floats) -> Floats:
    return x[2:] - x[:-2]


def _shifted(mouth: Floats, voice: Floats, shift: int) -> tuple[Floats, Floats]:
    """The frames of both that overlap when the voice is shifted by ``shift`` frames."""
    count = len(mouth) - abs(shift)
    return mouth[max(0, -shift) :][:count], voice[max(0, shift) :][:count]


def _correlation(x: Floats, y: Floats) -> float:
    """Pearson's correlation; 0 if one is constant."""
    x, y = x - x.mean(), y - y.mean()
    size = math.sqrt(float(x @ x) * float(y @ y))
    return float(x @ y) / size if size > 0 else 0.0


def _vertex(before: float, top: float, after: float) -> float:
    """Vertex of the parabola through three neighbours, relative to the middle one, in [-0.5, 0.5]."""
    bend = before - 2 * top + after
    return 0.5 * (before - after) / bend if bend else 0.0
