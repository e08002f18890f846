"""Labels of every picture of a bundle: two passes over its images, since the person's colours are learned first."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from take5.scoring.masks.appearance import AppearanceSeen
from take5.scoring.masks.background import Background, BackgroundSeen
from take5.scoring.masks.labels import Labels, person
from take5.scoring.masks.parsing import PERSON, Small, labels_of, small_landmarks, small_maps
from take5.scoring.masks.resizing import shrunk
from take5.scoring.masks.steadying import steadied
from take5.stream.bundles.masks.pictures import Pixels, read_picture

LEARN_EVERY = 5
"""The person's colours are learned from every so many pictures, and the background is seen in as many."""

Landmarks = NDArray[np.float64]


class PersonSegmenter(Protocol):
    """Sees where the person is: :class:`take5.scoring.models.segmenter.Segmenter`."""

    name: str
    sha256: str
    height: int
    width: int

    def see(self, small: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities [height, width, C] in a picture [height, width, 3]."""


@dataclass(frozen=True, eq=False)
class LabelledPictures:
    """Pictures with their labels.

    Attributes
    ----------
    paths : tuple of Path
        The images.
    landmarks : ndarray float64 [N, 68, 2]
        iBUG points in pixels.
    labels : tuple of ndarray uint8 [H, W]
        Of each picture.
    background : Background or None
        What was seen behind the person; None if nothing was.
    """

    paths: tuple[Path, ...]
    landmarks: Landmarks
    labels: tuple[Labels, ...]
    background: Background | None

    def pictures(self) -> Iterator[tuple[int, Pixels, Labels]]:
        """Yield number, pixels and labels of each picture, read again."""
        for index, (path, labels) in enumerate(zip(self.paths, self.labels, strict=True)):
            yield index, read_picture(path), labels


def label_pictures(
    paths: Sequence[Path], landmarks: Landmarks, segmenter: PersonSegmenter, on_picture: Callable[[int], None]
) -> LabelledPictures:
    """Label pictures, given with the landmarks of each [N, 68, 2]; ``on_picture`` is called with how many are seen.

    Raises
    ------
    UnreadableMedia
        If an image cannot be read.
    """
    small, learned = [], AppearanceSeen()
    for index, path in enumerate(paths):
        small.append(_small(read_picture(path), landmarks[index], segmenter))
        if index % LEARN_EVERY == 0:
            learned.add(small[-1].rgb, small[-1].person >= PERSON, small[-1].landmarks)
        on_picture(index + 1)
    appearance = learned.appearance()
    labels, behind = [], None
    for index, maps in enumerate(steadied(small_maps(each, appearance) for each in small)):
        rgb = read_picture(paths[index])
        labels.append(labels_of(maps, rgb, landmarks[index]))
        if index % LEARN_EVERY == 0:
            behind = behind or BackgroundSeen(*rgb.shape[:2])
            behind.add(rgb, person(labels[-1]))
    background = None if behind is None else behind.background()
    return LabelledPictures(tuple(paths), landmarks, tuple(labels), background)


def _small(rgb: Pixels, landmarks: Landmarks, segmenter: PersonSegmenter) -> Small:
    size, few = (rgb.shape[1], rgb.shape[0]), (segmenter.width, segmenter.height)
    small = shrunk(rgb, segmenter.height, segmenter.width)
    return Small(small, segmenter.see(small), small_landmarks(landmarks, size, few))
