"""Labels of every picture of a bundle: two passes over its images, since the person's colours are learned first."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from take5.scoring.masks.appearance import AppearanceSeen
from take5.scoring.masks.background import Background, BackgroundSeen
from take5.scoring.masks.labels import Labels, Mask, person
from take5.scoring.masks.parsing import PERSON, Small, labels_of, small_landmarks, small_maps
from take5.scoring.masks.resizing import shrunk
from take5.scoring.masks.steadying import SmallMaps, steadied
from take5.stream.bundles.masks.elsewhere import add_elsewhere
from take5.stream.bundles.masks.in_threads import in_threads
from take5.stream.bundles.masks.pictures import Pixels, read_picture
from take5.stream.bundles.masks.segmenting import PersonSegmenter
from take5.stream.wire import Json

LEARN_EVERY = 5
"""The person's colours are learned from every so many pictures, and the background is seen in as many."""

Landmarks = NDArray[np.float64]


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
    network : dict
        Name and hash of the network that saw the person.
    elsewhere : int
        In how many pictures of the rest of the recording the background was seen, too.
    """

    paths: tuple[Path, ...]
    landmarks: Landmarks
    labels: tuple[Labels, ...]
    background: Background | None
    network: Json
    elsewhere: int = 0

    def pixels(self, index: int) -> Pixels:
        """The pixels of a picture, read again."""
        return read_picture(self.paths[index])


def label_pictures(
    paths: Sequence[Path],
    landmarks: Landmarks,
    segmenter: PersonSegmenter,
    on_picture: Callable[[int], None],
    others: Sequence[Path] = (),
) -> LabelledPictures:
    """Label pictures, given with the landmarks of each [N, 68, 2]; ``on_picture`` is called with how many are seen.

    ``others`` are pictures of the rest of the recording, whose background counts, too.

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
    labels: list[Labels] = []
    behind = _Behind(segmenter)

    def labelled(item: tuple[int, SmallMaps]) -> tuple[Pixels, Labels]:
        rgb = read_picture(paths[item[0]])
        return rgb, labels_of(item[1], rgb, landmarks[item[0]])

    steady = enumerate(steadied(small_maps(each, appearance) for each in small))
    for index, (rgb, found) in enumerate(in_threads(labelled, steady)):
        labels.append(found)
        on_picture(len(paths))  # it may end the work here, too
        if index % LEARN_EVERY == 0:
            behind.add(rgb, person(found))
    elsewhere = behind.add_elsewhere(_announced(others, lambda: on_picture(len(paths))))
    network = {"name": segmenter.name, "sha256": segmenter.sha256}
    return LabelledPictures(tuple(paths), landmarks, tuple(labels), behind.background, network, elsewhere)


class _Behind:
    """The background of a clip, and what was always the person in front of it."""

    def __init__(self, segmenter: PersonSegmenter) -> None:
        self._segmenter = segmenter
        self._seen: BackgroundSeen | None = None

    def add(self, rgb: Pixels, where: Mask) -> None:
        """Add a picture of the clip, whose person is where a mask says."""
        if self._seen is None:
            self._seen, self._shown, self._sitting = BackgroundSeen(*rgb.shape[:2]), rgb, where
        self._sitting = self._sitting & where
        self._seen.add(rgb, where)

    def add_elsewhere(self, paths: Iterable[Path]) -> int:
        """Add pictures of the rest of the recording; return how many show more of the same background."""
        if self._seen is None:
            return 0
        return add_elsewhere(self._seen, paths, self._segmenter, self._sitting, self._shown)

    @property
    def background(self) -> Background | None:
        """What was seen; None if nothing was."""
        return None if self._seen is None else self._seen.background()


def _announced(paths: Iterable[Path], announce: Callable[[], None]) -> Iterator[Path]:
    """Paths, each after it has been announced: that may end the work."""
    for path in paths:
        announce()
        yield path


def _shrunk(path: Path, height: int, width: int) -> tuple[tuple[int, int], NDArray[np.float32]]:
    """Width and height of a picture, and the picture in another size."""
    rgb = read_picture(path)
    return (rgb.shape[1], rgb.shape[0]), shrunk(rgb, height, width)
