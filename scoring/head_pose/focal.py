"""What is expected of a focal length before anything is fitted.

A head that hardly turns says little about it: a longer lens further away shows nearly the same. So it is expected that
a talker sits about an arm's length from the camera, and, where the picture has not been cut, that the camera sees as
much as webcams and the front cameras of phones do.
"""

from dataclasses import dataclass

import numpy as np

DISTANCE_M, DISTANCE_LOG_SD = 0.65, 0.35
"""How far a talker sits from the camera; two of three within a factor of 1.42."""

ANGLE_DEG, ANGLE_LOG_SD = 70.0, 0.25
"""Angle of view along the picture's longer side: webcams have 55 to 90 degrees, phones 65 to 80."""

UNCUT = 1.3
"""A picture this much longer than its square of head and shoulders has not been cut around the head."""


@dataclass(frozen=True)
class ExpectedFocal:
    """A focal length in pixels, and the standard deviation of its logarithm."""

    focal: float
    log_sd: float


def expected_focal(pixels_per_metre: float, longer_side: float | None, side: float) -> ExpectedFocal:
    """What is expected.

    Parameters
    ----------
    pixels_per_metre : float
        At the head.
    longer_side : float or None
        Of the whole picture that the square of head and shoulders is cut from, in pixels of the square; None where it
        is unknown.
    side : float
        Of the square, in pixels.
    """
    by_distance = ExpectedFocal(pixels_per_metre * DISTANCE_M, DISTANCE_LOG_SD)
    if longer_side is None or longer_side < UNCUT * side:
        return by_distance
    by_angle = ExpectedFocal(longer_side / (2 * np.tan(np.deg2rad(ANGLE_DEG) / 2)), ANGLE_LOG_SD)
    return _both(by_distance, by_angle)


def _both(one: ExpectedFocal, other: ExpectedFocal) -> ExpectedFocal:
    weights = np.array([one.log_sd, other.log_sd]) ** -2.0
    logs = np.log([one.focal, other.focal])
    return ExpectedFocal(float(np.exp(weights @ logs / weights.sum())), float(weights.sum() ** -0.5))
