"""Films of flashes and beeps at the same instants, and how far apart a saved film shows and plays them.

A flash is a square in the top left corner, dark, that is white for two frames; its instant is the time stamp of the
first. A beep is a chirp that begins at that instant; matched with itself it gives its beginning to some microseconds,
through lossy coding and over speech. From one pair to the next it takes between 0.84 and 1.16 s, never the same
twice in a row, so that beeps paired with the wrong flashes show; any five seconds hold four pairs or more.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
from media_files import Audio, Sound, Video, steady, write_media
from numpy.typing import NDArray
from scipy.signal import chirp, correlate, fftconvolve
from scipy.signal.windows import tukey

from demo.talker.face import Studio
from demo.talker.motion import moments
from demo.talker.script import Stretch
from demo.talker.scripts import BEST, CALM
from demo.talker.voice import sound

FPS, RATE = 25, 48_000
BEEP_S, BEEP_HZ, LOUDNESS = 0.02, (1500.0, 6500.0), 0.6
DUCKED = 0.3
STEPS = (21, 27, 23, 29, 22, 26, 24, 28)
"""Frames from one pair to the next, over and over."""

FLASH_FRAMES = 2
DARK, WHITE = 16, 235
EDGE_S, NEAR_MS = 0.1, 300.0
ALIKE = 0.5
"""Least correlation of a beep with itself."""

SHARP = {"preset": "ultrafast", "crf": "18", "g": "25", "bf": "0"}
"""Nearly lossless, and quick to decode."""

Luma = NDArray[np.uint8]


@dataclass(frozen=True)
class Pair:
    """A flash and its beep in a saved film, in seconds of its time stamps."""

    flash_s: float
    beep_s: float

    @property
    def error_ms(self) -> float:
        """By how much the sound is late."""
        return (self.beep_s - self.flash_s) * 1000


def instants(frames: int) -> list[int]:
    """Frames at which a flash and a beep begin."""
    found, at, step = [], 8, 0
    while at < frames - FLASH_FRAMES:
        found.append(at)
        at += STEPS[step % len(STEPS)]
        step += 1
    return found


def talker(path: Path, seconds: int, size: tuple[int, int] = (1280, 720), late_ms: float = 0.0) -> Path:
    """Write a talking head, every window of which can be used, with flashes and beeps at exact times.

    The sound of both may be late, or early.
    """
    script = (Stretch("marked", seconds, BEST, CALM),)
    studio = Studio(*size, seed=0)
    pictures = (studio.draw(shot.pose, shot.scene, shot.grain) for shot in moments(script, Fraction(FPS)))
    planes = (picture.reshape(-1, size[0]).copy() for picture in pictures)
    late = round(late_ms * RATE / 1000)
    return _write(path, planes, seconds, np.roll(sound(script)[None], late, axis=1), size, late)


def backdrop(path: Path, seconds: int, size: tuple[int, int] = (640, 480), late_ms: float = 0.0) -> Path:
    """Write flashes and beeps over a picture that changes and shows nobody; the sound may be late."""
    width, height = size
    rows, columns = np.arange(height)[:, None], np.arange(width)
    hiss = np.random.default_rng(0).normal(0, 0.002, (1, seconds * RATE)).astype(np.float32)
    late = round(late_ms * RATE / 1000)

    def planes() -> Iterator[Luma]:
        for frame in range(seconds * FPS):
            plane = np.full((height * 3 // 2, width), 128, np.uint8)
            plane[:height] = 110 + 60 * np.sin(columns / 40 + frame / 9) * np.cos(rows / 30 - frame / 13)
            yield plane

    return _write(path, planes(), seconds, hiss, size, late)


def _write(
    path: Path, planes: Iterator[Luma], seconds: int, spoken: Sound, size: tuple[int, int], late: int = 0
) -> Path:
    frames = seconds * FPS
    begins = instants(frames)
    flashing = {begin + i for begin in begins for i in range(FLASH_FRAMES)}
    pictures = (_marked(plane, size, white=i in flashing) for i, plane in enumerate(planes))
    return write_media(
        path,
        pictures,
        steady(frames, FPS),
        _with_beeps(spoken, [begin * RATE // FPS + late for begin in begins]),
        Video(size, options=SHARP),
        Audio(codec="pcm_s16le", format="s16"),
    )


def _marked(plane: Luma, size: tuple[int, int], *, white: bool) -> av.VideoFrame:
    place = _square(size[1])
    plane[place] = WHITE if white else DARK
    colour = slice(size[1], None)
    chroma = plane[colour].reshape(2, size[1] // 2, size[0] // 2)
    chroma[:, : size[1] // 8, : size[1] // 8] = 128
    return av.VideoFrame.from_ndarray(plane, format="yuv420p")


def _square(height: int) -> tuple[slice, slice]:
    side = height // 5
    return slice(0, side), slice(0, side)


def _with_beeps(spoken: Sound, begins: list[int]) -> Sound:
    mixed, beep = spoken.astype(np.float32).copy(), _beep(RATE)
    for begin in begins:
        place = mixed[:, begin : begin + len(beep)]
        place *= DUCKED
        place += LOUDNESS * beep[: place.shape[1]]
    return mixed.clip(-1, 1)


def _beep(rate: int) -> NDArray[np.float32]:
    t = np.arange(round(BEEP_S * rate)) / rate
    sweep = chirp(t, BEEP_HZ[0], BEEP_S, BEEP_HZ[1]) * tukey(len(t), 0.1)
    return np.asarray(sweep, dtype=np.float32)


def pairs(path: Path) -> list[Pair]:
    """Flashes of a saved film with the beep nearest to each; those at the edges of picture or sound are left out."""
    begin, samples, rate = heard(path)
    beeping = begin + beginnings(samples, rate)
    first, last = max(begin, 0.0) + EDGE_S, begin + len(samples) / rate - EDGE_S
    inside = [flash for flash in flashes(path) if first < flash < last]
    return paired(inside, beeping, path.name)


def paired(flashing: list[float], beeping: NDArray[np.float64], name: str) -> list[Pair]:
    """Flashes with the beep nearest to each, in seconds; ``name`` is the film's."""
    found = [Pair(flash, float(beeping[np.abs(beeping - flash).argmin()])) for flash in flashing if len(beeping)]
    if lonely := [pair for pair in found if abs(pair.error_ms) > NEAR_MS]:
        raise ValueError(f"{name}: flashes without a beep within {NEAR_MS} ms: {lonely}")
    return found


