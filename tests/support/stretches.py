"""A talker without a fault, and one who sits still, as they are measured; to be spoilt one thing at a time."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
from gate_measures import GOOD, with_value, with_values
from numpy.typing import NDArray

from take5.scoring.eligibility import Observations, Timing
from take5.scoring.gates.measures import FrameMeasures
from take5.scoring.gates.sound import SoundMeasures, SoundMeter
from take5.scoring.parameters import SAMPLES_PER_FRAME
from take5.scoring.stretch import Stretch

NOISE = 10 ** (-70 / 20)


def heard(samples: NDArray[np.float64], speech: NDArray[np.bool_] | bool) -> SoundMeasures:
    """The measures of sound, with speech where it is said to be."""
    frames = len(samples) // SAMPLES_PER_FRAME
    meter = SoundMeter()
    found = SoundMeasures.concatenate([meter.push(samples.astype(np.float32)), meter.finish(frames)])[:frames]
    return replace(found, speech=np.broadcast_to(np.where(speech, 0.98, 0.02), frames).astype(np.float64))


@cache
def talker(frames: int, level: float = 0.05, seed: int = 0) -> Stretch:
    """Speech in four frames of five, lips that open and close, a blink now and then."""
    rng, t = np.random.default_rng(seed), np.arange(frames)
    spoken = t % 25 < 20
    loud = np.repeat(np.where(spoken, level, 0.0), SAMPLES_PER_FRAME)
    sound = heard(
        rng.laplace(size=frames * SAMPLES_PER_FRAME) * loud / 1.41 + rng.normal(size=len(loud)) * NOISE, spoken
    )
    mouth = 0.1 - 0.1 * np.cos(2 * np.pi * t / 12.5)
    eyes = np.where(t % 100 < 6, 0.05, 0.3)
    steady = FrameMeasures(**{name: np.full(frames, value, dtype=np.float32) for name, value in GOOD.items()})
    measures = with_values(steady, mouth_open=mouth, mouth_area=6000 * mouth, eye_open=eyes)
    lips = np.zeros((frames, 20, 2)) + 5 * np.arange(20)[None, :, None]
    lips[:, 6:12, 1] += 200 * mouth[:, None]
    return Stretch(
        measures,
        sound,
        lips,
        np.zeros((frames, 3)),
        observed(frames),
        Timing(*(np.zeros(frames, dtype=np.bool_) for _ in range(3))),
    )


@cache
def sitter(frames: int, seed: int = 0) -> Stretch:
    """Nobody speaks, closed lips, a still head."""
    talks = talker(frames, level=0.0, seed=seed)
    measures = with_values(talks.measures, mouth_open=np.full(frames, 0.01))
    return replace(talks, measures=measures, sound=replace(talks.sound, speech=np.full(frames, 0.01)))


def observed(frames: int) -> Observations:
    """One face in every frame, counted in one of five."""
    t = np.arange(frames)
    yes, no = np.ones(frames, dtype=np.bool_), np.zeros(frames, dtype=np.bool_)
    return Observations(yes, np.where(t % 5 == 0, 1, -1).astype(np.int8), no, ((False,),) * frames, no, yes)


def spoilt(stretch: Stretch, name: str, value: float, start: int, stop: int) -> Stretch:
    """The stretch with one measure replaced in frames [start, stop)."""
    return replace(stretch, measures=with_value(stretch.measures, name, value, start, stop))


def without_face(stretch: Stretch, start: int, stop: int) -> Stretch:
    """The stretch with nobody in frames [start, stop)."""
    measures = stretch.measures
    gone = FrameMeasures.concatenate([measures[:start], FrameMeasures.unmeasured(stop - start), measures[stop:]])
    tracked, lips = stretch.observations.tracked.copy(), stretch.lips.copy()
    tracked[start:stop], lips[start:stop] = False, np.nan
    return replace(stretch, measures=gone, lips=lips, observations=replace(stretch.observations, tracked=tracked))


def cut(stretch: Stretch, lengths: Sequence[int]) -> list[Stretch]:
    """The stretch in pieces of these lengths, again and again."""
    pieces, at = list[Stretch](), 0
    while at < len(stretch):
        length = lengths[len(pieces) % len(lengths)]
        pieces.append(stretch[at : at + length])
        at += length
    return pieces
