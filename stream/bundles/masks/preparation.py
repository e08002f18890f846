"""The masks as a step of preparation: in a bundle, for its trainer, recorded in its manifest."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from take5.scoring.errors import UnreadableMedia
from take5.scoring.masks.colours import Scheme
from take5.stream.bundles.masks.files import MaskFiles
from take5.stream.bundles.masks.labelled import PersonSegmenter, label_pictures
from take5.stream.bundles.parts.images import FOLDER, POINTS, read_landmarks
from take5.stream.wire import Json

FILES = {
    "synctalk": MaskFiles(face=True),
    "instag": MaskFiles(Scheme.FACE_AND_HAIR),
    "er-nerf": MaskFiles(),
    "rad-nerf": MaskFiles(),
    "talkinggaussian": MaskFiles(Scheme.FACE_AND_HAIR),
    "gaussiantalker": MaskFiles(),
}
"""What each trainer reads; teeth are left to TalkingGaussian and InsTaG, since landmarks do not show them."""


OpenSegmenter = Callable[[], PersonSegmenter]
"""Opens the network."""


class BundlePictures(Protocol):
    """The pictures of a bundle."""

    @property
    def folder(self) -> Path:
        """The bundle."""

    @property
    def frames(self) -> int:
        """N."""


@dataclass(frozen=True)
class BundleImages:
    """The pictures of a bundle, of which nothing is known but their number."""

    folder: Path
    frames: int


@dataclass(frozen=True)
class Masks:
    """Masks and what is cut with them.

    Attributes
    ----------
    files : MaskFiles
        What the trainer reads.
    segmenter : callable
        Opens the network, when it is needed.
    on_picture : callable
        Called with the number of pictures that are segmented, and N.
    """

    files: MaskFiles
    segmenter: OpenSegmenter
    on_picture: Callable[[int, int], None] = lambda *_: None
    name: str = "masks"

    def paths(self, frames: int) -> list[str]:
        """Its files, below the bundle's folder."""
        return self.files.paths(frames)

    def write(self, folder: Path, seen: BundlePictures) -> Json:
        """Write them into ``folder``, whatever the bundle's own is, and return what the manifest says of them.

        Raises
        ------
        UnreadableMedia
            If an image or its landmarks cannot be read, or no background is seen.
        """
        paths = [seen.folder / FOLDER / f"{index}.jpg" for index in range(seen.frames)]
        landmarks = np.stack([_landmarks(path.with_suffix(".lms")) for path in paths])
        segmenter = self.segmenter()
        labelled = label_pictures(paths, landmarks, segmenter, lambda done: self.on_picture(done, len(paths)))
        self.files.write(folder, labelled)
        share = 0.0 if labelled.background is None else labelled.background.share_seen
        return {
            "experimental": True,
            "model": {"name": segmenter.name, "sha256": segmenter.sha256},
            "background_seen": round(share, 3),
        }


def _landmarks(path: Path) -> NDArray[np.float64]:
    points = read_landmarks(path)
    if points is None or points.shape != (POINTS, 2) or not np.isfinite(points).all():
        raise UnreadableMedia(f"{path}: must have {POINTS} lines of two numbers; make the bundle again")
    return points
