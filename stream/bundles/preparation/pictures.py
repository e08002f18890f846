"""Sees the faces in a bundle's pictures, each picture by itself, with all landmarks of the mesh."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import av
import numpy as np
from numpy.typing import NDArray

from take5.scoring.errors import NoFace, UnreadableMedia
from take5.scoring.models.face_geometry import CanonicalFace
from take5.scoring.models.landmarks import Mesh
from take5.scoring.models.region import Region
from take5.stream.bundles.part import numbered_files
from take5.stream.bundles.parts.images import FOLDER, POINTS, read_landmarks, shown_numbers
from take5.stream.bundles.picture_faces import square_around
from take5.stream.bundles.preparation.preparation import SeenPictures

OnPicture = Callable[[int, int], None]
"""Called with the number of pictures seen, and N."""


class MeshReader(Protocol):
    """Sees the mesh of a face in single pictures."""

    def mesh(self, rgb: NDArray[np.uint8], region: Region | None = None) -> Mesh | None:
        """Return the face in a picture, or in a region of it, in pixels of the picture."""


OpenReader = Callable[[], AbstractContextManager[MeshReader]]


def see_pictures(
    folder: Path, face: CanonicalFace, reader: OpenReader, longer_side: float | None, on_picture: OnPicture
) -> SeenPictures:
    """See every picture of a bundle.

    Raises
    ------
    UnreadableMedia
        If there are no pictures, one is missing or unreadable, or they differ in size.
    NoFace
        If no face is seen in some of them.
    """
    paths = picture_paths(folder)
    meshes: list[Mesh | None] = []
    sizes = set()
    with reader() as opened:
        for number, path in enumerate(paths):
            rgb = read_picture(path)
            sizes.add((rgb.shape[1], rgb.shape[0]))
            meshes.append(opened.mesh(rgb) or _mesh_around(opened, rgb, path.with_suffix(".lms")))
            on_picture(number + 1, len(paths))
    if len(sizes) > 1:
        raise UnreadableMedia(f"{folder}/{FOLDER}: pictures have several sizes; make the bundle again")
    seen = [mesh for mesh in meshes if mesh is not None]
    if len(seen) < len(meshes):
        lost = [number for number, mesh in enumerate(meshes) if mesh is None]
        raise NoFace(
            f"{folder}/{FOLDER}: no face is seen in the pictures {shown_numbers(lost)}, so they have no pose; "
            "run the trainer's own head tracking, or choose another clip"
        )
    points, blendshapes = np.stack([mesh.points for mesh in seen]), np.stack([mesh.blendshapes for mesh in seen])
    return SeenPictures(folder, sizes.pop(), points, blendshapes, face, longer_side)


def _mesh_around(reader: MeshReader, rgb: NDArray[np.uint8], landmarks: Path) -> Mesh | None:
    """The mesh in a square around where the bundle has the face."""
    points = read_landmarks(landmarks)
    if points is None or points.shape != (POINTS, 2) or not np.isfinite(points).all():
        return None
    return reader.mesh(rgb, square_around(points, rgb.shape[1], rgb.shape[0]))


def picture_paths(folder: Path) -> list[Path]:
    """0.jpg, 1.jpg and so on of a bundle; raise UnreadableMedia if one is missing, or there are none."""
    files = numbered_files(folder / FOLDER, ".jpg")
    if not files:
        raise UnreadableMedia(f"{folder}/{FOLDER}: has no pictures; give a bundle that take5 has made")
    absent = sorted(set(range(max(files) + 1)) - set(files))
    if absent:
        raise UnreadableMedia(f"{folder}/{FOLDER}: {shown_numbers(absent)}.jpg missing; make the bundle again")
    return [files[number] for number in range(len(files))]


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Pixels of a JPEG [H, W, 3].

    Raises
    ------
    UnreadableMedia
        If it is not one.
    """
    try:
        with av.open(str(path)) as container:
            return np.asarray(next(container.decode(video=0)).to_ndarray(format="rgb24"))
    except (av.FFmpegError, IndexError, StopIteration, OSError) as error:
        raise UnreadableMedia(f"{path}: is not a readable picture; make the bundle again") from error
