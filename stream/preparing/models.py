"""The models that see faces and persons in a bundle's pictures."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from take5.scoring.models.face import FaceReader
from take5.scoring.models.face_geometry import canonical_face
from take5.scoring.models.runtime import Quiet
from take5.scoring.models.segmenter import Segmenter
from take5.stream.bundles.masks.labelling import OpenSegmenter
from take5.stream.bundles.preparation.prepare import FaceModel
from take5.stream.model_files.cache import ensure, model_file

FACES = "face_landmarker"


def face_model(on_status: Callable[[str], None] = lambda _: None, quiet: Quiet = nullcontext) -> FaceModel:
    """What sees faces, fetched where it is missing."""
    path = ensure(FACES, on_status)
    return FaceModel(lambda: FaceReader(path, quiet), canonical_face(path), FACES, model_file(FACES).sha256)


def segmenter(path: Path, quiet: Quiet = nullcontext) -> OpenSegmenter:
    """The network at a path, opened at once so that what is wrong with it is said before the work."""
    opened = Segmenter(path, quiet)
    return lambda: opened
