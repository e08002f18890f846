"""The network that sees persons, as masks ask it."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class PersonSegmenter(Protocol):
    """Sees where the person is: :class:`take5.scoring.models.segmenter.Segmenter`."""

    name: str
    sha256: str
    height: int
    width: int

    def see(self, small: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities [height, width, C] in a picture [height, width, 3]."""
