"""Measures from the 68 landmarks, the pose and the blendshapes of one frame: geometry, eyes, mouth, gaze.

Lengths are in pixels of the picture, landmarks in iBUG order.
"""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

JAW = slice(0, 17)
BROWS = slice(17, 27)
LEFT_EYE = slice(36, 42)
RIGHT_EYE = slice(42, 48)
INNER_LIPS = slice(60, 68)
CHIN = 8

LEFT_BLINK, RIGHT_BLINK = 9, 10
LOOK_DOWN = (11, 12)
LOOK_IN = (13, 14)  # left eye, right eye: the subject's own
LOOK_OUT = (15, 16)
LOOK_UP = (17, 18)

FOREHEAD = 0.35
"""Height of the forehead, which has no landmarks, relative to brows to chin; about half in most people."""


class MeasurableFace(Protocol):
    """A face as tracked."""

    @property
    def landmarks(self) -> Floats:
        """The 68 iBUG points [68, 2] in pixels of the picture, x right, y down."""

    @property
    def pose(self) -> Floats:
        """Yaw, pitch, roll in degrees [3]."""

    @property
    def blendshapes(self) -> NDArray[np.float32]:
        """MediaPipe's 52 coefficients in [0, 1], in its order."""


class FaceMeasures(NamedTuple):
    """See :class:`take5.scoring.gates.measures.FrameMeasures` for the units."""

    face_width: float
    face_height: float
    inter_eye: float
    closeness: float
    margin: float
    centre_x: float
    centre_y: float
    yaw: float
    pitch: float
    roll: float
    eye_open: float
    blink: float
    mouth_open: float
    mouth_area: float
    gaze_x: float
    gaze_y: float


def measure_face(face: MeasurableFace, width: int, height: int) -> FaceMeasures:
    """Measure the face in a picture of ``width`` x ``height`` pixels."""
    points = face.landmarks
    yaw, pitch, roll = face.pose.tolist()
    left, top, right, bottom = face_box(points)
    eyes = inter_eye(points, yaw)
    gaze_x, gaze_y = gaze(face.blendshapes)
    return FaceMeasures(
        face_width=right - left,
        face_height=bottom - top,
        inter_eye=eyes,
        closeness=(right - left) / min(width, height),
        margin=min(left, top, width - right, height - bottom) / (right - left),
        centre_x=(left + right) / (2 * width) - 0.5,
        centre_y=(top + bottom) / (2 * height) - 0.5,
        yaw=yaw,
        pitch=pitch,
        roll=roll,
        eye_open=(eye_aspect(points[LEFT_EYE]) + eye_aspect(points[RIGHT_EYE])) / 2,
        blink=float(face.blendshapes[LEFT_BLINK] + face.blendshapes[RIGHT_BLINK]) / 2,
        mouth_open=mouth_gap(points[INNER_LIPS]) / eyes,
        mouth_area=polygon_area(points[INNER_LIPS]),
        gaze_x=gaze_x,
        gaze_y=gaze_y,
    )


def face_box(points: Floats) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of the face from the hairline to the chin, ear to ear, in pixels."""
    left, right = points[JAW, 0].min(), points[JAW, 0].max()
    brows, bottom = points[BROWS, 1].min(), points[JAW, 1].max()
    return float(left), float(brows - FOREHEAD * (bottom - brows)), float(right), float(bottom)


def inter_eye(points: Floats, yaw: float) -> float:
    """Distance between the middles of the eyes in pixels, corrected for a turned head: divided by cos(yaw).

    As in ISO/IEC 29794-5 (OFIQ).
    """
    distance = np.linalg.norm(points[LEFT_EYE].mean(axis=0) - points[RIGHT_EYE].mean(axis=0))
    return float(distance / max(np.cos(np.deg2rad(yaw)), 0.1))


def eye_aspect(eye: Floats) -> float:
    """Eye aspect ratio: height over width of an eye's six points [6, 2]; about 0.3 open, below 0.15 shut.

    Soukupova and Cech, "Real-Time Eye Blink Detection using Facial Landmarks", CVWW 2016, equation 1.
    """
    outer, upper_outer, upper_inner, inner, lower_inner, lower_outer = eye
    heights = np.linalg.norm(upper_outer - lower_outer) + np.linalg.norm(upper_inner - lower_inner)
    return float(heights / (2 * np.linalg.norm(outer - inner)))


def mouth_gap(inner: Floats) -> float:
    """Distance between the middles of the two inner lips [8, 2] in pixels."""
    return float(np.linalg.norm(inner[2] - inner[6]))


def polygon_area(points: Floats) -> float:
    """Area inside a closed polygon [n, 2], in square units (the shoelace formula)."""
    x, y = points.T
    return float(abs(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) + x[-1] * y[0] - x[0] * y[-1]) / 2)


def gaze(blendshapes: NDArray[np.float32]) -> tuple[float, float]:
    """Gaze relative to the head: (towards the picture's right, upwards), each in [-1, 1].

    The mean over both eyes of MediaPipe's ``eyeLook`` coefficients; not an angle.
    """
    left = blendshapes[LOOK_OUT[0]] - blendshapes[LOOK_IN[0]]  # the subject's left is the picture's right
    right = blendshapes[LOOK_IN[1]] - blendshapes[LOOK_OUT[1]]
    up = blendshapes[list(LOOK_UP)].sum() - blendshapes[list(LOOK_DOWN)].sum()
    return float(left + right) / 2, float(up) / 2
