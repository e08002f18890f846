"""The files of the masks: ``parsing``, ``bc.jpg``, ``gt_imgs``, ``torso_imgs``, and what SyncTalk has beside them."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from take5.scoring.errors import UnreadableMedia
from take5.scoring.masks.colours import FACE_PALETTE, Scheme, face_weights
from take5.scoring.masks.labels import HEAD, Mask, labelled
from take5.scoring.masks.torso import torso_picture, without_background
from take5.stream.bundles.masks.in_threads import in_threads
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
        for name in (PARSING, GT, TORSO, *([FACE_MASK] if self.face else [])):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / BACKGROUND).write_bytes(ImageEncoder(lossy=True).encode(behind))
        encoders = _Encoders(self.scheme)
        for _ in in_threads(lambda index: self._write(folder, seen, index, behind, encoders), range(len(seen.paths))):
            pass

    def _write(self, folder: Path, seen: LabelledPictures, index: int, behind: Pixels, encoders: "_Encoders") -> None:
        """Write the files of one picture."""
        labels = seen.labels[index]
        shown = without_background(seen.pixels(index), labels, behind)
        torso = torso_picture(shown, labels, behind, to_mean=self.face)
        (folder / PARSING / f"{index}.png").write_bytes(encoders.parsing.encode(labels))
        (folder / GT / f"{index}.jpg").write_bytes(encoders.jpeg.encode(shown))
        (folder / TORSO / f"{index}.png").write_bytes(encoders.cut_out.encode(torso))
        if self.face:
            face = face_weights(labels, seen.landmarks[index])
            (folder / PARSING / f"{index}_face.png").write_bytes(encoders.faces.encode(face))
            head = _three(labelled(labels, *HEAD))
            (folder / FACE_MASK / f"{index}.png").write_bytes(encoders.heads.encode(head))


class _Encoders(threading.local):
    """Of each thread its own: an encoder has one picture at a time."""

    def __init__(self, scheme: Scheme) -> None:
        self.jpeg, self.parsing, self.cut_out = ImageEncoder(lossy=True), ImageEncoder(scheme.palette), ImageEncoder()
        self.faces, self.heads = ImageEncoder(FACE_PALETTE), ImageEncoder()


def _three(mask: Mask) -> Pixels:
    """A mask in three channels, since the reader takes the first of the file's own."""
    return np.repeat(np.where(mask, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
