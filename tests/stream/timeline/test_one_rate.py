"""Sound whose sample rate changes: one rate, the same samples however it is cut, and no shift in time."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.media import AudioBlock
from take5.stream.timeline.one_rate import OneRate

HIGH, LOW = 48_000, 44_100


def tone(start_s: float, seconds: float, rate: int) -> NDArray[np.float32]:
    t = start_s + np.arange(round(seconds * rate)) / rate
    return np.asarray(0.5 * np.sin(2 * np.pi * 440 * t), np.float32)


def blocks(start_s: float, seconds: float, rate: int, size: int, channels: int = 1) -> list[AudioBlock]:
    sound, start = tone(start_s, seconds, rate), round(start_s * FLICKS)
    cuts = range(0, len(sound), size)
    return [
        AudioBlock(
            start + at * FLICKS // rate, sound[at : at + size], rate, np.stack([sound[at : at + size]] * channels)
        )
        for at in cuts
    ]


def through(every: list[AudioBlock]) -> list[AudioBlock]:
    rates = OneRate()
    return [*(out for block in every for out in rates.push(block)), *rates.finish()]


@pytest.mark.parametrize("size", [1, 441, 100_000])
def test_a_tone_goes_on(size: int) -> None:
    out = through([*blocks(0, 1, HIGH, 1024), *blocks(1, 1, LOW, size), *blocks(2, 1, HIGH, 1024)])
    assert {block.rate for block in out} == {HIGH}
    assert all(abs(after.pts - block.end) <= FLICKS // HIGH for block, after in itertools.pairwise(out))
    sound = np.concatenate([block.samples for block in out])
    assert len(sound) == 3 * HIGH
    inside = np.r_[100 : HIGH - 100, HIGH + 100 : 2 * HIGH - 100, 2 * HIGH + 100 : 3 * HIGH - 100]
    assert np.abs(sound - tone(0, 3, HIGH))[inside].max() < 1e-4


def test_blocks_of_the_first_rate_are_left_alone() -> None:
    every = blocks(0, 1, LOW, 1000, channels=2)
    for before, after in zip(every, through(every), strict=True):
        assert before.samples is after.samples
        assert before.channels is after.channels


def test_a_hole_a_loss_and_other_channels_begin_a_run() -> None:
    late = blocks(1.5, 0.5, LOW, 441, channels=2)
    late[20] = AudioBlock(late[20].pts, late[20].samples, LOW, late[20].channels, lost_before=True)
    out = through(
        [
            *blocks(0, 1, HIGH, 480),
            *blocks(1, 0.25, LOW, 441),
            *late,
            AudioBlock(3 * FLICKS, np.zeros(0, np.float32), LOW),
        ]
    )
    starts = [block.pts for before, block in itertools.pairwise(out) if block.pts - before.end > FLICKS // 1000]
    assert starts == [round(1.5 * FLICKS), 3 * FLICKS]
    assert [block.pts for block in out if block.lost_before] == [late[20].pts]
    assert {len(block.audible) for block in out if block.pts >= 1.5 * FLICKS and len(block.samples)} == {2}
