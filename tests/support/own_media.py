"""A file's pictures and sound as a program would push them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import take5
from take5.stream.events import Event
from take5.stream.sources.file import MediaFile
from take5.stream.timeline.clock import to_seconds
from take5.stream.timeline.media import AudioBlock, VideoFrame


@dataclass(frozen=True)
class Shot:
    """A picture, uint8 [H, W, 3]."""

    time_s: float
    pixels: NDArray[np.uint8]


@dataclass(frozen=True)
class Heard:
    """Sound, float32 [n, C]."""

    time_s: float | None
    samples: NDArray[np.float32]
    rate: int


Own = Shot | Heard


def own_media(path: Path) -> Iterator[Own]:
    """In the order of the file."""
    for media in MediaFile(path).media():
        if isinstance(media, AudioBlock):
            yield Heard(to_seconds(media.pts), media.audible.T, media.rate)
        elif isinstance(media, VideoFrame):
            yield Shot(to_seconds(media.pts), media.picture.rgb())


def push(session: take5.Session, media: Own) -> list[Event]:
    if isinstance(media, Shot):
        return session.push_frame(media.pixels, media.time_s)
    return session.push_audio(media.samples, media.rate, media.time_s)


def pushed(session: take5.Session, every: list[Own]) -> list[Event]:
    """Push everything and finish."""
    return [*(event for media in every for event in push(session, media)), *session.finish()]


def cut_raggedly(heard: list[Heard], seed: int) -> list[Own]:
    """The same unbroken sound in blocks of 1 sample to half a second, the first one alone with a time."""
    chance = np.random.default_rng(seed)
    sound, rate = np.concatenate([block.samples for block in heard]), heard[0].rate
    lengths = chance.choice([1, 7, 160, 1024, 4001, rate // 2], size=len(sound))
    cuts = np.cumsum(lengths)
    pieces = np.split(sound, cuts[cuts < len(sound)])
    return [Heard(heard[0].time_s if i == 0 else None, piece, rate) for i, piece in enumerate(pieces)]


def interleaved(shots: list[Own], heard: list[Own], sound_ahead_s: float) -> list[Own]:
    """Both tracks in one order, each block of sound so much before the pictures of its time; behind them below 0."""
    time, timed = 0.0, list[tuple[float, Own]]()
    for block in heard:
        assert isinstance(block, Heard)
        time = time if block.time_s is None else block.time_s
        timed.append((time - sound_ahead_s, block))
        time += len(block.samples) / block.rate
    timed += [(shot.time_s, shot) for shot in shots if isinstance(shot, Shot)]
    return [media for _, media in sorted(timed, key=lambda pair: pair[0])]