def flashes(path: Path) -> list[float]:
    """Seconds at which flashes begin."""
    with av.open(str(path)) as container:
        times, bright = [], []
        for frame in container.decode(video=0):
            grey = frame.to_ndarray(format="gray")
            rows, columns = _square(grey.shape[0])
            middle = grey[rows, columns][8:-8, 8:-8]
            times.append(float(frame.time or 0.0))
            bright.append(float(middle.mean()))
    return begun(bright, times)


def begun(bright: list[float], times: list[float]) -> list[float]:
    """Times of the pictures whose corner is bright, and was dark in the one before."""
    white = [corner > (DARK + WHITE) / 2 for corner in bright]
    return [times[i + 1] for i, (before, now) in enumerate(pairwise(white)) if now and not before]


def beginnings(samples: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Seconds from the first sample at which beeps begin, between the samples if need be."""
    beep = _beep(rate).astype(float)
    matched = correlate(samples, beep, "valid")
    power = fftconvolve(samples**2, np.ones(len(beep)), "valid").clip(1e-9)
    alike = matched / np.sqrt(power * (beep @ beep))
    found = []
    while alike.max() > ALIKE:
        peak = int(alike.argmax())
        found.append((peak + _between(matched, peak)) / rate)
        alike[max(0, peak - rate // 10) : peak + rate // 10] = 0
    return np.array(sorted(found))


def heard(path: Path) -> tuple[float, NDArray[np.float64], int]:
    """A film's sound, mixed to mono: the seconds of its first sample, the samples, and their rate."""
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
    parts = [_mono(frame) for frame in frames]
    return float(frames[0].time or 0.0), np.concatenate(parts), frames[0].sample_rate


def _mono(frame: av.AudioFrame) -> NDArray[np.float64]:
    samples: NDArray[Any] = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    scale = -float(np.iinfo(samples.dtype).min) if samples.dtype.kind == "i" else 1.0
    return np.asarray(samples.astype(float).mean(axis=0) / scale)


def _between(values: NDArray[np.float64], peak: int) -> float:
    """Where a parabola through a peak and its neighbours is highest, from the peak."""
    if not 0 < peak < len(values) - 1:
        return 0.0
    before, at, after = values[peak - 1 : peak + 2]
    return float((before - after) / (2 * (before - 2 * at + after)))
