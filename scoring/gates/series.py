"""Values that the rules compare, from the measures of a window of n frames: one per frame, or one per window.

Everything depends on the window alone, so that a stream and a finished recording agree.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from take5.scoring.eligibility import FROZEN_SOURCE_FRAMES, runs
from take5.scoring.gates.findings import Code
from take5.scoring.gates.measures import FrameMeasures

Floats = NDArray[np.floating]

OPEN_EYE = 0.2
"""Minimum eye aspect ratio of a person's open eye, so that eyes shut throughout do not seem open."""

LONG_STEP_MS = 60.0
"""A step longer than one and a half frames has skipped a picture or waited for one."""

SERIES: dict[Code, Callable[[FrameMeasures], Floats]] = {
    Code.TOO_FAR: lambda m: m.inter_eye,
    Code.TOO_CLOSE: lambda m: m.closeness,
    Code.FACE_CUT: lambda m: m.margin,
    Code.OFF_CENTRE: lambda m: np.maximum(np.abs(m.centre_x), np.abs(m.centre_y)),
    Code.HEAD_TURNED: lambda m: np.abs(m.yaw),
    Code.HEAD_PITCHED: lambda m: np.abs(m.pitch),
    Code.HEAD_TILTED: lambda m: np.abs(m.roll),
    Code.BLURRED: lambda m: m.blur,
    Code.GRAINY: lambda m: m.grain,
    Code.TOO_DARK: lambda m: m.brightness,
    Code.TOO_BRIGHT: lambda m: m.brightness,
    Code.OVEREXPOSED: lambda m: m.overexposed,
    Code.UNEVEN_LIGHT: lambda m: m.evenness,
    Code.EYES_CLOSED: lambda m: closure(m),
    Code.LOOKING_AWAY: lambda m: np.abs(m.gaze_x),
}
"""One value per frame."""


def closure(measures: FrameMeasures) -> Floats:
    """How far the eyes are closed in each frame, from 0 open to 1 shut, relative to this person's open eyes.

    1 - e / E, with e the eye aspect ratio and E its 90th percentile in the window.
    """
    opened = quantile(measures.eye_open, 0.9)
    return np.asarray(np.clip(1 - measures.eye_open / max(opened, OPEN_EYE), 0, 1))


def quantile(values: Floats, share: float) -> float:
    """Quantile of the finite values, interpolated as :func:`numpy.quantile` does; NaN without any.

    NumPy's own takes fifteen times as long for the length of a window.
    """
    ordered = np.sort(values[np.isfinite(values)])
    if not len(ordered):
        return float("nan")
    place = (len(ordered) - 1) * share
    below = int(place)
    low, high = ordered[below], ordered[min(below + 1, len(ordered) - 1)]
    part = place - below
    number = ordered.dtype.type  # NumPy weighs in the type of the values, from the nearer end
    return float(low + (high - low) * number(part) if part < 0.5 else high - (high - low) * number(1 - part))


def middle_spread(values: Floats) -> float:
    """Distance of the 5th from the 95th percentile."""
    return quantile(values, 0.95) - quantile(values, 0.05)


def pose_spread(measures: FrameMeasures) -> float:
    """The largest spread of yaw, pitch and roll, in degrees."""
    return max(middle_spread(angle) for angle in (measures.yaw, measures.pitch, measures.roll))


def light_change(measures: FrameMeasures) -> float:
    """Spread of the cheeks' luma relative to its median."""
    median = quantile(measures.brightness, 0.5)
    return middle_spread(measures.brightness) / median if median > 0 else 0.0


def deepest_closure(measures: FrameMeasures) -> float:
    """How far the eyes close at most: a blink, if there is one."""
    return quantile(closure(measures), 1.0)


def widest_mouth(measures: FrameMeasures) -> float:
    """95th percentile of the mouth's opening, in inter-eye distances."""
    return quantile(measures.mouth_open, 0.95)


def narrowest_mouth(measures: FrameMeasures) -> float:
    """5th percentile of the mouth's opening, in inter-eye distances."""
    return quantile(measures.mouth_open, 0.05)


def doubled_share(measures: FrameMeasures, repeats: Sequence[Sequence[bool]]) -> float:
    """Share of the grid frames that repeat the previous source frame or show an identical one.

    Runs of 10 or more are not counted: they are ``frozen_picture`` or ``frames_missing``.
    """
    identical = np.array([bool(cell) and all(cell) for cell in repeats], dtype=np.bool_)
    lengths = [stop - start for start, stop in runs((measures.step == 0) | identical)]
    return sum(length for length in lengths if length < FROZEN_SOURCE_FRAMES) / len(measures)


def skipped_share(measures: FrameMeasures) -> float:
    """Share of the grid frames more than 60 ms of source time after the previous one."""
    return float((measures.step > LONG_STEP_MS).mean())


WHOLES: dict[Code, Callable[[FrameMeasures], float]] = {
    Code.HEAD_MOVES: pose_spread,
    Code.LIGHT_CHANGES: light_change,
    Code.NO_BLINK: deepest_closure,
    Code.MOUTH_STAYS_CLOSED: widest_mouth,
    Code.MOUTH_STAYS_OPEN: narrowest_mouth,
    Code.FRAMES_SKIPPED: skipped_share,
}
"""One value per window."""
