"""``au.csv``: how far the eyes are closed in each picture, as OpenFace's action unit 45."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from take5.scoring.gates.face import LEFT_BLINK, RIGHT_BLINK
from take5.scoring.parameters import FPS
from take5.stream.bundles.parts.features import UNITS
from take5.stream.bundles.preparation.preparation import SeenPictures
from take5.stream.wire import Json

OPEN = 0.25
"""Share of the frames in which eyes are open at least as far as the person's own open eyes are taken to be."""

STRONGEST = 5.0
"""OpenFace's scale ends here. Loaders take 2 and more for closed."""


@dataclass(frozen=True)
class Blinks:
    """``AU45_r`` alone, from MediaPipe's blendshapes; OpenFace's other columns are not made."""

    name: str = "action_units"

    def paths(self, frames: int) -> list[str]:  # noqa: ARG002 - of every preparation
        """Its one file."""
        return [UNITS]

    def write(self, folder: Path, seen: SeenPictures) -> Json:
        """Write it: names as loaders look for them, with a blank before each but the first."""
        closed = closed_eyes(seen.blendshapes)
        rows = [f"{i + 1}, {i / FPS:.3f}, {value:.2f}" for i, value in enumerate(closed)]
        (folder / UNITS).write_text("\n".join(["frame, timestamp, AU45_r", *rows]) + "\n", encoding="ascii")
        return {"columns": ["AU45_r"], "strongest_blink": round(float(closed.max()), 2)}


def closed_eyes(blendshapes: NDArray[np.float32]) -> NDArray[np.float64]:
    """Closure of the eyes [N] from 0 to 5: 0 for the person's own open eyes, 5 where both blinks are 1.

    MediaPipe's blinks of closed eyes are 0.5 to 0.8, which become 2 to 4, as with OpenFace.
    """
    both = blendshapes[:, [LEFT_BLINK, RIGHT_BLINK]].mean(axis=1, dtype=np.float64)
    rest = min(float(np.quantile(both, OPEN)), 0.5)
    return np.asarray(np.clip((both - rest) / (1 - rest), 0, 1) * STRONGEST)
