"""Clocks from arrival times alone: drift and jitter come out, holes are found, nothing jumps. No clock is read."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from take5.stream.sources.webcam.camera_clock import LowerEnvelope, PictureClock
from take5.stream.sources.webcam.microphone_clock import Heard, SampleClock
from take5.stream.timeline.clock import FLICKS, to_seconds
from take5.stream.timeline.media import AudioBlock

RATE, BLOCK = 48_000, 960
BEGUN_S = 987_654.321
"""Some weeks of uptime: the precision of floats counts."""


def jitter(kind: str, count: int) -> NDArray[np.float64]:
    """Seconds by which each block comes late."""
    rng = np.random.default_rng(7)
    if kind == "none":
        return np.zeros(count)
    if kind == "heavy":
        return rng.exponential(0.005, count)
    if kind == "fragments":  # five blocks at once, as a sound server hands them over
        return np.tile([0.08, 0.06, 0.04, 0.02, 0.0], count // 5 + 1)[:count] + rng.exponential(0.0003, count)
    stalls = np.zeros(count)
    for at in range(100, count - 40, 700):  # the computer is busy for 400 ms, then all comes at once
        stalls[at : at + 20] = 0.4 - 0.02 * np.arange(20)
    return stalls + rng.exponential(0.001, count)


def arriving(seconds: float, ppm: float, late: NDArray[np.float64], count: int = BLOCK) -> Iterator[Heard]:
    """Blocks of a sound card whose clock is slow by ``ppm``."""
    silence = np.zeros((1, count), np.float32)
    before = 0.0
    for number in range(int(seconds * RATE / count)):
        before = max(before, BEGUN_S + (number + 1) * count / RATE * (1 + ppm * 1e-6) + late[number])
        yield Heard(silence, before)


def true_time(block: AudioBlock, first: AudioBlock, ppm: float) -> float:
    """When the first sample of a block was in truth captured, in seconds of the computer's clock."""
    return BEGUN_S + to_seconds(block.pts - first.pts) * (1 + ppm * 1e-6)


@pytest.mark.parametrize("kind", ["none", "heavy", "fragments", "stalls"])
@pytest.mark.parametrize("ppm", [-50.0, 200.0])
def test_sound_is_never_torn_and_pictures_stay_within_a_millisecond(kind: str, ppm: float) -> None:
    seconds = 100.0
    clock = SampleClock(RATE)
    blocks: list[AudioBlock] = []
    errors = []
    for heard in arriving(seconds, ppm, jitter(kind, int(seconds * 50))):
        for block in clock.push(heard):
            blocks.append(block)
            # A picture taken at the very instant of the block's first sample belongs to its pts.
            errors.append(to_seconds(clock.session(true_time(block, blocks[0], ppm)) - block.pts))
    assert {b.pts - a.end for a, b in pairwise(blocks)} == {0}
    assert clock.holes == 0
    assert max(map(abs, errors[250:])) < 1.2e-3
    assert max(map(abs, errors)) < 2e-3


