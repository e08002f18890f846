"""A face tracker that runs MediaPipe's networks directly, in LiteRT.

The landmark and blendshape networks, the canonical face and the detector are those inside ``face_landmarker.task``;
what lies between them is this project's: the square around the face, and the filter that steadies landmarks.
docs/trackers.md compares it with :class:`~take5.scoring.models.face.FaceTracker`. Motion complexity by different
trackers does not compare, since each smooths in its own way.

References
----------
Grishchenko et al., "Attention Mesh: High-fidelity Face Mesh Prediction in Real-time", 2020.
Grishchenko et al., "Blendshapes GHUM: Real-time Monocular Facial Blendshape Prediction", 2023.
"""

from contextlib import nullcontext
from operator import index
from pathlib import Path
from typing import Self

import numpy as np

from take5.scoring.errors import ParameterError
from take5.scoring.models.detector import FaceDetector
from take5.scoring.models.face import IBUG, FaceObservation, euler_zyx, part_of
from take5.scoring.models.face_geometry import FaceGeometry
from take5.scoring.models.face_rect import LEFT_EYE, MARGIN, RIGHT_EYE, FaceRect
from take5.scoring.models.ibug import BLENDSHAPE_POINTS
from take5.scoring.models.litert import Float32, Network, check_installed
from take5.scoring.models.region import Region
from take5.scoring.models.runtime import Picture, Quiet, checked_picture
from take5.scoring.models.steadying import Steadying

PRESENCE = 0.0
"""Least logit of a face, 0.5 as a probability, as in MediaPipe's tracker."""


class LiteRTTracker:
    """Follows one face through a video.

    Runs that begin at different times agree in every bit once they have seen the same square and the filter's memory
    has passed. Of 80 late runs on four real clips the last had the same square after five frames, so after
    :data:`~take5.scoring.parameters.LEAD_IN_FRAMES` all agreed.

    Parameters
    ----------
    model_path : pathlib.Path
        ``face_landmarker.task``.
    region : Region, optional
        As for :class:`~take5.scoring.models.face.FaceTracker`.
    quiet : Quiet
        Suppresses the output of LiteRT, and of MediaPipe, whose detector finds the face that is then followed.

    Raises
    ------
    ModelDamaged
        If the file is missing or invalid.
    LibraryMissing
        If LiteRT or OpenCV is not installed.
    """

    def __init__(self, model_path: Path, region: Region | None = None, quiet: Quiet = nullcontext) -> None:
        check_installed()
        self._landmarks = Network(model_path, "face_landmarks_detector.tflite", quiet)
        self._expression = Network(model_path, "face_blendshapes.tflite", quiet)
        self._geometry = FaceGeometry(model_path)
        self._start = FaceStart(model_path, quiet)
        self._region = region
        self._rect: FaceRect | None = None
        self._steadying = Steadying()
        self._last = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the detector; may be called repeatedly."""
        self._rect = None
        self._start.close()

    def track(self, rgb: Picture, frame: int) -> FaceObservation | None:
        """Track the next frame; see :meth:`take5.scoring.models.face.FaceTracker.track`."""
        rgb = checked_picture(rgb)
        frame = index(frame)
        if frame <= self._last:
            raise ParameterError(f"frame={frame} must be above the frame before, {self._last}")
        self._last = frame
        region, part = part_of(rgb, self._region)
        points = self._follow(part)
        if points is None:
            self._steadying.start_again()
            return None
        unit = float(np.hypot(*(points[RIGHT_EYE] - points[LEFT_EYE])[:2]))
        steadied = self._steadying.push(points, unit)
        return FaceObservation(
            landmarks=np.add(steadied[IBUG, :2], (region.left, region.top), dtype=np.float64),
            pose=euler_zyx(self._geometry.rotation(steadied, region.width, region.height)),
            blendshapes=self._expression.run(steadied[np.newaxis, BLENDSHAPE_POINTS, :2])[0],
        )

    def _follow(self, part: Picture) -> Float32 | None:
        """Landmarks [478, 3] in the square where the face should be, else where the detector finds it."""
        points = None if self._rect is None else self._see(part, self._rect)
        if points is None and (found := self._start.find(part)) is not None:
            points = self._see(part, found)
            if points is not None:  # nearer to the square of a run that has followed the face for longer
                again = self._see(part, FaceRect.around(points[:, :2]))
                points = points if again is None else again
        self._rect = None if points is None else FaceRect.around(points[:, :2])
        return points

    def _see(self, part: Picture, rect: FaceRect) -> Float32 | None:
        """Landmarks in a square; None if the network sees no face there."""
        rect = rect.rounded()
        points, presence, _ = self._landmarks.run(rect.cut(part)[np.newaxis])
        return rect.to_picture(points.reshape(-1, 3)) if presence.item() >= PRESENCE else None


class FaceStart(FaceDetector):
    """Finds the face to follow."""

    def find(self, rgb: Picture) -> FaceRect | None:
        """The square around the most certain face in ``rgb`` (uint8, [H, W, 3]); None without a face."""
        faces = self._detect(rgb)
        if not faces:
            return None
        face = faces[0]
        x, y = face.left + face.width / 2, face.top + face.height / 2
        return FaceRect(x, y, MARGIN * max(face.width, face.height), face.angle)
