"""``background/<i>.jpg``: the bundle's square in pictures of the rest of the recording, which trainers do not read."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import av

from take5.scoring.errors import Take5Error
from take5.stream.bundles.frames import Jpeg, cropped
from take5.stream.bundles.part import Draft, Found, Violation
from take5.stream.recording.spread import MOST

FOLDER = "background"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BackgroundImages:
    """Pictures from which masks learn more of the background than the window shows; none of a recording without more.

    They are of the same size as the window's pictures: a phone may have been turned.
    """

    needed: bool = False

    def paths(self, name: str, frames: int) -> list[str]:  # noqa: ARG002 - of every part
        """As many as there may be."""
        return [f"{FOLDER}/{index}.jpg" for index in range(MOST)]

    def write(self, draft: Draft) -> None:
        """Write those that can be made: they may cost no bundle."""
        try:
            self._write(draft)
        except (Take5Error, av.FFmpegError, ValueError) as error:
            log.warning("%s: pictures of the rest of the recording are not in the bundle (%s)", draft.name, error)

    def _write(self, draft: Draft) -> None:
        footage, crop = draft.footage, draft.crop
        spread = footage.material.spread(footage.start, footage.stop)
        pictures = (picture for picture in spread if picture.size == crop.picture)
        jpeg = Jpeg(crop.size)
        for path, frame in zip(self.paths(draft.name, footage.frames), cropped(pictures, crop), strict=False):
            (draft.folder / FOLDER).mkdir(exist_ok=True)
            (draft.folder / path).write_bytes(jpeg.encode(frame))

    def check(self, found: Found) -> Iterator[Violation]:  # noqa: ARG002 - of every part
        """Yield nothing: no trainer reads them."""
        yield from ()
