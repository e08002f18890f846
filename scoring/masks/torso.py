"""Pictures without their background, and torsos without their head.

Trainers draw the head over the torso's picture. So that no gap shows where the head moves up, neck and torso are
continued upwards below the head, column by column: the colour at their upper edge, darker and darker.
"""

import numpy as np
import numpy.typing as npt

from take5.scoring.masks.filters import blurred, replaced, with_alpha
from take5.scoring.masks.labels import HEAD, Label, Labels, Mask, labelled

Picture = npt.NDArray[np.uint8]
Indices = npt.NDArray[np.intp]

TORSO_ROWS, NECK_ROWS = 9, 53
"""Number of rows over which torso and neck are continued, the first at their own edge."""

DARKER = 0.98
"""Brightness of a row relative to that below it."""

GROWN = 3
"""Rows by which the neck is taken to be higher and lower."""

DEEPER = 4
"""Rows below the neck's upper edge, at the jaw's shadow, from which its colour is taken."""

BLUR = 4.0, 2
"""Standard deviation and radius of the blur that hides the columns."""


def without_background(rgb: Picture, labels: Labels, background: Picture) -> Picture:
    """``gt_imgs``: the picture [H, W, 3] with its background replaced by the one of all frames."""
    return replaced(rgb, labels == Label.BACKGROUND, background)


def torso_picture(picture: Picture, labels: Labels, background: Picture, *, to_mean: bool = False) -> Picture:
    """``torso_imgs``: neck and torso, continued upwards behind the head, as RGBA [H, W, 4]; all else is 0.

    Parameters
    ----------
    picture : ndarray uint8 [H, W, 3]
        From :func:`without_background`.
    labels : ndarray uint8 [H, W]
        Its labels.
    background : ndarray uint8 [H, W, 3]
        The background of all frames.
    to_mean : bool
        Whether the neck's colour fades to its mean instead of darkening, as SyncTalk has it.
    """
    head, torso = labelled(labels, *HEAD), labelled(labels, Label.TORSO)
    neck = _grown(labelled(labels, Label.NECK))
    image = picture.copy()
    shown = neck | torso
    for mask, length, deeper in ((torso, TORSO_ROWS, 0), (neck, NECK_ROWS, DEEPER)):
        rows, columns = _tops_below(mask, head)
        rows = rows + np.minimum(mask[:, columns].sum(axis=0) - 1, deeper)
        mean = picture[neck].mean(axis=0) if mask is neck and to_mean and len(rows) else None
        drawn = _continue(image, rows, columns, _shades(picture[rows, columns].astype(np.float32), length, mean))
        shown |= drawn
        if mask is neck:
            _blur(image, drawn, head & ~shown, background)
    rgba = with_alpha(image)
    rgba.view(np.uint32)[..., 0] *= shown  # a pixel at a time
    return rgba


def _grown(mask: Mask) -> Mask:
    grown = mask.copy()
    for step in range(1, GROWN + 1):
        grown[step:] |= mask[:-step]
        grown[:-step] |= mask[step:]
    return grown


def _tops_below(mask: Mask, head: Mask) -> tuple[Indices, Indices]:
    """Rows and columns of a mask's uppermost pixels, in the columns where the head is right above."""
    columns = np.flatnonzero(mask.any(axis=0))
    rows = mask[:, columns].argmax(axis=0)
    below = (rows > 0) & head[np.maximum(rows - 1, 0), columns]
    return rows[below], columns[below]


def _shades(
    colours: npt.NDArray[np.float32], length: int, mean: npt.NDArray[np.floating] | None
) -> npt.NDArray[np.float32]:
    """Colours [length, n, 3] upwards."""
    if mean is None:
        return colours * (DARKER ** np.arange(length, dtype=np.float32))[:, None, None]
    share = np.linspace(1, 0, length, dtype=np.float32)[:, None, None]
    return np.asarray(colours * share + mean * (1 - share), dtype=np.float32)


def _continue(image: Picture, rows: Indices, columns: Indices, shades: npt.NDArray[np.float32]) -> Mask:
    """Draw columns upwards from these pixels, and return where."""
    drawn = np.zeros(image.shape[:2], dtype=np.bool_)
    places = rows - np.arange(len(shades))[:, None]
    step, column = np.nonzero(places >= 0)
    place = places[step, column], columns[column]
    image[place] = shades[step, column].astype(np.uint8)
    drawn[place] = True
    return drawn


def _blur(image: Picture, where: Mask, hidden: Mask, background: Picture) -> None:
    """Blur a part of an image as if the background were seen where the head is."""
    if not where.any():
        return
    rows, columns = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
    margin = 2 * BLUR[1]
    (top, left), (bottom, right) = (rows[0], columns[0]), (rows[-1], columns[-1])
    box = np.s_[max(top - margin, 0) : bottom + margin + 1, max(left - margin, 0) : right + margin + 1]
    smooth = blurred(np.where(hidden[box][..., None], background[box], image[box]).astype(np.float32), *BLUR)
    np.copyto(image[box], np.rint(smooth).astype(np.uint8), where=where[box][..., None])
