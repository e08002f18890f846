"""Where a clip may begin for trainers whose source picture is its first frame: with open eyes and a closed mouth."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from take5.scoring.gates.face import INNER_LIPS, LEFT_EYE, RIGHT_EYE, eye_aspect, inter_eye, mouth_gap
from take5.scoring.gates.series import OPEN_EYE
from take5.scoring.idle import CLOSED_LIPS
from take5.scoring.parameters import FPS
from take5.stream.bundles.footage import Footage

WITHIN = FPS
"""Number of frames that may be dropped from the beginning."""

MOST_CLOSED = 0.3
"""Largest closure of open eyes, relative to the person's own: 0 open, 1 shut."""

Landmarks = NDArray[np.float64]


def from_rest(footage: Footage, least: int = 1) -> Footage:
    """Footage without the frames before the first one at rest; as it is, if the first second has none.

    At least ``least`` frames are left.
    """
    within = max(0, min(WITHIN, footage.frames - least))
    first = next(iter(np.flatnonzero(at_rest(footage.landmarks)[: within + 1])), None)
    if first is not None:
        return footage.after(int(first))
    return replace(footage, remark="no frame of its first second has open eyes and a closed mouth for frame 0")


def at_rest(landmarks: Landmarks) -> NDArray[np.bool_]:
    """In which of N frames the eyes are open and the lips closed."""
    eyes = np.array([(eye_aspect(points[LEFT_EYE]) + eye_aspect(points[RIGHT_EYE])) / 2 for points in landmarks])
    closed = 1 - eyes / max(float(np.quantile(eyes, 0.9)), OPEN_EYE)
    return np.asarray((closed <= MOST_CLOSED) & (lip_gaps(landmarks) <= CLOSED_LIPS))


def lip_gaps(landmarks: Landmarks) -> NDArray[np.float64]:
    """Opening of the mouth in each of N frames, in inter-eye distances."""
    return np.array([mouth_gap(points[INNER_LIPS]) / inter_eye(points, 0.0) for points in landmarks])
