"""The background behind a person who moves: each pixel from the picture in which the person was furthest from it.

Trainers find it so among the frames of their clip. Here pictures are added one by one, as few or as many as there are,
and memory is that of two pictures. A pixel that the person was never more than :data:`CLEAR` pixels away from is taken
from the nearest one that is known.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

from take5.scoring.errors import ParameterError
from take5.scoring.masks.filters import distances
from take5.scoring.masks.labels import Mask

Picture = npt.NDArray[np.uint8]

CLEAR = 5
"""Distance in pixels from the person above which a pixel shows the background, as for the trainers."""

ADJUSTED, ALIKE = 24, 8
"""Largest difference of a colour, of 255, of two pictures of the same place in the same light, and what may be left of
it, in the median, once it is taken away."""

COMPARED = 0.01
"""Least share of a picture that must be comparable."""

FURTHEST = 255
"""Largest distance that counts: beyond it the first picture stays."""


@dataclass(frozen=True, eq=False)
class Background:
    """What is known of a background.

    Attributes
    ----------
    picture : ndarray uint8 [H, W, 3]
        The background, filled where it was never seen.
    seen : ndarray bool [H, W]
        Where it was seen.
    """

    picture: Picture
    seen: Mask

    @property
    def share_seen(self) -> float:
        """Share of the picture that was seen."""
        return float(self.seen.mean())

    def matched(self, rgb: Picture, person: Mask) -> Picture | None:
        """A picture whose person is where a mask says, in the exposure and white balance of this background.

        Cameras adjust both when somebody moves. None if it shows another place, or the same in another light.
        """
        both = self.seen & (_distances(person) > CLEAR)
        if both.mean() < COMPARED:
            return None
        apart = self.picture[both].astype(np.int16) - rgb[both]
        shift = np.median(apart, axis=0)
        if np.abs(shift).max() > ADJUSTED or np.median(np.abs(apart - shift)) > ALIKE:
            return None
        return np.asarray(np.clip(np.rint(rgb + shift), 0, 255), np.uint8)


class BackgroundSeen:
    """Accumulates a background over pictures of one size.

    Parameters
    ----------
    height, width : int
        Size of the pictures in pixels.
    """

    def __init__(self, height: int, width: int) -> None:
        self._picture = np.zeros((height, width, 3), dtype=np.uint8)
        self._distance = np.zeros((height, width), dtype=np.uint8)
        self.pictures = 0

    def add(self, rgb: Picture, person: Mask) -> None:
        """Take the background of a picture [H, W, 3] whose person is where a mask [H, W] says.

        Raises
        ------
        ParameterError
            If their sizes are not those of the background.
        """
        if rgb.shape != self._picture.shape or person.shape != self._distance.shape:
            raise ParameterError(
                f"a picture of shape {rgb.shape} with a mask of shape {person.shape} does not fit a background of "
                f"shape {self._picture.shape}; give pictures of one size"
            )
        away = _distances(person)
        better = away > self._distance
        self._picture[better] = rgb[better]
        self._distance[better] = away[better]
        self.pictures += 1

    def background(self) -> Background | None:
        """The background so far; None if nothing of it was seen."""
        seen = self._distance > CLEAR
        if not seen.any():
            return None
        nearest = distance_transform_edt(~seen, return_distances=False, return_indices=True)
        return Background(self._picture[tuple(nearest)], seen)


def _distances(person: Mask) -> npt.NDArray[np.uint8]:
    if not person.any():
        return np.full(person.shape, FURTHEST, dtype=np.uint8)
    return np.minimum(distances(person), FURTHEST).astype(np.uint8)
