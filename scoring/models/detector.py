"""Face detection: the sparse count of faces, and the search for a small one.

Both run the short-range BlazeFace detector inside ``face_landmarker.task``, the one that also starts the face tracker,
on the picture shrunk to 128x128.

**Why not count with the landmarker.** At 1280x720 the detector costs 2.6 ms of CPU, an IMAGE-mode ``FaceLandmarker``
for two faces 12.4 ms. Share of 72 doctored pictures per column (a second face pasted into three real clips, its width
relative to the frame's) in which they see it:

===================== ==== ==== ==== ==== ====
second face           30 % 20 % 15 % 12 % 10 %
===================== ==== ==== ==== ==== ====
detector              100  100  100  69   15
landmarker            100  100  100  65   8
detector, 1/3 cut off 50   84   15   4    0
detector, 1/2 cut off 0    10   0    0    0
===================== ==== ==== ==== ==== ====

In 2,054 pictures of four real clips with one face, that face scored at least 0.88 and nothing else more than 0.34: with
a threshold of 0.5, no false second face and none missed. A face too small for this detector is too small for the
tracker to jump to. (Searching the two squares of the short side as well would find faces of 8 %, at three times the
cost.)

References
----------
Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019.
"""

import math
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mediapipe.tasks.python import BaseOptions, vision

from take5.scoring.models.region import Region
from take5.scoring.models.runtime import Closing, Picture, Quiet, Task, as_image, bundled_model, checked_picture

MEMBER = "face_detector.tflite"
"""The detector inside the ``.task`` archive."""

CONFIDENCE = 0.5
"""Least score of a face, as in the face tracker."""

OVERLAP = 0.3
"""Least intersection over union of two detections of the same face."""

SURE = 0.75
"""Score that ends the finder's search: a face just too small was seen to score 0.53 in a box of twice its width."""

WIDE = 0.15
"""Least width of a face, relative to the picture's longer side, that the tracker finds without a region."""

FACE_WIDTHS = 4
"""Side of a region in widths of the face: a face a quarter as wide is detected reliably and has room to move."""

GRID_STEPS = 8
"""A region's corner lies on multiples of 1/8 of the picture's shorter side; its side is a multiple of 1/4."""


@dataclass(frozen=True)
class Detection:
    """A face's box in pixels, its score in [0, 1], and by how much its eyes are turned clockwise, in radians."""

    score: float
    left: int
    top: int
    width: int
    height: int
    angle: float = 0.0


class FaceDetector(Closing):
    """The detector itself.

    Parameters
    ----------
    model_path : pathlib.Path
        ``face_landmarker.task``.
    quiet : Quiet
        Suppresses MediaPipe's output; by default nothing does.

    Raises
    ------
    ModelDamaged
        If the file is missing or invalid.
    """

    def __init__(self, model_path: Path, quiet: Quiet = nullcontext) -> None:
        self._model = bundled_model(model_path, MEMBER)  # MediaPipe may read from it as long as the task lives
        options = vision.FaceDetectorOptions(
            base_options=BaseOptions(model_asset_buffer=self._model),
            min_detection_confidence=CONFIDENCE,
            min_suppression_threshold=OVERLAP,
        )
        self._task = Task(model_path, lambda: vision.FaceDetector.create_from_options(options), quiet)

    def _detect(self, rgb: Picture) -> list[Detection]:
        """Faces in ``rgb``, highest score first."""
        found = [
            Detection(face.categories[0].score, box.origin_x, box.origin_y, box.width, box.height, _angle(face, rgb))
            for face in self._task.run(vision.FaceDetector.detect, as_image(rgb)).detections
            for box in [face.bounding_box]
        ]
        return sorted(found, key=lambda face: -face.score)


def _angle(face: Any, rgb: Picture) -> float:
    """How far the line from the first to the second eye is turned clockwise, in radians."""
    left, right = face.keypoints[:2]
    return math.atan2((right.y - left.y) * rgb.shape[0], (right.x - left.x) * rgb.shape[1])


class FaceCounter(FaceDetector):
    """Counts the faces in a picture, to detect a second person."""

    def count(self, rgb: Picture) -> int:
        """Number of faces in ``rgb`` (uint8, [H, W, 3]): 0, 1, or 2 for two and more."""
        return min(2, len(self._detect(rgb)))


class FaceFinder(FaceDetector):
    """Finds the part of a wide shot in which the tracker sees the face."""

    def find(self, rgb: Picture) -> Region | None:
        """Where to track.

        Parameters
        ----------
        rgb : numpy.ndarray
            Picture, uint8, shape [H, W, 3].

        Returns
        -------
        Region or None
            The whole picture if its most certain face is wide enough; else a square around it, on a coarse grid, so
            that repeated searches of a scene mostly give the same square. Searches the whole picture, then
            overlapping squares of its short side, then of half of it (down to faces of 4 % of the width at 16:9),
            until a score is high enough. None without a face.
        """
        rgb = checked_picture(rgb)
        height, width = rgb.shape[:2]
        short = min(height, width)
        best: Detection | None = None
        for side in (max(height, width), short, max(1, short // 2)):
            candidates = [*self._detect_in_tiles(rgb, side), *([best] if best else [])]
            best = max(candidates, key=lambda face: face.score, default=None)
            if best and best.score >= SURE:
                break
        return region_around(best, width, height) if best else None

    def _detect_in_tiles(self, rgb: Picture, side: int) -> list[Detection]:
        """Faces in the tiles of ``side`` pixels, in pixels of the whole picture; some may appear twice."""
        height, width = rgb.shape[:2]
        return [
            replace(face, left=face.left + tile.left, top=face.top + tile.top)
            for tile in tiles(width, height, side)
            for face in self._detect(tile.crop(rgb))
        ]


def tiles(width: int, height: int, side: int) -> Iterator[Region]:
    """Tiles of ``side`` pixels, cut off at the picture's border, that overlap by half of their side or more."""
    for top in _starts(height, side):
        for left in _starts(width, side):
            yield Region(left, top, min(side, width), min(side, height))


def _starts(length: int, side: int) -> list[int]:
    """First pixels of overlapping intervals of ``side`` that cover ``length``, both ends included."""
    if length <= side:
        return [0]
    steps = -(-2 * (length - side) // side)
    return [round(i * (length - side) / steps) for i in range(steps + 1)]


def region_around(face: Detection, width: int, height: int) -> Region:
    """Square of :data:`FACE_WIDTHS` or more around ``face``, on the grid; the whole picture for a wide face."""
    if face.width >= WIDE * max(width, height):
        return Region(0, 0, width, height)
    step = max(1, min(width, height) // GRID_STEPS)
    side = min(-(-FACE_WIDTHS * face.width // (2 * step)) * 2 * step, width, height)

    def start(centre: float, length: int) -> int:
        return min(max(0, round((centre - side / 2) / step) * step), length - side)

    return Region(start(face.left + face.width / 2, width), start(face.top + face.height / 2, height), side, side)
