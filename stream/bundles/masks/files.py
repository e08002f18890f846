"""The files of the masks: ``parsing``, ``bc.jpg``, ``gt_imgs``, ``torso_imgs``, and what SyncTalk has beside them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from take5.scoring.errors import UnreadableMedia
from take5.scoring.masks.colours import FACE_PALETTE, Scheme, face_weights
from take5.scoring.masks.labels import HEAD, Mask, labelled
from take5.scoring.masks.torso import torso_picture, without_background
from take5.stream.bundles.masks.labelled import LabelledPictures
from take5.stream.bundles.masks.pictures import ImageEncoder, Pixels

PARSING, GT, TORSO, FACE_MASK, BACKGROUND = "parsing", "gt_imgs", "torso_imgs", "face_mask", "bc.jpg"


@dataclass(frozen=True)
class MaskFiles:
    """What a trainer wants.

    Attributes
    ----------
    scheme : Scheme
        Colours of ``parsing/<i>.png``.
    face : bool
        Whether it reads ``parsing/<i>_face.png`` and ``face_mask/<i>.png``, and a neck that fades to its mean colour:
        SyncTalk.
    """

    scheme: Scheme = Scheme.HEAD
    face: bool = False

    def paths(self, frames: int) -> list[str]:
        """Its files, below the bundle's folder."""
        return [BACKGROUND, *(path for index in range(frames) for path in self._of(index))]

    def _of(self, index: int) -> Iterator[str]:
        yield from (f"{PARSING}/{index}.png", f"{GT}/{index}.jpg", f"{TORSO}/{index}.png")
        if self.face:
            yield from (f"{PARSING}/{index}_face.png", f"{FACE_MASK}/{index}.png")

    def write(self, folder: Path, seen: LabelledPictures) -> None:
        """Write them into ``folder``, whatever the bundle's own is.

        Raises
        ------
        UnreadableMedia
            If the person fills every picture, so that nothing is known of the background.
        """
        if seen.background is None:
            raise UnreadableMedia(
                f"{seen.paths[0].parent}: no picture shows any background beside the person, so bc.jpg cannot be made; "
                "sit further from the camera"
            )
        behind = seen.background.picture
        jpeg, parsing, cut_out = ImageEncoder(lossy=True), ImageEncoder(self.scheme.palette), ImageEncoder()
        faces, heads = ImageEncoder(FACE_PALETTE), ImageEncoder()
        for name in (PARSING, GT, TORSO, *([FACE_MASK] if self.face else [])):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / BACKGROUND).write_bytes(jpeg.encode(behind))
        for index, rgb, labels in seen.pictures():
            shown = without_background(rgb, labels, behind)
            torso = torso_picture(shown, labels, behind, to_mean=self.face)
            (folder / PARSING / f"{index}.png").write_bytes(parsing.encode(labels))
            (folder / GT / f"{index}.jpg").write_bytes(jpeg.encode(shown))
            (folder / TORSO / f"{index}.png").write_bytes(cut_out.encode(torso))
            if self.face:
                face = face_weights(labels, seen.landmarks[index])
                (folder / PARSING / f"{index}_face.png").write_bytes(faces.encode(face))
                (folder / FACE_MASK / f"{index}.png").write_bytes(heads.encode(_three(labelled(labels, *HEAD))))


def _three(mask: Mask) -> Pixels:
    """A mask in three channels, since the reader takes the first of the file's own."""
    return np.repeat(np.where(mask, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
