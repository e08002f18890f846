"""What a pixel of a talking head can be, with the meaning of the face parsing that trainers use (CelebAMask-HQ)."""

from enum import IntEnum

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.uint8]
"""A :class:`Label` for each pixel, uint8, shape [H, W]."""

Mask = npt.NDArray[np.bool_]
"""Shape [H, W]."""

Float32 = npt.NDArray[np.float32]


class Label(IntEnum):
    """The label of a pixel."""

    BACKGROUND = 0
    FACE = 1
    """Skin, eyes, brows, nose, lips, ears, beard and glasses."""
    MOUTH = 2
    """Between the lips."""
    HAIR = 3
    """Also where it falls over the shoulders."""
    NECK = 4
    """Skin between jaw and collar."""
    TORSO = 5
    """Clothes, and what a person holds."""


HEAD = (Label.FACE, Label.MOUTH, Label.HAIR)


def labelled(labels: Labels, *wanted: Label) -> Mask:
    """Where one of these labels is."""
    first, *others = wanted
    mask: Mask = np.asarray(labels == first)
    for other in others:
        mask |= labels == other
    return mask


def person(labels: Labels) -> Mask:
    """Where the person is."""
    return np.asarray(labels != Label.BACKGROUND)
