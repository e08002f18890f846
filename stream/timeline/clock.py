"""Session time: an integer count of flicks, and the grid that stands on it.

A flick is 1/705,600,000 s: the usual frame rates, sample rates and time bases (90 kHz, 1 ms, 48 kHz, 44.1 kHz) are
whole numbers of flicks, so that timestamps from different clocks are compared without rounding.
"""

from fractions import Fraction
from typing import Protocol

from take5.scoring.parameters import FPS, SAMPLE_RATE

FLICKS = 705_600_000
"""Flicks in a second."""

FRAME_FLICKS = FLICKS // FPS
SAMPLE_FLICKS = FLICKS // SAMPLE_RATE


class Ratio(Protocol):
    """Any fraction of whole numbers: PyAV has had a type of its own since version 19."""

    @property
    def numerator(self) -> int:
        """The number above the line."""
        ...

    @property
    def denominator(self) -> int:
        """The number below it."""
        ...


def fraction(ratio: Ratio) -> Fraction:
    """The same as Python's."""
    return Fraction(ratio.numerator, ratio.denominator)


def to_flicks(count: int, time_base: Ratio) -> int:
    """Flicks of ``count`` units of ``time_base`` seconds, rounded to the nearest where it is not whole."""
    numerator, denominator = count * time_base.numerator * FLICKS, time_base.denominator
    return (2 * numerator + denominator) // (2 * denominator)


def seconds_to_flicks(seconds: float) -> int:
    """Flicks of a duration in seconds, rounded to the nearest."""
    return round(seconds * FLICKS)


def to_seconds(ticks: int) -> float:
    """Seconds of a count of flicks."""
    return ticks / FLICKS


def frame_seconds(frame: int) -> float:
    """Session time in seconds at which a grid frame begins."""
    return frame / FPS
