"""Results of MediaPipe's ``FaceLandmarker``, read as arrays.

MediaPipe's own result creates an object for each of 478 landmarks: 1.2 ms of CPU per frame, during which nothing else
in the process runs. Its C result has the same layout in every version that the project allows.
"""

import ctypes
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from mediapipe.tasks.python.components.containers.category_c import CategoryC
from mediapipe.tasks.python.components.containers.landmark_c import NormalizedLandmarkC
from mediapipe.tasks.python.vision.face_landmarker import FaceLandmarkerResultC


def _columns(struct: type[ctypes.Structure], **formats: str) -> np.dtype[np.void]:
    """Some fields of an array of C structures, as NumPy sees them."""
    offsets = [getattr(struct, name).offset for name in formats]
    names, types = list(formats), list(formats.values())
    return np.dtype({"names": names, "formats": types, "offsets": offsets, "itemsize": ctypes.sizeof(struct)})


LANDMARK = _columns(NormalizedLandmarkC, x="<f4", y="<f4")
CATEGORY = _columns(CategoryC, index="<i4", score="<f4")


@dataclass(frozen=True, eq=False)
class Mesh:
    """The first face of a frame.

    Attributes
    ----------
    points : numpy.ndarray
        Landmarks (x right, y down) as shares of the picture's width and height, float64, shape [478, 2].
    blendshapes : numpy.ndarray
        Coefficients in [0, 1], in MediaPipe's order, float32, shape [52].
    transformation : numpy.ndarray
        From the canonical face to the camera, float64, shape [4, 4].
    """

    points: npt.NDArray[np.float64]
    blendshapes: npt.NDArray[np.float32]
    transformation: npt.NDArray[np.float64]


def detect_for_video(landmarker: Any, image: Any, ms: int) -> Mesh | None:
    """The first face in the next frame of a ``FaceLandmarker`` in VIDEO mode, or None.

    Parameters
    ----------
    landmarker : mediapipe.tasks.python.vision.FaceLandmarker
        With blendshapes and transformation matrixes.
    image : mediapipe.Image
        The frame.
    ms : int
        Its time, above that of the frame before.
    """
    return _first_face(landmarker, "MpFaceLandmarkerDetectForVideo", image, ms)


def detect_in_image(landmarker: Any, image: Any) -> Mesh | None:
    """The first face in a picture, by a ``FaceLandmarker`` in IMAGE mode, or None; parameters as above."""
    return _first_face(landmarker, "MpFaceLandmarkerDetectImage", image)


def _first_face(landmarker: Any, function: str, image: Any, *when: int) -> Mesh | None:
    library, found = landmarker._lib, FaceLandmarkerResultC()  # noqa: SLF001 - see above
    detect = getattr(library, function)
    detect(landmarker._handle, image._image_ptr, None, *when, ctypes.byref(found))  # noqa: SLF001
    try:
        return _mesh(found) if found.face_landmarks_count else None
    finally:
        library.MpFaceLandmarkerCloseResult(ctypes.byref(found))


def _mesh(found: Any) -> Mesh:
    """Copy a result, which MediaPipe frees."""
    landmarks, categories = found.face_landmarks[0], found.face_blendshapes[0]
    points = _rows(landmarks.landmarks, landmarks.landmarks_count, LANDMARK)
    shapes = _rows(categories.categories, categories.categories_count, CATEGORY)
    blendshapes = np.zeros(len(shapes), dtype=np.float32)
    blendshapes[shapes["index"]] = shapes["score"]
    transformation = found.facial_transformation_matrixes[0].to_numpy().astype(np.float64)
    return Mesh(np.stack([points["x"], points["y"]], axis=1).astype(np.float64), blendshapes, transformation)


def _rows(pointer: Any, count: int, columns: np.dtype[np.void]) -> npt.NDArray[np.void]:
    """An array of C structures, not copied."""
    memory = (ctypes.c_char * (count * columns.itemsize)).from_address(ctypes.addressof(pointer.contents))
    return np.frombuffer(memoryview(memory).cast("B"), columns)
