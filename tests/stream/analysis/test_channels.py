"""Which channel of a stereo recording is scored."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from take5.stream.analysis.channels import ALIKE_S, MOST_PIECES, PIECE_S, _Pieces, best_channel
from take5.stream.analysis.models import Models
from take5.stream.sources.file import MediaFile
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.media import AudioBlock

Sound = NDArray[np.float32]
BLOCK = 1024


@pytest.fixture(scope="module")
def talk(short: Path) -> tuple[Sound, int]:
    blocks = list(MediaFile(short).sounds())
    return np.concatenate([block.samples for block in blocks]), blocks[0].rate


def noise(sound: Sound, level: float, seed: int = 0) -> Sound:
    return np.asarray(level * np.random.default_rng(seed).standard_normal(len(sound)), np.float32)


def blocks(channels: Sound, rate: int) -> Iterator[AudioBlock]:
    for at in range(0, channels.shape[1], BLOCK):
        part = channels[:, at : at + BLOCK]
        yield AudioBlock(at * FLICKS // rate, part.mean(axis=0), rate, part)


CASES: dict[str, tuple[Callable[[Sound], list[Sound]], str]] = {
    "the same": (lambda s: [s, s], "mix"),
    "opposite phase": (lambda s: [s, -s], "left"),
    "noise right": (lambda s: [s, noise(s, 0.1)], "left"),
    "noise left": (lambda s: [noise(s, 0.1), s], "right"),
    "noisy speech left": (lambda s: [s + noise(s, 0.1), s], "right"),
    "silence left": (lambda s: [0 * s, s], "mix"),
    "two microphones": (lambda s: [s + noise(s, 0.01, 1), 0.8 * s + noise(s, 0.01, 2)], "mix"),
    "noise alone": (lambda s: [noise(s, 0.1, 1), noise(s, 0.1, 2)], "mix"),
    "silence": (lambda s: [0 * s, 0 * s], "mix"),
    "mono": (lambda s: [s], "mix"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_mix_is_used_unless_a_channel_is_clearly_better(talk: tuple[Sound, int], models: Models, name: str) -> None:
    make, expected = CASES[name]
    channels = np.stack(make(talk[0]))
    assert best_channel(blocks(channels, talk[1]), models.speech) == expected


@pytest.mark.long
def test_a_long_recording_is_compared_in_pieces(talk: tuple[Sound, int], models: Models) -> None:
    long = np.tile(talk[0], 12)
    noisy = blocks(np.stack([noise(long, 0.1), long]), talk[1])
    assert best_channel(noisy, models.speech) == "right"
    pieces = _Pieces()
    for block in blocks(np.stack([long, -long]), talk[1]):
        pieces.push(block)
    assert MOST_PIECES / 2 * PIECE_S * 16_000 <= pieces.sound().shape[1] <= MOST_PIECES * (PIECE_S + 0.1) * 16_000


def test_channels_that_are_alike_are_not_read_to_the_end(talk: tuple[Sound, int], models: Models) -> None:
    long = np.tile(talk[0], 4)
    every = blocks(np.stack([long, long]), talk[1])
    assert best_channel(every, models.speech) == "mix"
    assert next(every).pts == pytest.approx(ALIKE_S * FLICKS, rel=0.01)
