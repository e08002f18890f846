"""The faces in a bundle's pictures, each seen on its own, as trainers' own steps see them.

The tracker that scores smooths its landmarks, which then lag the picture by up to half a frame. The pass runs in
threads, beside the encoder.
"""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from queue import Empty, SimpleQueue
from typing import Self

import av
import numpy as np
from numpy.typing import NDArray

from take5.scoring.models.region import Region
from take5.stream.analysis.models import Face, Models, Reader
from take5.stream.ffmpeg.pictures import DecodedPicture

READERS = 2
"""Networks that see pictures side by side: one would take longer than the encoder."""

WAITING = 16
"""Largest number of pictures waiting to be seen."""

AROUND = 2.0
"""Side of the square in which a face is looked for again, in widths of the tracked face."""

SAME_FACE = 0.15
"""Largest mean distance from the tracked landmarks, in widths of the face; another face is further away."""

TRACKED_NOTE = "not seen in the picture alone, so their landmarks and blendshapes are the tracker's, which lag slightly"

Landmarks = NDArray[np.float64]


@dataclass(frozen=True)
class SeenFaces:
    """What was seen in N pictures.

    Attributes
    ----------
    landmarks : ndarray float64 [N, 68, 2]
        iBUG points in pixels of the bundle.
    blendshapes : ndarray float32 [N, 52]
        MediaPipe's, ``_neutral`` first.
    tracked : tuple of int
        Pictures in which no face was seen: theirs is the tracker's.
    """

    landmarks: Landmarks
    blendshapes: NDArray[np.float32]
    tracked: tuple[int, ...]

    def warnings(self) -> list[str]:
        """Shortcomings for trainers."""
        if not self.tracked:
            return []
        shown = ", ".join(map(str, self.tracked[:5])) + (", ..." if len(self.tracked) > 5 else "")
        return [f"{len(self.tracked)} of {len(self.landmarks)} frames ({shown}): {TRACKED_NOTE}"]


class PictureFaces:
    """Sees the faces of pictures while they are encoded.

    Parameters
    ----------
    models : Models
        Its reader is used.
    landmarks, blendshapes : ndarray
        What the tracker saw, in pixels of the bundle: where to look again, and what stands in.
    """

    def __init__(self, models: Models, landmarks: Landmarks, blendshapes: NDArray[np.float32]) -> None:
        self._models, self._landmarks, self._blendshapes = models, landmarks, blendshapes
        self._open = ExitStack()
        self._readers: SimpleQueue[Reader] = SimpleQueue()
        self._seen: list[Future[Face | None]] = []
        self._waiting: deque[Future[Face | None]] = deque()

    def __enter__(self) -> Self:
        self._threads = ThreadPoolExecutor(READERS, "take5-faces")
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)
        self._open.close()

    def add(self, frame: av.VideoFrame) -> None:
        """See the next picture; waits while too many are not seen yet."""
        face = self._threads.submit(self._see, len(self._seen), frame)
        self._seen.append(face)
        self._waiting.append(face)
        if len(self._waiting) > WAITING:
            self._waiting.popleft().result()

    def seen(self) -> SeenFaces:
        """Wait for the last picture, and return what was seen."""
        landmarks, blendshapes, tracked = self._landmarks.copy(), self._blendshapes.copy(), []
        for index, face in enumerate(future.result() for future in self._seen):
            if face is None:
                tracked.append(index)
            else:
                landmarks[index], blendshapes[index] = face.landmarks, face.blendshapes
        return SeenFaces(landmarks, blendshapes, tuple(tracked))

    def _see(self, index: int, frame: av.VideoFrame) -> Face | None:
        reader = self._reader()
        try:
            return seen_face(reader, DecodedPicture(frame, Fraction(1)).rgb(), self._landmarks[index])
        finally:
            self._readers.put(reader)

    def _reader(self) -> Reader:
        """One that is free, opened in the thread that needs it: there are as many as threads."""
        try:
            return self._readers.get_nowait()
        except Empty:
            return self._open.enter_context(self._models.reader())


def seen_face(reader: Reader, rgb: NDArray[np.uint8], tracked: Landmarks) -> Face | None:
    """The tracked face as seen in this picture alone, or in a square around it; None if neither shows it."""
    face = reader.see(rgb)
    if face is None or not _same(face.landmarks, tracked):
        face = reader.see(rgb, square_around(tracked, rgb.shape[1], rgb.shape[0]))
    return face if face is not None and _same(face.landmarks, tracked) else None


def square_around(landmarks: Landmarks, width: int, height: int) -> Region:
    """A square around a face, within the picture and no larger."""
    low, high = landmarks.min(axis=0), landmarks.max(axis=0)
    side = int(min(max(2.0, AROUND * float((high - low).max())), width, height))
    left, top = np.clip((low + high) / 2 - side / 2, 0, (width - side, height - side)).astype(int).tolist()
    return Region(left, top, side, side)


def _same(landmarks: Landmarks, tracked: Landmarks) -> bool:
    width = max(float(np.ptp(tracked[:, 0])), 1.0)
    return float(np.linalg.norm(landmarks - tracked, axis=1).mean()) <= SAME_FACE * width
