"""Measures of a window's sound: level, peak, clipping, noise and speech.

`SoundMeter` turns 16 kHz sound into one row of `SoundMeasures` for each grid frame of 640 samples; rows are sliced and
joined like pictures, and `window_sound` turns those of a window into `WindowSound`. A row depends on its own samples
and, for the probability of speech, on earlier ones, never on later ones or on how the sound was cut.

All levels are root mean squares in dBFS: 0 is a constant 1, a sine of full scale has -3.
"""

import math
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

from take5.scoring.columns import Columns
from take5.scoring.eligibility import SILENCE_PEAK
from take5.scoring.errors import ParameterError
from take5.scoring.parameters import SAMPLE_RATE, SAMPLES_PER_FRAME

Floats = NDArray[np.float64]
Float32 = NDArray[np.float32]

BLOCK_FRAMES = 4
"""Grid frames measured together: 4 x 640 samples are 5 chunks of 512, as a voice activity detector takes them."""

BLOCK_SAMPLES = BLOCK_FRAMES * SAMPLES_PER_FRAME

BARK_EDGES_HZ = (
    100, 200, 300, 400, 510, 630, 770, 920, 1080, 1270, 1480, 1720, 2000, 2320, 2700, 3150, 3700, 4400, 5300, 6400,
    7700,
)  # fmt: skip
"""Edges of the critical bands 2 to 21 (Zwicker, 1961); below 100 Hz there is hum and handling noise, not speech."""

STEP_DB = 0.5
LOWEST_DB, HIGHEST_DB = -54.0, 6.0
STEPS = int((HIGHEST_DB - LOWEST_DB) / STEP_DB)
"""Bins of a frame's histogram of magnitudes, from -54 to +6 dBFS (codecs overshoot full scale)."""

SPEECH = 0.5
"""Least probability of a frame that counts as speech."""

LEAST_SPEECH_FRAMES = 5
"""Least number of frames of speech for a speech level."""

FLOOR_QUANTILE = 0.05
"""Quantile of a window's frames taken as noise alone, in each band."""

INDEPENDENT_BINS = 1.5
"""Neighbouring DFT bins per independent measurement of noise under a Hann window."""

CEILING_SHARE = 0.001
"""Share of a window's samples that reach the ceiling."""

NEAR_CEILING_DB = 1.0
"""A sample within this many dB of the ceiling counts as at it."""

NO_POWER = 1e-12
"""-120 dBFS, the lowest level."""


class SpeechStream(Protocol):
    """Distinguishes speech from other sound in a stream."""

    def push(self, block: Float32) -> Float32:
        """Take the next 2,560 samples; return the probability of speech in each of their 4 grid frames."""
        ...


@dataclass(frozen=True, eq=False)
class SoundMeasures(Columns):
    """Sound of n grid frames.

    Attributes
    ----------
    power : ndarray float64 [n]
        Mean square of the frame's samples.
    peak : ndarray float64 [n]
        Largest magnitude; above 1 if a codec overshoots.
    bands : ndarray float64 [n, 20]
        Mean square within each Bark band, under a Hann window.
    magnitudes : ndarray uint16 [n, 120]
        How many samples have a magnitude in each step of 0.5 dB from -54 to +6 dBFS; quieter ones are left out, louder
        ones are in the last.
    speech : ndarray float64 [n]
        Probability of speech; NaN if not measured.
    """

    power: Floats
    peak: Floats
    bands: Floats
    magnitudes: NDArray[np.uint16]
    speech: Floats

    def __len__(self) -> int:
        """Return n."""
        return len(self.power)


