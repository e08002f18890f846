"""What pictures of the rest of a recording show of the background, beyond those of the clip."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from take5.scoring.errors import UnreadableMedia
from take5.scoring.masks.background import BackgroundSeen
from take5.scoring.masks.filters import enlarged
from take5.scoring.masks.labels import Mask
from take5.scoring.masks.parsing import PERSON, person_probability
from take5.scoring.masks.resizing import shrunk
from take5.stream.bundles.masks.pictures import Pixels, read_picture
from take5.stream.bundles.masks.segmenting import PersonSegmenter

FAINT = 0.1
"""Probability of a person from which a pixel is not taken for background: nothing corrects these masks."""

MOVED = 20
"""Least median difference, out of 255, where the person sits throughout the clip, once the person has left."""


def add_elsewhere(
    seen: BackgroundSeen, paths: Iterable[Path], segmenter: PersonSegmenter, sitting: Mask, shown: Pixels
) -> int:
    """Add pictures of the clip's place in the clip's light; return how many.

    A picture in which the network sees no one counts only if it differs from the picture ``shown`` where the person
    sits throughout the clip (``sitting``): the network may have missed the person.
    """
    known = seen.background()
    if known is None:
        return 0
    added = 0
    for rgb in _readable(paths):
        if rgb.shape != shown.shape:
            continue
        small = person_probability(segmenter.see(shrunk(rgb, segmenter.height, segmenter.width)))
        person = enlarged(small[..., None], *rgb.shape[:2])[..., 0] >= FAINT
        matched = known.matched(rgb, person)
        if matched is not None and (bool((small >= PERSON).any()) or _is_gone(matched, sitting, shown)):
            seen.add(matched, person)
            added += 1
    return added


def _readable(paths: Iterable[Path]) -> Iterator[Pixels]:
    """The pictures that can be read: without the others masks are only a little worse."""
    for path in paths:
        with suppress(UnreadableMedia):
            yield read_picture(path)


def _is_gone(rgb: Pixels, sitting: Mask, shown: Pixels) -> bool:
    if not sitting.any():
        return False
    return float(np.median(np.abs(rgb[sitting].astype(np.int16) - shown[sitting]))) >= MOVED
