"""Labels of every picture of a bundle: two passes over its images, since the person's colours are learned first."""

from collections.abc import Callable, Sequence
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
from take5.scoring.masks.steadying import SmallMaps, steadied
from take5.stream.bundles.masks.in_threads import in_threads
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

    def pixels(self, index: int) -> Pixels:
        """The pixels of a picture, read again."""
        return read_picture(self.paths[index])


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
    height, width = segmenter.height, segmenter.width
    for index, (size, few) in enumerate(in_threads(lambda path: _shrunk(path, height, width), paths)):
        points = small_landmarks(landmarks[index], size, (width, height))
        small.append(Small(few, segmenter.see(few), points))
        if index % LEARN_EVERY == 0:
            learned.add(small[-1].rgb, small[-1].person >= PERSON, small[-1].landmarks)
        on_picture(index + 1)
    appearance = learned.appearance()
    labels, behind = [], None

    def labelled(item: tuple[int, SmallMaps]) -> tuple[Pixels, Labels]:
        rgb = read_picture(paths[item[0]])
        return rgb, labels_of(item[1], rgb, landmarks[item[0]])

    steady = enumerate(steadied(small_maps(each, appearance) for each in small))
    for index, (rgb, found) in enumerate(in_threads(labelled, steady)):
        labels.append(found)
        if index % LEARN_EVERY == 0:
            behind = behind or BackgroundSeen(*rgb.shape[:2])
            behind.add(rgb, person(labels[-1]))
    background = None if behind is None else behind.background()
    return LabelledPictures(tuple(paths), landmarks, tuple(labels), background)


def _shrunk(path: Path, height: int, width: int) -> tuple[tuple[int, int], NDArray[np.float32]]:
    """Width and height of a picture, and the picture in another size."""
    rgb = read_picture(path)
    return (rgb.shape[1], rgb.shape[0]), shrunk(rgb, height, width)
