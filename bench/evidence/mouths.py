"""Pictures of a talker's mouth: 32x32, aligned by the eyes and the bridge of the nose, which speech does not move.

A pixel of the square is the mean of nine places in the picture. The square reaches from below the eyes to below the
chin. What is hidden of it (``HIDDEN``) begins at the nostrils and has the whole width: cheeks and jaw show how far a
mouth is open.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from take5.stream.recording.from_file import FileRecording

SIDE, FINER = 32, 3
HIDDEN = np.zeros((SIDE, SIDE), np.float32)
HIDDEN[5:] = 1

STEADY = (36, 39, 42, 45, 27, 28, 29, 30)
"""iBUG points: corners of the eyes, and the bridge of the nose."""

LEFT_EYE, RIGHT_EYE = 0, 3
"""The outer corners among them: their distance is the unit, and their middle the origin."""

TOP, SPAN = 0.34, 1.1
"""Upper edge and side of the square, in distances between the eyes."""

Array = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Complex = NDArray[np.complex128]


ACROSS = SPAN * ((np.arange(SIDE * FINER) + 0.5) / (SIDE * FINER) - 0.5)
SQUARE = ACROSS[None, :] + 1j * (ACROSS + SPAN / 2 + TOP)[:, None]
"""The fine pixels, x + iy, in distances between the eyes from their middle."""


def cut_out(recording: FileRecording) -> Bytes:
    """The mouth in each row of an analysed recording, uint8 [N, 32, 32, 3]; black without a face."""
    faces = [None if one is None or one.face is None else one.face.landmarks for one in recording.observed]
    mouths = np.zeros((len(faces), SIDE, SIDE, 3), np.uint8)
    if all(face is None for face in faces):
        return mouths
    scale, shift = placed(np.array([np.full((68, 2), np.nan) if face is None else face for face in faces]))
    for first, last in recording.rows.within(0, recording.rows.frames):
        rows = recording.rows.span(first, last)
        for row, picture in zip(range(rows.start, rows.stop), recording.pictures(first, last), strict=False):
            if faces[row] is not None:
                mouths[row] = sampled(picture.rgb(), SQUARE * scale[row] + shift[row])
    return mouths


def placed(points: Array) -> tuple[Complex, Complex]:
    """Where the square lies in each picture, by iBUG points [N, 68, 2]: ``SQUARE * scale + shift`` [N].

    Each frame's steady points are laid over their mean shape in the recording by the similarity of least squares.
    """
    steady = points[:, STEADY, 0] + 1j * points[:, STEADY, 1]
    left, right = steady[:, [LEFT_EYE]], steady[:, [RIGHT_EYE]]
    shape = np.nanmean((steady - (left + right) / 2) / (right - left), 0)
    middle = steady.mean(1)
    centred = steady - middle[:, None]
    scale: Complex = (np.abs(centred) ** 2).sum(1) / (np.conj(centred) * (shape - shape.mean())).sum(1)
    shift: Complex = middle - shape.mean() * scale
    return scale, shift


def sampled(rgb: Bytes, place: Complex) -> Bytes:
    """The square of one picture, uint8 [32, 32, 3]."""
    at = np.stack([place.imag, place.real])
    fine = np.stack([map_coordinates(rgb[..., k], at, np.float32, order=1, mode="nearest") for k in range(3)], -1)
    mouth: Bytes = (fine.reshape(SIDE, FINER, SIDE, FINER, 3).mean((1, 3)) + 0.5).astype(np.uint8)
    return mouth


def file_of(features: Path) -> Path:
    """Where the mouths lie beside a recording's features."""
    return features.with_suffix(".mouths.npy")


def save(recording: FileRecording, features: Path) -> None:
    """Keep the mouths of an analysed recording."""
    unfinished = features.with_suffix(".partial.npy")
    np.save(unfinished, cut_out(recording))
    unfinished.rename(file_of(features))


def together(features: Iterable[Path]) -> Bytes:
    """The mouths of a talker's recordings, one behind the other."""
    return np.concatenate([np.load(file_of(file)) for file in features])
