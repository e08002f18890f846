"""The spectra that MC is computed from (section 3.4); see ``docs/mathematics.md``."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from take5.scoring.motion import MOUTH_CURVES, chunk_motion
from take5.scoring.parameters import FPS, Parameters

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Spectrum:
    """Magnitudes of a window's curves, without k = 0.

    Attributes
    ----------
    frequency : ndarray [K]
        k / F for k = 1..F//2, in cycles per frame, in (0, 0.5].
    mouth : ndarray [K]
        Mean of |X_k| over the 20 mouth curves, in pixels.
    head : ndarray [K]
        |X_k| of the head curve, in pixels.
    """

    frequency: Floats
    mouth: Floats
    head: Floats


def spectrum(lips: Floats) -> Spectrum:
    """Spectra of lips [F, 20, 2] in square pixels: one chunk as long as the window is the window."""
    frames = len(lips)
    seconds = frames / FPS
    whole = chunk_motion(lips, None, Parameters(seconds=seconds, hop=seconds))
    magnitude = np.abs(whole.spectrum[1:])
    frequency = np.arange(1, len(magnitude) + 1) / frames
    return Spectrum(frequency, magnitude[:, :MOUTH_CURVES].mean(axis=1), magnitude[:, MOUTH_CURVES])
