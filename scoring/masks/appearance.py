"""Colours of a person's skin, hair and clothes, learned from places where each is certain."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from take5.scoring.masks.geometry import BROWS, INNER_LIPS, JAW, FaceFrame, Points, face_outline, filled
from take5.scoring.masks.labels import Float32, Mask

BINS = 16
"""Of luma, blue and red difference each."""

BLUR = 0.8
"""Standard deviation in bins by which the histograms are smoothed."""

LEAST = 1e-5
"""Least share of a colour: one that was never seen says little."""

EXPLAINED = 2.0
"""Log ratio to an even distribution from which a colour is known as skin or hair, not as clothes."""


class Part(IntEnum):
    """What is told apart by colour."""

    SKIN = 0
    HAIR = 1
    CLOTHES = 2


def colour_bins(rgb: npt.NDArray[np.generic]) -> npt.NDArray[np.intp]:
    """The bin of each pixel [..., 3] of RGB in [0, 255]."""
    red, green, blue = np.moveaxis(rgb.astype(np.float32), -1, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    levels = (luma / 16, (blue - luma) / 10 + (BINS - 1) / 2, (red - luma) / 10 + (BINS - 1) / 2)
    y, cb, cr = (np.clip(level, 0, BINS - 1).astype(np.intp) for level in levels)
    return np.asarray((y * BINS + cb) * BINS + cr)


@dataclass(frozen=True, eq=False)
class Appearance:
    """Log likelihoods of colours.

    Attributes
    ----------
    table : ndarray float32 [4, bins]
        Of each :class:`Part`, and of skin in shadow, relative to an even distribution: 0 says nothing.
    """

    table: Float32

    @classmethod
    def of(cls, seen: npt.NDArray[np.float64]) -> Self:
        """From counts of colours at places of each part, [3, bins]; parts without any say nothing.

        The places of clothes also show hair that falls over the shoulders and skin of an open collar; colours known
        as these do not count for clothes.
        """
        skin, hair = _log_ratio(seen[Part.SKIN]), _log_ratio(seen[Part.HAIR])
        clothes = np.where(np.maximum(skin, hair) > EXPLAINED, 0, seen[Part.CLOTHES])
        return cls(np.stack([skin, hair, _log_ratio(clothes), _shaded(skin)]))

    def likelihoods(self, rgb: npt.NDArray[np.generic]) -> Float32:
        """Of each part, and of skin in shadow, at each pixel of [h, w, 3]: float32 [4, h, w]."""
        return np.asarray(self.table[:, colour_bins(rgb)])


def _log_ratio(counts: npt.NDArray[np.float64]) -> Float32:
    total = counts.sum()
    if total == 0:
        return np.zeros(len(counts), dtype=np.float32)
    smooth = gaussian_filter(counts.reshape(BINS, BINS, BINS), BLUR, mode="nearest").ravel() / total
    return np.asarray(np.log((smooth + LEAST) / (1 / SEEN_BINS + LEAST)), dtype=np.float32)


def _shaded(skin: Float32) -> Float32:
    """Skin that may also be darker, as a neck under a jaw: the most likely of a few lighter bins of the same colour."""
    levels = np.pad(skin.reshape(BINS, -1), ((0, SHADOW), (0, 0)), mode="edge")
    darker = np.max([levels[step : step + BINS] for step in range(SHADOW + 1)], axis=0)
    return np.asarray(darker, dtype=np.float32).ravel()


SHADOW = 4
"""By how many bins of luma a shadow darkens at most."""


SEEN_BINS = 300
"""About how many bins an even distribution over the colours of a picture fills."""


class AppearanceSeen:
    """Counts colours over pictures."""

    def __init__(self) -> None:
        self._counts = np.zeros((len(Part), BINS**3))

    def add(self, rgb: Float32, person: Mask, landmarks: Points) -> None:
        """Count a picture [h, w, 3] with its person and 68 landmarks in its pixels."""
        bins = colour_bins(rgb)
        for part, place in certain_places(person, landmarks).items():
            self._counts[part] += np.bincount(bins[place], minlength=BINS**3)

    def appearance(self) -> Appearance:
        """What has been learned."""
        return Appearance.of(self._counts)


def certain_places(person: Mask, landmarks: Points) -> dict[Part, Mask]:
    """Where a person's skin, hair and clothes almost surely are.

    Skin: between brows and jaw, without the mouth. Hair: of the person, above the brows and off the forehead.
    Clothes: well below the chin, off the neck.
    """
    shape = person.shape
    frame = FaceFrame.of(landmarks)
    u, v = frame.grid(*shape)
    skin = filled(np.concatenate([landmarks[JAW], landmarks[BROWS][::-1]]), *shape)
    skin &= ~filled(landmarks[INNER_LIPS], *shape) & (v < SKIN_ABOVE)
    outline = face_outline(landmarks)
    middle = outline.mean(axis=0)
    hair = person & ~filled(middle + OFF_FOREHEAD * (outline - middle), *shape)
    hair &= v < -frame.height / frame.width
    clothes = person & (v > CLOTHES_BELOW) & (np.abs(u) > CLOTHES_OFF)
    return {Part.SKIN: skin & person, Part.HAIR: hair, Part.CLOTHES: clothes}


SKIN_ABOVE = -0.12
"""Skin is sure above this line over the chin, in widths of the face: a beard, and the jaw's shadow, are below."""

OFF_FOREHEAD = 1.12
CLOTHES_BELOW, CLOTHES_OFF = 0.3, 0.3
"""Clothes are sure this far below the chin and to its sides, in widths of the face."""
