"""``aud.wav``, and GaussianTalker's two parts of it: 16 kHz, mono, 16 bit, 640 samples per frame."""

import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from take5.scoring.parameters import SAMPLE_RATE, SAMPLES_PER_FRAME
from take5.stream.bundles.footage import SPLIT
from take5.stream.bundles.part import Draft, Found, Violation, missing
from take5.stream.output.clip import write_wave

CURE = "write it as PCM, 16 bit, mono, 16 kHz, or make the bundle with take5 bundle"


@dataclass(frozen=True)
class Sound:
    """The sound that was scored."""

    needed: bool = True

    def paths(self, name: str, frames: int) -> list[str]:  # noqa: ARG002 - of every part
        """Its one file."""
        return ["aud.wav"]

    def write(self, draft: Draft) -> None:
        """Write it."""
        write_wave(draft.folder / "aud.wav", draft.footage.pcm)

    def check(self, found: Found) -> Iterator[Violation]:
        """Yield violations."""
        yield from _check_wave(found.folder, "aud.wav", found.frames * SAMPLES_PER_FRAME)


@dataclass(frozen=True)
class SplitSound:
    """The first 10/11 of the sound to train on, and the rest."""

    needed: bool = True

    def paths(self, name: str, frames: int) -> list[str]:  # noqa: ARG002 - of every part
        """Its two files."""
        return ["aud_train.wav", "aud_novel.wav"]

    def write(self, draft: Draft) -> None:
        """Write them."""
        for file, samples in zip(self.paths(draft.name, 0), split_sound(draft.footage.pcm), strict=True):
            write_wave(draft.folder / file, samples)

    def check(self, found: Found) -> Iterator[Violation]:
        """Yield violations."""
        parts = split_sound(np.zeros(found.frames * SAMPLES_PER_FRAME, np.int16))
        for file, samples in zip(self.paths(found.name, 0), parts, strict=True):
            yield from _check_wave(found.folder, file, len(samples))


def split_sound(pcm: NDArray[np.int16]) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Sound of the training frames, and of the others."""
    train = len(pcm) // SAMPLES_PER_FRAME * SPLIT[0] // SPLIT[1] * SAMPLES_PER_FRAME
    return pcm[:train], pcm[train:]


def _check_wave(folder: Path, file: str, samples: int) -> Iterator[Violation]:
    path = folder / file
    if not path.is_file():
        yield missing(file, CURE)
        return
    try:
        with wave.open(str(path), "rb") as sound:
            channels, width, rate, count = sound.getparams()[:4]
            there = len(sound.readframes(count)) // (channels * width)
    except (wave.Error, EOFError) as error:
        yield Violation(file, f"is not integer PCM ({error}); floats would be read as silence", CURE)
        return
    if (channels, width, rate) != (1, 2, SAMPLE_RATE):
        yield Violation(file, f"has {channels} channels of {8 * width} bit at {rate} Hz, not 1 of 16 at 16000", CURE)
    elif there < count:
        yield Violation(file, f"is cut off: it has {there} of its {count} samples", CURE)
    elif count != samples:
        yield Violation(file, f"has {count} samples; its frames have {samples}, {SAMPLES_PER_FRAME} each", CURE)
