"""Per-frame measures for the gates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from take5.scoring.columns import Columns
from take5.scoring.gates.face import MeasurableFace, measure_face
from take5.scoring.gates.picture import Picture, measure_picture

Column = NDArray[np.float32]


@dataclass(frozen=True)
class FrameMeasures(Columns):
    """Measures of n grid frames; NaN for frames without a face or not analysed.

    Every attribute is an ndarray float32 [n].

    Attributes
    ----------
    face_width, face_height : px
        Ear to ear, and hairline (estimated) to chin.
    inter_eye : px
        Between the middles of the eyes, divided by cos(yaw).
    closeness
        Width of the face relative to the picture's shorter side.
    margin : face widths
        Least distance of the face from the picture's edge; negative if it is cut off.
    centre_x, centre_y : picture widths, heights
        Offset of the face's centre from the picture's centre, in [-0.5, 0.5]; right and down are positive.
    yaw, pitch, roll : degrees
        See :func:`take5.scoring.models.face.euler_zyx`.
    eye_open
        Eye aspect ratio, mean of both: about 0.3 open, below 0.15 shut.
    blink
        ``eyeBlink`` blendshape in [0, 1], mean of both eyes.
    mouth_open : inter-eye distances
        Gap between the inner lips; closed lips stay below 0.02.
    mouth_area : square px
        Area between the inner lips.
    gaze_x, gaze_y
        Gaze relative to the head, in [-1, 1]; right and up are positive. Not an angle.
    blur
        Blur effect of the face at fixed width, in [0, 1]; a sharp face has 0.45 to 0.55.
    grain : 8-bit steps
        Standard deviation of the noise.
    brightness
        Mean luma of both cheeks, in [0, 1].
    overexposed
        Share of the face with luma of 247 or more, in [0, 1].
    evenness
        Luma of the darker cheek relative to the lighter one, in [0, 1].
    change : 8-bit steps
        How much the face differs from the same part of the picture before, averaged over cells
        (:mod:`take5.scoring.gates.change`); NaN where there is none to compare with.
    step : ms
        Time from the source frame that the previous grid frame shows to the one that this one shows: 40 in a steady
        picture, 0 if one is shown twice. NaN at the first frame of a run.
    """

    face_width: Column
    face_height: Column
    inter_eye: Column
    closeness: Column
    margin: Column
    centre_x: Column
    centre_y: Column
    yaw: Column
    pitch: Column
    roll: Column
    eye_open: Column
    blink: Column
    mouth_open: Column
    mouth_area: Column
    gaze_x: Column
    gaze_y: Column
    blur: Column
    grain: Column
    brightness: Column
    overexposed: Column
    evenness: Column
    change: Column
    step: Column

    def __len__(self) -> int:
        return len(self.step)

    @cached_property
    def _table(self) -> NDArray[np.float32]:
        """All of them [23, n]: slicing and joining one array costs a fraction of doing so with each."""
        return np.stack([getattr(self, name) for name in self.__dataclass_fields__])

    @classmethod
    def _of(cls, table: NDArray[np.float32]) -> Self:
        made = cls(*table)
        made.__dict__["_table"] = table
        return made

    def __getitem__(self, span: slice) -> Self:
        return self._of(self._table[:, span])

    def __reduce__(self) -> tuple[Callable[[NDArray[np.float32]], Self], tuple[NDArray[np.float32]]]:
        """Pickle the one array alone."""
        return self._of, (self._table,)

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Join neighbouring stretches; at least one."""
        return cls._of(np.concatenate([part._table for part in parts], axis=1))  # noqa: SLF001 - of its own class

    @classmethod
    def unmeasured(cls, frames: int) -> Self:
        """Return NaN throughout, for frames that were not analysed."""
        return cls._of(np.full((len(cls.__dataclass_fields__), frames), np.nan, dtype=np.float32))

    @classmethod
    def of_frame(cls, **values: float) -> Self:
        """Return one frame with these known values."""
        return cls._of(np.array([[values.get(name, np.nan)] for name in cls.__dataclass_fields__], dtype=np.float32))


UNOBSERVED = FrameMeasures.unmeasured(1)
"""One frame that was not analysed."""


def measure_frame(
    rgb: Picture, face: MeasurableFace | None, step_ms: float = float("nan"), change: float = float("nan")
) -> FrameMeasures:
    """Measure one frame.

    Parameters
    ----------
    rgb : ndarray uint8 [H, W, 3]
        The whole picture.
    face : MeasurableFace or None
        The tracked face; its landmarks in pixels of ``rgb``.
    step_ms : float
        From the previously shown source frame to this one, in ms.
    change : float
        Of the face since then, in 8-bit steps.

    Returns
    -------
    FrameMeasures
        Of one frame.
    """
    if face is None:
        return FrameMeasures.of_frame(step=step_ms)
    height, width = rgb.shape[:2]
    seen = measure_face(face, width, height)._asdict() | measure_picture(rgb, face.landmarks)._asdict()
    return FrameMeasures.of_frame(**seen, step=step_ms, change=change)