class SoundMeter:
    """Measures sound that arrives in pieces; it keeps less than a block of 160 ms.

    Parameters
    ----------
    speech : SpeechStream, optional
        Speech detector, used by this meter alone. Without it the probability of speech is NaN.
    """

    def __init__(self, speech: SpeechStream | None = None) -> None:
        self._speech = speech
        self._rest = np.zeros(0, np.float32)
        self._measured = 0

    @staticmethod
    def samples_for(frames: int) -> int:
        """How many samples have to arrive before the first ``frames`` frames are measured."""
        return -(-frames // BLOCK_FRAMES) * BLOCK_SAMPLES

    def push(self, samples: Float32) -> SoundMeasures:
        """Take the next samples; return the measures of all further frames in whole blocks.

        Parameters
        ----------
        samples : float32 [n]
            Mono at 16 kHz, finite, in [-1, 1] except for a codec's overshoot; n may be 0.

        Returns
        -------
        SoundMeasures
            Of k frames; k is a multiple of 4, often 0.
        """
        sound = np.concatenate([self._rest, samples])
        blocks = len(sound) // BLOCK_SAMPLES
        self._rest = sound[blocks * BLOCK_SAMPLES :].copy()
        if not blocks:
            return NOTHING
        self._measured += blocks * BLOCK_FRAMES
        parts = [self._block(block) for block in sound[: blocks * BLOCK_SAMPLES].reshape(blocks, BLOCK_SAMPLES)]
        return SoundMeasures.concatenate(parts)

    def finish(self, frames: int) -> SoundMeasures:
        """End the sound, padding with zeros; return the measures that remain up to ``frames``."""
        if frames < 0:
            raise ParameterError(f"{frames=} must not be negative")
        wanted = max(0, frames - self._measured)
        missing = -(-wanted // BLOCK_FRAMES) * BLOCK_SAMPLES - len(self._rest)
        return self.push(np.zeros(max(0, missing), np.float32))[:wanted]

    def _block(self, block: Float32) -> SoundMeasures:
        rows = block.astype(np.float64).reshape(BLOCK_FRAMES, SAMPLES_PER_FRAME)
        speech = np.full(BLOCK_FRAMES, np.nan) if self._speech is None else self._speech.push(block).astype(np.float64)
        magnitude = np.abs(rows)
        return SoundMeasures(
            np.mean(rows**2, axis=1), magnitude.max(axis=1), band_powers(rows), _histogram(magnitude), speech
        )


NOTHING = SoundMeasures(
    np.zeros(0), np.zeros(0), np.zeros((0, len(BARK_EDGES_HZ) - 1)), np.zeros((0, STEPS), np.uint16), np.zeros(0)
)
"""Measures of zero frames."""


@dataclass(frozen=True)
class WindowSound:
    """Sound of a window; see `window_sound` for the formulas.

    Attributes
    ----------
    level_dbfs : float
        Overall level, pauses included; at least -120.
    peak_dbfs : float
        Largest magnitude; above 0 if a codec overshoots.
    speech : float or None
        Share of the frames with speech, in [0, 1]; None if not measured.
    speech_dbfs : float or None
        Level of the frames with speech, 100 to 7700 Hz, less the noise; None with less than 0.2 s of speech.
    noise_dbfs : float
        Level of the steady background noise, 100 to 7700 Hz; at least -120.
    snr_db : float or None
        ``speech_dbfs - noise_dbfs``; None if the former is.
    clipped : float
        Share of the samples at the ceiling, in [0, 1]: 0.0015 to 0.004 for unclipped speech, and the share of clipped
        samples if that is more. A hard limiter has the same effect: 0.01 to 0.04 if it takes off 12 dB.
    """

    level_dbfs: float
    peak_dbfs: float
    speech: float | None
    speech_dbfs: float | None
    noise_dbfs: float
    snr_db: float | None
    clipped: float


def window_sound(measures: SoundMeasures) -> WindowSound:
    """Sum up the sound of a window of n >= 1 frames; nothing outside it counts.

    **Noise**: in each Bark band the q = 0.05 quantile of the frames' powers, divided by that quantile of noise with
    mean 1, summed over the bands: each band pauses on its own, so the speech need not. The power
    of noise in a band of K bins is a gamma variable of shape K / 1.5. Frames of digital silence are left out: behind a
    closed noise gate, the noise under the speech is inaudible. After Martin, "Noise Power Spectral
    Density Estimation Based on Optimal Smoothing and Minimum Statistics", 2001.

    **Clipping**: the ceiling is the magnitude that one sample in a thousand reaches, and ``clipped`` is the share of
    samples within 1 dB of it. Magnitudes of speech fall off exponentially: about 0.2 % lie there. Clipped sound piles
    up there, whatever full scale is by then: resampling, AAC, Opus and a later volume control smear the flat tops by
    less than 1 dB. After Laguna and Lerch, "An Efficient Algorithm for Clipping Detection and Declipping Audio", 2016.
    """
    if not len(measures):
        raise ParameterError("a window must have at least one frame of sound")
    speaking = measures.speech >= SPEECH
    listened = not np.isnan(measures.speech).any()
    noise = noise_power(measures.bands[measures.peak > SILENCE_PEAK])
    speech = _speech_power(measures.bands[speaking], noise)
    return WindowSound(
        level_dbfs=_db(float(measures.power.mean())),
        peak_dbfs=_db(float(measures.peak.max()) ** 2),
        speech=float(speaking.mean()) if listened else None,
        speech_dbfs=None if speech is None else _db(speech),
        noise_dbfs=_db(noise),
        snr_db=None if speech is None else _db(speech) - _db(noise),
        clipped=share_at_ceiling(measures.magnitudes),
    )


def _speech_power(bands: Floats, noise: float) -> float | None:
    """Mean square of the speech alone in the band powers of frames with speech; None with too few."""
    return max(float(bands.sum(axis=1).mean()) - noise, 0.0) if len(bands) >= LEAST_SPEECH_FRAMES else None


def noise_power(bands: Floats) -> float:
    """Mean square of the steady noise in band powers [n, 20]; 0 for zero frames."""
    if not len(bands):
        return 0.0
    shape = np.diff(_edges()) / INDEPENDENT_BINS
    quantile_of_noise = gammaincinv(shape, FLOOR_QUANTILE) / shape
    return float(np.sum(np.quantile(bands, FLOOR_QUANTILE, axis=0) / quantile_of_noise))


def share_at_ceiling(magnitudes: NDArray[np.uint16]) -> float:
    """Share of the samples within 1 dB of the ceiling, from histograms [n, 120]; 0 for a ceiling below -53 dBFS."""
    samples = len(magnitudes) * SAMPLES_PER_FRAME
    # at_least[k]: samples that reach edge k; magnitudes between two edges are interpolated linearly
    at_least = np.append(np.cumsum(magnitudes.sum(axis=0, dtype=np.int64)[::-1])[::-1], 0).astype(np.float64)
    edges = LOWEST_DB + STEP_DB * np.arange(STEPS + 1)
    ceiling = float(np.interp(-CEILING_SHARE * samples, -at_least, edges))
    if ceiling - NEAR_CEILING_DB <= LOWEST_DB:
        return 0.0
    return float(np.interp(ceiling - NEAR_CEILING_DB, edges, at_least)) / samples


def _db(power: float) -> float:
    return 10 * math.log10(max(power, NO_POWER))


def band_powers(rows: Floats) -> Floats:
    """Mean square in each Bark band [n, 20] of n frames' samples [n, 640]; for white noise they add up to its power."""
    window = np.hanning(SAMPLES_PER_FRAME + 1)[:-1]
    spectrum = np.abs(np.fft.rfft(rows * window, axis=1)) ** 2
    scale = 2.0 / (SAMPLES_PER_FRAME * np.sum(window**2))
    return np.asarray(np.add.reduceat(spectrum, _edges(), axis=1)[:, :-1] * scale)


@cache
def _edges() -> NDArray[np.intp]:
    """First DFT bin of each Bark band, and the first above the last band; a bin is 25 Hz wide."""
    bin_hz = SAMPLE_RATE / SAMPLES_PER_FRAME
    return np.ceil(np.array(BARK_EDGES_HZ) / bin_hz).astype(np.intp)


def _histogram(magnitude: Floats) -> NDArray[np.uint16]:
    """How many of each row's magnitudes [n, 640] fall into each step [n, 120]."""
    steps = np.floor((20 * np.log10(np.maximum(magnitude, NO_POWER)) - LOWEST_DB) / STEP_DB).astype(np.intp)
    row = np.broadcast_to(np.arange(len(steps))[:, None] * STEPS, steps.shape)
    heard = steps >= 0
    cells = (row + np.minimum(steps, STEPS - 1))[heard]
    return np.bincount(cells, minlength=len(steps) * STEPS).reshape(len(steps), STEPS).astype(np.uint16)
