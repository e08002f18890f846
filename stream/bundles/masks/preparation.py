"""The masks as a step of preparation: in a bundle, for its trainer, recorded in its manifest."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from take5.scoring.masks.colours import Scheme
from take5.stream.bundles.masks.files import MaskFiles
from take5.stream.bundles.masks.labelling import Labelling
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
    labelling : Labelling
        Labels the pictures.
    """

    files: MaskFiles
    labelling: Labelling
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
        labelled = self.labelling(seen.folder, seen.frames)
        self.files.write(folder, labelled)
        share = 0.0 if labelled.background is None else labelled.background.share_seen
        return {
            "experimental": True,
            "model": labelled.network,
            "background_seen": round(share, 3),
            "background_pictures": labelled.elsewhere,
        }
