"""Comparison with the rest of the session; it depends on what was analysed so far, so it only warns."""

import math
from dataclasses import dataclass, field

import numpy as np

from take5.scoring.gates.config import GateConfig
from take5.scoring.gates.findings import Code, Finding
from take5.scoring.gates.measures import FrameMeasures
from take5.scoring.gates.series import quantile
from take5.scoring.gates.verdict import finding
from take5.scoring.parameters import FPS

FIRST_FRAMES = 3 * FPS
"""Number of first frames with a face that define the person's initial light."""


@dataclass
class SessionReference:
    """The session's sharpest second, and the person's light at its beginning.

    Attributes
    ----------
    blur : float
        Lowest median of the blur effect in any pushed stretch; NaN before the first.
    """

    blur: float = math.nan
    _light: list[float] = field(default_factory=list)

    @property
    def brightness(self) -> float:
        """Median luma of the cheeks in the first frames with a face, in [0, 1]; NaN before the first."""
        return quantile(np.array(self._light), 0.5)

    def push(self, measures: FrameMeasures) -> None:
        """Add the next stretch, preferably one second."""
        self.blur = float(np.fmin(self.blur, quantile(measures.blur, 0.5)))
        seen = measures.brightness[np.isfinite(measures.brightness)]
        self._light += seen[: FIRST_FRAMES - len(self._light)].tolist()

    def findings(self, measures: FrameMeasures, start: int, config: GateConfig) -> list[Finding]:
        """Compare a window with the session so far."""
        span = start, start + len(measures)
        softer = quantile(measures.blur, 0.5) - self.blur
        lit = quantile(measures.brightness, 0.5) / self.brightness if self.brightness > 0 else math.nan
        return [
            *finding(Code.LESS_SHARP, softer, span, config),
            *finding(Code.LIGHT_UNLIKE_SESSION, abs(lit - 1), span, config),
        ]
