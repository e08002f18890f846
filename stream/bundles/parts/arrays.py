"""``bs.npy`` and ``aud_ave.npy``: expression and sound as numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from take5.scoring.models.audio import AVE, AudioEncoder
from take5.scoring.parameters import SAMPLES_PER_FRAME
from take5.stream.bundles.part import Draft, Found, Violation, missing

COEFFICIENTS = 52
SMOOTHED_OVER, SMOOTHED_BY = 5, 3
"""Frames and degree of the Savitzky-Golay filter that SyncTalk applies to each coefficient."""

CURE = "remove it, and let the trainer make its own"


@dataclass(frozen=True)
class Blendshapes:
    """``bs.npy``, float64 [N, 52]: MediaPipe's coefficients without ``_neutral``, a 0 after them, each smoothed."""

    needed: bool = False

    def paths(self, name: str, frames: int) -> list[str]:  # noqa: ARG002 - of every part
        """Its one file."""
        return ["bs.npy"]

    def write(self, draft: Draft) -> None:
        """Write it."""
        np.save(draft.folder / "bs.npy", smoothed(draft.seen.blendshapes))

    def check(self, found: Found) -> Iterator[Violation]:
        """Yield violations."""
        yield from _check_array(found, "bs.npy", (found.frames, COEFFICIENTS), "float64", needed=self.needed)


def smoothed(blendshapes: NDArray[np.float32]) -> NDArray[np.float64]:
    """Coefficients as SyncTalk reads them, from [N, 52] in MediaPipe's order, ``_neutral`` first."""
    from scipy.signal import savgol_filter  # takes a second

    rows = np.zeros((len(blendshapes), COEFFICIENTS))
    rows[:, :-1] = blendshapes[:, 1:]
    return np.asarray(savgol_filter(rows, SMOOTHED_OVER, SMOOTHED_BY, axis=0), dtype=np.float64)


@dataclass(frozen=True)
class AveRows:
    """``aud_ave.npy``, float32 [rows, 512, 1], from the clip's own sound; only with AVE's weights."""

    needed: bool = False

    def paths(self, name: str, frames: int) -> list[str]:  # noqa: ARG002 - of every part
        """Its one file."""
        return ["aud_ave.npy"]

    def write(self, draft: Draft) -> None:
        """Write it if the sound was scored with AVE."""
        rows = ave_rows(draft.encoder, draft.footage.pcm)
        if rows is not None:
            np.save(draft.folder / "aud_ave.npy", rows)

    def check(self, found: Found) -> Iterator[Violation]:
        """Yield violations; trainers do not notice rows made from other sound."""
        shape = (ave_row_count(found.frames * SAMPLES_PER_FRAME), 512, 1)
        yield from _check_array(found, "aud_ave.npy", shape, "float32", needed=self.needed)


def ave_rows(encoder: AudioEncoder, pcm: NDArray[np.int16]) -> NDArray[np.float32] | None:
    """The rows as InsTaG reads them; None with another encoder, to avoid loading PyTorch, which takes 2 s."""
    if encoder.name != AVE:
        return None
    from take5.scoring.models.ave import clip_rows

    return clip_rows(encoder, pcm.astype(np.float32) / np.float32(32768))


def ave_row_count(samples: int) -> int:
    """Number of rows of ``aud_ave.npy`` for a length of sound."""
    from take5.scoring.models.ave import clip_row_count

    return clip_row_count(samples)


def _check_array(found: Found, file: str, shape: tuple[int, ...], kind: str, *, needed: bool) -> Iterator[Violation]:
    path = found.folder / file
    if not path.exists():
        if needed:
            yield missing(file, "make the bundle with take5 bundle")
        return
    array = load_array(path)
    if array is None:
        yield Violation(file, "is not a numpy array", CURE)
    elif array.shape != shape or array.dtype != kind:
        text = f"is {array.dtype} {list(array.shape)}, for this clip it must be {kind} {list(shape)}"
        yield Violation(file, text, CURE)
    elif not np.isfinite(array).all():
        yield Violation(file, "contains NaN or infinity", CURE)


def load_array(path: Path) -> NDArray[np.generic] | None:
    """A file's array, or None."""
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (OSError, ValueError, EOFError, MemoryError, BadZipFile):
        return None
