"""Labels of whole pictures from the small maps of a network."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from take5.scoring.masks.appearance import Appearance
from take5.scoring.masks.filters import near_edges, repeated
from take5.scoring.masks.geometry import INNER_LIPS, Points, filled
from take5.scoring.masks.guided import Guided
from take5.scoring.masks.labels import Float32, Label, Labels
from take5.scoring.masks.split import HAIR, NECK, TORSO, class_maps, part_maps
from take5.scoring.masks.steadying import SmallMaps

PERSON = 0.5
"""Least probability of a person."""


@dataclass(frozen=True, eq=False)
class Small:
    """A picture as the network sees it, and what it said.

    Attributes
    ----------
    rgb : ndarray float32 [h, w, 3]
        In [0, 255].
    seen : ndarray float32 [h, w, C]
        See :meth:`take5.scoring.models.segmenter.Segmenter.see`.
    landmarks : ndarray float64 [68, 2]
        In pixels of the small picture.
    """

    rgb: Float32
    seen: Float32
    landmarks: Points

    @property
    def person(self) -> Float32:
        """Probability of a person, [h, w]."""
        return person_probability(self.seen)


def person_probability(seen: Float32) -> Float32:
    """Probability of a person [h, w] in what the network said [h, w, C]."""
    return seen[..., 0] if seen.shape[-1] == 1 else 1 - seen[..., 0]


def small_landmarks(landmarks: Points, size: tuple[int, int], small: tuple[int, int]) -> Points:
    """Landmarks of a picture of ``size`` (width, height) in pixels of a small one."""
    scale = np.array(small) / np.array(size)
    return np.asarray((landmarks + 0.5) * scale - 0.5)


def small_maps(small: Small, appearance: Appearance) -> SmallMaps:
    """Probabilities of person, hair, neck and torso, [4, h, w]; the face is what is left of the person.

    ``appearance`` is not used where the network tells these apart.
    """
    person = small.person
    certain = person >= PERSON
    if small.seen.shape[-1] == 1:
        maps = part_maps(small.rgb, certain, small.landmarks, appearance)
    else:
        maps = class_maps(small.seen, certain, small.landmarks)
    luma = (small.rgb @ LUMA / np.float32(255)).astype(np.float32)
    return SmallMaps(np.stack([person, maps[HAIR], maps[NECK], maps[TORSO]]), luma)


LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def labels_of(maps: SmallMaps, rgb: npt.NDArray[np.uint8], landmarks: Points) -> Labels:
    """Labels of a picture [H, W, 3], its edges followed.

    Parameters
    ----------
    maps : SmallMaps
        From :func:`small_maps`.
    rgb : ndarray uint8 [H, W, 3]
        The picture.
    landmarks : ndarray float64 [68, 2]
        iBUG points in its pixels; the mouth is what the inner lips enclose.
    """
    fitted = Guided.fitted(maps.maps, maps.luma)
    small = _winners(fitted.small(maps.luma))
    height, width = rgb.shape[:2]
    labels = repeated(small, height, width)
    rows, columns = np.nonzero(repeated(near_edges(small, EDGE).view(np.uint8), height, width))
    guide = rgb[rows, columns] @ (LUMA / np.float32(255))
    labels[rows, columns] = _winners(fitted.at(rows, columns, guide, (height, width)))
    mouth = filled(landmarks[INNER_LIPS], height, width)
    labels[mouth & (labels != Label.BACKGROUND)] = Label.MOUTH
    return labels


def _winners(maps: Float32) -> Labels:
    """Labels from maps [..., 4]: person, hair, neck, torso."""
    parts = maps.copy()
    parts[..., 0] = 1 - maps[..., 1] - maps[..., 2] - maps[..., 3]
    labels: Labels = IN_ORDER[parts.argmax(axis=-1)]
    labels[maps[..., 0] < PERSON] = Label.BACKGROUND
    return labels


IN_ORDER = np.array([Label.FACE, Label.HAIR, Label.NECK, Label.TORSO], dtype=np.uint8)

EDGE = 2
"""Pixels of the small picture from another label within which each pixel of the large one is decided by itself."""
