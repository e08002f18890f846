"""What the talking head says: speech by espeak-ng, as 48 kHz mono float32 in [-1, 1)."""

import io
import shutil
import subprocess
import wave

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from demo.talker.script import Script, Speech, TalkerError

SAMPLE_RATE = 48_000
LOUDNESS = 0.08  # root mean square of a stretch's speech
ROOM = 3e-4  # root mean square of the room's noise: a pause in the speech is not digital silence
FADE = SAMPLE_RATE // 200  # samples, at both ends of a stretch: no click

Samples = NDArray[np.float32]


def speak(speech: Speech) -> Samples:
    """The text, spoken once, without the silence around it."""
    if shutil.which("espeak-ng") is None:
        raise TalkerError(
            "espeak-ng is not on this machine: apt install espeak-ng (Debian, Ubuntu), brew install espeak-ng (macOS)"
        )
    command = ["espeak-ng", "--stdin", "--stdout", "-v", speech.voice]
    command += ["-s", str(speech.words_per_minute), "-p", str(speech.pitch)]
    done = subprocess.run(command, input=speech.text.encode(), capture_output=True, check=False)
    if done.returncode != 0 or not done.stdout:
        raise TalkerError(
            f"espeak-ng failed with voice {speech.voice!r}: {done.stderr.decode(errors='replace').strip()}"
        )
    with wave.open(io.BytesIO(done.stdout)) as file:
        rate, raw = file.getframerate(), file.readframes(file.getnframes())
    loud = np.flatnonzero(np.abs(np.frombuffer(raw, "<i2")) > 100)
    if not len(loud):
        raise TalkerError(f"espeak-ng says nothing for the text {speech.text!r}")
    said = np.frombuffer(raw, "<i2")[loud[0] : loud[-1] + 1].astype(np.float32) / 32768
    divisor = np.gcd(rate, SAMPLE_RATE)
    resampled: Samples = resample_poly(said, SAMPLE_RATE // divisor, rate // divisor).astype(np.float32)
    return resampled


def sound(script: Script, seed: int = 0) -> Samples:
    """The sound of a script, holes not yet cut out: 48,000 samples a second.

    Parameters
    ----------
    script : Script
        What is said, and where it is silent.
    seed : int
        Of the room's noise.
    """
    spoken = {speech: speak(speech) for speech in {stretch.speech for stretch in script if not stretch.silent}}
    rng = np.random.default_rng(seed)
    parts: list[Samples] = []
    for stretch in script:
        count = stretch.duration_s * SAMPLE_RATE
        room = rng.normal(0, ROOM, count).astype(np.float32)
        parts.append(np.zeros(count, np.float32) if stretch.silent else room + _filled(spoken[stretch.speech], count))
    return np.concatenate(parts).clip(-1, 32767 / 32768)


def _filled(said: Samples, count: int) -> Samples:
    pause = np.zeros(SAMPLE_RATE // 10, np.float32)
    once = np.concatenate([said, pause])
    filled = np.tile(once, -(-count // len(once)))[:count]
    filled *= LOUDNESS / np.sqrt(np.mean(filled**2))
    ramp = np.linspace(0, 1, FADE, dtype=np.float32)
    filled[:FADE] *= ramp
    filled[-FADE:] *= ramp[::-1]
    return filled
