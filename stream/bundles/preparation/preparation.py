"""One preparation: what it is given, and what it writes."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from take5.scoring.head_pose import HeadPose, head_pose
from take5.scoring.models.face_geometry import CanonicalFace
from take5.stream.wire import Json


@dataclass(frozen=True, eq=False)
class SeenPictures:
    """The pictures of a bundle, each seen by itself.

    Attributes
    ----------
    folder : Path
        The bundle.
    size : tuple of int
        Width and height of its pictures in pixels.
    meshes : ndarray float64 [N, 478, 2]
        MediaPipe's landmarks in pixels.
    blendshapes : ndarray float32 [N, 52]
        MediaPipe's, ``_neutral`` first.
    face : CanonicalFace
        MediaPipe's.
    longer_side : float or None
        Of the recording's pictures, in pixels of the bundle; None where it is unknown.
    """

    folder: Path
    size: tuple[int, int]
    meshes: NDArray[np.float64]
    blendshapes: NDArray[np.float32]
    face: CanonicalFace
    longer_side: float | None = None

    @property
    def frames(self) -> int:
        """N."""
        return len(self.meshes)

    @cached_property
    def head(self) -> HeadPose:
        """The head's poses."""
        return head_pose(self.meshes, self.size, self.face.vertices, longer_side=self.longer_side)


class Preparation(Protocol):
    """Some of a trainer's steps."""

    @property
    def name(self) -> str:
        """Its key in the manifest."""

    def paths(self, frames: int) -> list[str]:
        """Its files, below the bundle's folder."""

    def write(self, folder: Path, seen: SeenPictures) -> Json:
        """Write them into ``folder``, whatever the bundle's own is, and return what the manifest says of them."""
