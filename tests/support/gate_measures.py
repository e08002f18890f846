"""Measures of a window without a fault, to be spoilt one at a time."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from take5.scoring.gates.measures import FrameMeasures

FRAMES = 125

GOOD = {
    "face_width": 220, "face_height": 290, "inter_eye": 95, "closeness": 0.4, "margin": 0.4, "centre_x": 0.02,
    "centre_y": -0.05, "yaw": 3, "pitch": -4, "roll": 1, "eye_open": 0.3, "blink": 0.1, "mouth_open": 0.05,
    "mouth_area": 300, "gaze_x": 0.05, "gaze_y": -0.1, "blur": 0.5, "grain": 0.6, "brightness": 0.5, "overexposed": 0,
    "evenness": 0.95, "change": 2, "step": 40,
}  # fmt: skip


def good_measures() -> FrameMeasures:
    """Five seconds of a still head that blinks once and whose mouth opens and closes."""
    steady = FrameMeasures(**{name: np.full(FRAMES, value, dtype=np.float32) for name, value in GOOD.items()})
    t = np.arange(FRAMES)
    mouth = 0.1 - 0.1 * np.cos(2 * np.pi * t / 12.5)
    eyes = np.where((t >= 60) & (t < 66), 0.05, 0.3)
    return with_values(steady, mouth_open=mouth, mouth_area=6000 * mouth, eye_open=eyes)


def with_values(measures: FrameMeasures, **values: NDArray[np.floating]) -> FrameMeasures:
    """The measures with some of them replaced."""
    return replace(measures, **{name: np.asarray(value, dtype=np.float32) for name, value in values.items()})


def with_value(measures: FrameMeasures, name: str, value: float, start: int, stop: int) -> FrameMeasures:
    """The measures with one of them replaced in frames [start, stop)."""
    column = getattr(measures, name).copy()
    column[start:stop] = value
    return with_values(measures, **{name: column})
