"""Labels the pictures of a bundle: when they are needed, or ahead, while something else is done with the bundle."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event

import numpy as np
from numpy.typing import NDArray

from take5.scoring.errors import UnreadableMedia
from take5.stream.bundles.masks.labelled import LabelledPictures, label_pictures
from take5.stream.bundles.masks.segmenting import PersonSegmenter
from take5.stream.bundles.part import numbered_files
from take5.stream.bundles.parts.background import FOLDER as BACKGROUND
from take5.stream.bundles.parts.images import FOLDER, POINTS, read_landmarks

OpenSegmenter = Callable[[], PersonSegmenter]
"""Opens the network."""

Labelling = Callable[[Path, int], LabelledPictures]
"""Labels the pictures of a bundle, given with their number; raises UnreadableMedia."""


class _Unwanted(Exception):
    """The labels are no longer needed."""


def labelling(segmenter: OpenSegmenter) -> Labelling:
    """Label the pictures of bundles with a network when it is asked to."""
    return partial(_labelled, segmenter, lambda _: None)


@contextmanager
def labelled_ahead(segmenter: OpenSegmenter, folder: Path) -> Iterator[Labelling]:
    """Label the pictures of a bundle in a thread while the block lasts; give its result to whoever asks for it."""
    over = Event()

    def check(_done: int) -> None:
        if over.is_set():
            raise _Unwanted

    with ThreadPoolExecutor(1, "take5-labels") as pool:
        labels = pool.submit(_labelled, segmenter, check, folder, len(numbered_files(folder / FOLDER, ".jpg")))
        try:
            yield lambda *_: labels.result()
        finally:
            over.set()


def _labelled(
    segmenter: OpenSegmenter, on_picture: Callable[[int], None], folder: Path, frames: int
) -> LabelledPictures:
    paths = [folder / FOLDER / f"{index}.jpg" for index in range(frames)]
    landmarks = np.stack([_landmarks(path.with_suffix(".lms")) for path in paths])
    others = [path for _, path in sorted(numbered_files(folder / BACKGROUND, ".jpg").items())]
    return label_pictures(paths, landmarks, segmenter(), on_picture, others)


def _landmarks(path: Path) -> NDArray[np.float64]:
    points = read_landmarks(path)
    if points is None or points.shape != (POINTS, 2) or not np.isfinite(points).all():
        raise UnreadableMedia(f"{path}: must have {POINTS} lines of two numbers; make the bundle again")
    return points
