"""Parsing images in the trainers' colours: numbers of pixels and a palette of RGB, which are exact and small."""

from enum import Enum

import numpy as np
import numpy.typing as npt

from take5.scoring.masks.filters import blurred
from take5.scoring.masks.geometry import Points, face_outline, filled
from take5.scoring.masks.labels import Label, Labels, Mask, labelled

Picture = npt.NDArray[np.uint8]

WHITE, BLUE, GREEN, RED, BLACK, GREY = (
    (255, 255, 255), (0, 0, 255), (0, 255, 0), (255, 0, 0), (0, 0, 0), (100, 100, 100)
)  # fmt: skip


class Scheme(Enum):
    """Colours of :class:`~take5.scoring.masks.labels.Label`, in its order."""

    HEAD = (WHITE, BLUE, BLUE, BLUE, GREEN, RED)
    """Head, neck, torso and background: RAD-NeRF, ER-NeRF, GaussianTalker, SyncTalk."""

    FACE_AND_HAIR = (WHITE, BLUE, GREY, BLACK, GREEN, RED)
    """Hair and the inside of the mouth have colours of their own: TalkingGaussian, InsTaG."""

    @property
    def palette(self) -> Picture:
        """Colours as RGB, uint8 [labels, 3]."""
        return np.array(self.value, dtype=np.uint8)


def from_white(colour: tuple[int, int, int]) -> Picture:
    """A palette from white (0) to a colour (255), uint8 [256, 3]."""
    share = np.arange(256)[:, None] / 255
    return np.asarray(np.rint(255 + share * (np.array(colour) - 255)), dtype=np.uint8)


FACE_PALETTE = from_white(BLUE)


EDGE = 1.07
"""The face reaches this far beyond its outline, relative to it; further out are ears and hair."""

BELOW_JAW = 10
"""Rows below the face that count as the face in its middle half, where the jaw opens."""

SOFT = 4.0, 4
"""Standard deviation and radius in pixels of the blur of the edge."""


def face_weights(labels: Labels, landmarks: Points) -> Picture:
    """SyncTalk's ``<i>_face.png``: the face without ears and hair, with a soft edge, uint8 [H, W] from 0 to 255.

    In :data:`FACE_PALETTE` it is blue on white; the loader takes 255 minus green for the weight of a pixel.
    """
    face = face_mask(labels, landmarks)
    return np.rint(255 * blurred(face.astype(np.float32), *SOFT)).astype(np.uint8)


def face_mask(labels: Labels, landmarks: Points) -> Mask:
    """Where the face is, a little below its jaw included."""
    outline = face_outline(landmarks)
    middle = outline.mean(axis=0)
    face = labelled(labels, Label.FACE, Label.MOUTH) & filled(middle + EDGE * (outline - middle), *labels.shape)
    columns = np.flatnonzero(face.any(axis=0))
    if not len(columns):
        return face
    quarter = int(np.ptp(columns)) // 4
    within = columns[(columns >= columns[0] + quarter) & (columns <= columns[0] + 3 * quarter)]
    bottom = len(face) - 1 - face[::-1, within].argmax(axis=0)
    rows = np.arange(len(face))[:, None]
    face[:, within] |= (rows >= bottom) & (rows < bottom + BELOW_JAW)
    return face
