"""What was seen and heard in neighbouring grid frames, the input of coaching and idle clips."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from take5.scoring.columns import Columns
from take5.scoring.eligibility import Observations, Timing
from take5.scoring.errors import ParameterError
from take5.scoring.gates.measures import FrameMeasures
from take5.scoring.gates.sound import SoundMeasures


@dataclass(frozen=True, eq=False)
class Stretch(Columns):
    """n neighbouring grid frames.

    Attributes
    ----------
    measures : FrameMeasures
        Of the pictures.
    sound : SoundMeasures
        Of their 640 samples each.
    lips : ndarray float64 [n, 20, 2]
        Lip landmarks iBUG 48..67 in square pixels; NaN where no face was tracked.
    pose : ndarray float64 [n, 3]
        Yaw, pitch, roll in degrees; NaN where no face was tracked.
    observations, timing : Observations, Timing
        For the eligibility rules.

    Raises
    ------
    ParameterError
        If they do not all have the same number of frames.
    """

    measures: FrameMeasures
    sound: SoundMeasures
    lips: NDArray[np.float64]
    pose: NDArray[np.float64]
    observations: Observations
    timing: Timing

    def __post_init__(self) -> None:
        rows = self.measures, self.sound, self.lips, self.pose, self.observations.seen, self.timing.silent
        lengths = [len(each) for each in rows]
        if len(set(lengths)) > 1:
            names = "measures, sound, lips, pose, observations, timing"
            raise ParameterError(f"{names} must be of the same frames, not of {lengths}")

    def __len__(self) -> int:
        """Return n."""
        return len(self.measures)

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Join neighbouring stretches; at least one."""
        return cls(
            FrameMeasures.concatenate([part.measures for part in parts]),
            SoundMeasures.concatenate([part.sound for part in parts]),
            np.concatenate([part.lips for part in parts]),
            np.concatenate([part.pose for part in parts]),
            Observations.concatenate([part.observations for part in parts]),
            Timing.concatenate([part.timing for part in parts]),
        )
