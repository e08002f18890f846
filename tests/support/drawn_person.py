"""A person drawn of ellipses and polygons, with landmarks and the label of each pixel."""

import numpy as np
from numpy.typing import NDArray

from take5.scoring.masks.geometry import FaceFrame, face_outline, filled
from take5.scoring.masks.labels import Label

SIZE = 256
BACK = 200
COLOURS = {
    Label.BACKGROUND: (BACK, BACK, BACK),
    Label.FACE: (210, 160, 130),
    Label.MOUTH: (60, 10, 10),
    Label.HAIR: (50, 35, 25),
    Label.NECK: (180, 135, 108),
    Label.TORSO: (40, 70, 140),
}


class DrawnPerson:
    """A person, whose head is turned by ``roll`` radians about the chin."""

    def __init__(self, *, long_hair: bool = False, roll: float = 0.0) -> None:
        upright = drawn_landmarks()
        cosine, sine = np.cos(roll), np.sin(roll)
        turn = np.array([[cosine, sine], [-sine, cosine]])
        self.landmarks: NDArray[np.float64] = (upright - upright[8]) @ turn + upright[8]
        self.labels = self._labels(long_hair=long_hair)
        noise = np.random.default_rng(0).normal(0, 4, (SIZE, SIZE, 3))
        colours = np.array([COLOURS[label] for label in Label])[self.labels]
        self.rgb: NDArray[np.uint8] = np.clip(colours + noise, 0, 255).astype(np.uint8)

    def _labels(self, *, long_hair: bool) -> NDArray[np.uint8]:
        labels = np.zeros((SIZE, SIZE), dtype=np.uint8)
        frame = FaceFrame.of(self.landmarks)
        u, v = frame.grid(SIZE, SIZE)
        shoulders = v > 0.22 + 0.35 * np.square(np.abs(u) / 1.2)
        labels[shoulders & (v > 0)] = Label.TORSO
        labels[(np.abs(u) < 0.27) & (v > -0.3) & (v < 0.36 - np.abs(u))] = Label.NECK
        head = np.hypot(u / 0.62, (v + 0.75) / 0.78) < 1
        labels[head & (v < -0.45)] = Label.HAIR
        if long_hair:
            labels[(np.abs(np.abs(u) - 0.55) < 0.13) & (v > -0.8) & (v < 0.35)] = Label.HAIR
        labels[filled(face_outline(self.landmarks), SIZE, SIZE)] = Label.FACE
        labels[filled(self.landmarks[60:68], SIZE, SIZE)] = Label.MOUTH
        return labels


def drawn_landmarks() -> NDArray[np.float64]:
    """68 points of a face in the middle, 100 pixels wide."""
    angles = np.linspace(np.pi, 0, 17)
    jaw = np.stack([128 + 50 * np.cos(angles), 110 + 62 * np.sin(angles)], axis=1)
    brows = [(128 + x, 90 - (abs(x) == 26) * 3) for x in (-42, -34, -26, -18, -10, 10, 18, 26, 34, 42)]
    nose = [(128, 100 + 7 * i) for i in range(4)] + [(118 + 5 * i, 128) for i in range(5)]
    six = np.pi + np.arange(6) * np.pi / 3
    eyes = [(middle + 9 * np.cos(a), 102 + 4 * np.sin(a)) for middle in (104, 152) for a in six]
    outer = [(128 + 20 * np.cos(a), 146 + 9 * np.sin(a)) for a in np.pi + np.arange(12) * np.pi / 6]
    inner = [(128 + 15 * np.cos(a), 146 + 5 * np.sin(a)) for a in np.pi + np.arange(8) * np.pi / 4]
    return np.array([*jaw, *brows, *nose, *eyes, *outer, *inner], dtype=np.float64)