def test_an_hour_at_50_ppm_neither_tears_the_sound_nor_moves_the_picture() -> None:
    clock, ppm, seconds = SampleClock(RATE), 50.0, 3600.0
    ends: list[int] = []
    first: AudioBlock | None = None
    for heard in arriving(seconds, ppm, jitter("heavy", int(seconds * 10)), RATE // 10):
        for block in clock.push(heard):
            first = first or block
            assert not ends or block.pts == ends[-1]
            ends = [block.end]
            picture = clock.session(true_time(block, first, ppm))
            assert abs(picture - block.pts) < 0.0015 * FLICKS
    assert first is not None
    assert to_seconds(ends[0] - first.pts) == pytest.approx(seconds, abs=1e-9)


def test_picture_times_never_jump() -> None:
    clock = SampleClock(RATE)
    before = None
    for heard in arriving(120.0, 50.0, jitter("stalls", 6000)):
        clock.push(heard)
        if clock.settled:
            offset = to_seconds(clock.session(heard.arrival_s)) - heard.arrival_s
            # Over a stall of 400 ms it may go 0.4 ms; the rest is what floats of this size can tell.
            assert before is None or abs(offset - before) < 0.5e-3
            before = offset


@pytest.mark.parametrize("torn", [True, False])
@pytest.mark.parametrize("lost_s", [0.1, 0.75])
def test_lost_sound_is_a_hole_of_its_length_whether_the_driver_says_so_or_not(torn: bool, lost_s: float) -> None:
    clock, blocks = SampleClock(RATE), list[AudioBlock]()
    late = jitter("heavy", 500) / 10
    for number, heard in enumerate(arriving(10.0, 0.0, late)):
        shift = lost_s if number >= 250 else 0.0
        blocks += clock.push(Heard(heard.channels, heard.arrival_s + shift, torn and number == 250))
    blocks += clock.finish()
    gaps = {i: to_seconds(b.pts - a.end) for i, (a, b) in enumerate(pairwise(blocks))}
    holes = {at: gap for at, gap in gaps.items() if gap}
    assert len(blocks) == 500
    assert list(holes) == [249]
    assert holes[249] == pytest.approx(lost_s, abs=1e-3)
    assert clock.holes == 1
    assert to_seconds(clock.session(BEGUN_S + 9.0) - blocks[0].pts) == pytest.approx(9.0, abs=1e-3)


def test_a_sound_server_whose_delay_steps_by_a_block_has_lost_nothing() -> None:
    clock, blocks = SampleClock(RATE), list[AudioBlock]()
    late = np.zeros(1000)
    late[300:320] = 0.4 - 0.02 * np.arange(20)
    late[320:] = 0.02
    before = None
    for heard in arriving(20.0, 0.0, late):
        blocks += clock.push(heard)
        before = clock.session(BEGUN_S) if before is None and clock.settled else before
    assert {b.pts - a.end for a, b in pairwise(blocks)} == {0}
    assert before is not None
    assert abs(clock.session(BEGUN_S) - before) < 0.005 * FLICKS


def test_an_overflow_that_lost_nothing_leaves_no_hole() -> None:
    clock, blocks = SampleClock(RATE), list[AudioBlock]()
    for number, heard in enumerate(arriving(4.0, 0.0, np.zeros(200))):
        blocks += clock.push(Heard(heard.channels, heard.arrival_s, torn=number == 120))
    assert len(blocks) == 200
    assert {b.pts - a.end for a, b in pairwise(blocks)} == {0}
    assert clock.holes == 0


def test_sound_before_an_overflow_at_the_very_beginning_is_let_go() -> None:
    clock, blocks = SampleClock(RATE), list[AudioBlock]()
    for number, heard in enumerate(arriving(4.0, 0.0, np.zeros(200))):
        blocks += clock.push(Heard(heard.channels, heard.arrival_s, torn=number == 10))
    assert len(blocks) == 190
    assert to_seconds(blocks[0].pts) == pytest.approx(BEGUN_S + 10 * BLOCK / RATE, abs=1e-6)


def test_two_channels_are_mixed_for_scoring_and_kept_for_the_clip() -> None:
    clock = SampleClock(RATE)
    sound = np.stack([np.full(BLOCK, 0.5, np.float32), np.zeros(BLOCK, np.float32)])
    blocks = [b for n in range(60) for b in clock.push(Heard(sound, BEGUN_S + (n + 1) * 0.02))]
    assert blocks[0].samples == pytest.approx(0.25)
    assert blocks[0].audible.shape == (2, BLOCK)


def test_a_first_estimate_that_was_far_off_is_mended_in_seconds_without_a_jump() -> None:
    envelope = LowerEnvelope(0.0, 0.06)
    for step in range(1, 100):
        envelope.push(step * 0.02, 0.06)
    assert envelope.value == pytest.approx(0.06)
    values = []
    for step in range(100, 3000):
        envelope.push(step * 0.02, 0.0)
        values.append(envelope.value)
    assert values[0] > 0.059
    assert max(np.abs(np.diff(values))) < 0.25e-3
    assert abs(values[-1]) < 1e-3


def test_stamps_of_the_computers_own_clock_are_taken_as_they_are() -> None:
    clock = PictureClock()
    clock.push(0.0, BEGUN_S)  # a driver whose first stamp is nonsense
    for frame in range(1, 100):
        clock.push(BEGUN_S + frame / 30, BEGUN_S + frame / 30 + 0.045)
    assert clock.same
    assert clock.at(BEGUN_S + 7.0) == BEGUN_S + 7.0


def test_stamps_of_another_clock_are_put_where_the_earliest_arrivals_are() -> None:
    clock, late = PictureClock(), np.random.default_rng(3).exponential(0.01, 300)
    for frame in range(300):
        clock.push(frame / 30, BEGUN_S + frame / 30 + late[frame])
    assert not clock.same
    assert clock.at(5.0) == pytest.approx(BEGUN_S + 5.0, abs=1e-3)
