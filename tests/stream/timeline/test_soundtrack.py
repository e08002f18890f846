"""Blocks with timestamps to one unbroken run of sound: placed, holes filled and named, overlaps cut."""

from fractions import Fraction

import numpy as np
import pytest
from encoder_sounds import noise
from numpy.typing import NDArray

from take5.scoring.errors import ParameterError
from take5.stream.timeline.clock import FLICKS, FRAME_FLICKS
from take5.stream.timeline.media import AudioBlock
from take5.stream.timeline.soundtrack import Continuity, Placement, SoundTrack, cut, silent_frames, to_pcm16

MS = FLICKS // 1000
RATE = 16_000

Sound = NDArray[np.float32]


def at(ms: float) -> int:
    return round(ms * MS)


def blocks(sound: Sound, *, start_ms: float = 0.0, size: int = 320, rate: int = RATE) -> list[AudioBlock]:
    """Sound [n] or [C, n] in blocks with exact timestamps."""
    channels = np.atleast_2d(sound)
    return [
        AudioBlock(
            at(start_ms) + FLICKS * first // rate,
            channels[:, first : first + size].mean(axis=0),
            rate,
            channels[:, first : first + size],
        )
        for first in range(0, channels.shape[1], size)
    ]


def run(track: SoundTrack, pieces: list[AudioBlock]) -> Sound:
    return np.concatenate([*map(track.push, pieces), track.finish()])


def without(pieces: list[AudioBlock], start_ms: float, stop_ms: float) -> list[AudioBlock]:
    return [piece for piece in pieces if not at(start_ms) <= piece.pts < at(stop_ms)]


def delayed(pieces: list[AudioBlock], from_ms: float, by_ms: float) -> list[AudioBlock]:
    return [
        AudioBlock(
            piece.pts + (at(by_ms) if piece.pts >= at(from_ms) else 0), piece.samples, piece.rate, piece.channels
        )
        for piece in pieces
    ]


def test_sample_s_stands_at_s_over_16000_from_the_origin() -> None:
    sound = noise(RATE)
    got = run(SoundTrack(at(250)), blocks(sound))
    np.testing.assert_array_equal(got, sound[4000:])


def test_the_origin_may_stand_between_samples_of_the_track() -> None:
    t = np.arange(48_000) / 48_000
    sound = np.sin(2 * np.pi * 300 * t).astype(np.float32)
    origin = at(100) + FLICKS // 48_000 // 3
    got = run(SoundTrack(origin), blocks(sound, rate=48_000, size=1024))
    expected = np.sin(2 * np.pi * 300 * (origin / FLICKS + np.arange(len(got)) / RATE))
    np.testing.assert_allclose(got[100:-100], expected[100:-100], atol=300 * 2 * np.pi / 48_000 / 2)


@pytest.mark.parametrize("jitter_ms", [-5.0, -1.0, 0.4, 5.0])
def test_timestamps_rounded_by_up_to_5_ms_mean_nothing(jitter_ms: float) -> None:
    sound = noise(RATE)
    pieces = [
        AudioBlock(piece.pts + at(jitter_ms) * (i % 2), piece.samples, RATE) for i, piece in enumerate(blocks(sound))
    ]
    track = SoundTrack(0)
    np.testing.assert_array_equal(run(track, pieces), sound)
    assert not track.missing(0, 25).any()


def test_rounding_does_not_add_up() -> None:
    """Blocks of 1024 samples at 44.1 kHz, each timestamp cut to a millisecond, as Matroska has them."""
    sound = noise(44_100 * 4)
    exact = blocks(sound, rate=44_100, size=1024)
    rounded = [AudioBlock(piece.pts // MS * MS, piece.samples, 44_100) for piece in exact]
    np.testing.assert_array_equal(run(SoundTrack(0), rounded), run(SoundTrack(0), exact))


@pytest.mark.parametrize(
    ("hole_ms", "named"), [(6, False), (20, False), (25, False), (25.5, True), (100, True), (1500, True)]
)
def test_a_hole_is_filled_with_zeros_and_named_when_longer_than_20_ms_and_rounding(hole_ms: float, named: bool) -> None:
    sound = noise(RATE)
    track = SoundTrack(0)
    got = run(track, delayed(blocks(sound), 500, hole_ms))
    filled = np.zeros(round(hole_ms * 16), np.float32)
    np.testing.assert_array_equal(got, np.concatenate([sound[:8000], filled, sound[8000:]]))
    assert track.missing(0, 80).any() == named


@pytest.mark.parametrize(
    ("start_ms", "stop_ms", "frames"),
    [
        (480, 520, [12]),
        (500, 540, [12, 13]),
        (500, 600, [12, 13, 14]),
        (400, 440, [10]),
        (440, 900, list(range(11, 23))),
    ],
)
def test_a_hole_touches_the_frames_whose_samples_it_has(start_ms: int, stop_ms: int, frames: list[int]) -> None:
    track = SoundTrack(0)
    run(track, without(blocks(noise(RATE)), start_ms, stop_ms))
    assert np.flatnonzero(track.missing(0, 25)).tolist() == frames
    for first in range(25):
        np.testing.assert_array_equal(track.missing(first, 25), track.missing(0, 25)[first:])
        np.testing.assert_array_equal(track.missing(0, first), track.missing(0, 25)[:first])


def test_holes_count_from_the_origin() -> None:
    track = SoundTrack(at(130))
    run(track, without(blocks(noise(RATE)), 500, 540))
    assert np.flatnonzero(track.missing(0, 20)).tolist() == [9, 10]


def test_a_forgotten_hole_is_forgotten_and_a_later_one_is_not() -> None:
    track = SoundTrack(0)
    run(track, without(without(blocks(noise(2 * RATE)), 400, 440), 1200, 1240))
    track.forget(11)
    assert np.flatnonzero(track.missing(0, 50)).tolist() == [30]
    track.forget(30)
    assert np.flatnonzero(track.missing(0, 50)).tolist() == [30]


def test_sound_that_was_there_already_is_cut_off() -> None:
    sound = noise(RATE)
    repeated = [*blocks(sound[:8000]), *blocks(sound[6400:], start_ms=400)]
    np.testing.assert_array_equal(run(SoundTrack(0), repeated), sound)
    twice = [piece for piece in blocks(sound) for _ in range(2)]
    np.testing.assert_array_equal(run(SoundTrack(0), twice), sound)


def test_a_block_before_everything_else_is_cut_off_whole() -> None:
    sound = noise(RATE)
    pieces = blocks(sound)
    pieces.insert(30, AudioBlock(at(20), np.ones(320, np.float32), RATE))
    np.testing.assert_array_equal(run(SoundTrack(0), pieces), sound)


@pytest.mark.parametrize(
    ("early_ms", "placement"),
    [
        (0, Placement(0, 0)),
        (5, Placement(0, 0)),
        (-5, Placement(0, 0)),
        (6, Placement(96, 0)),
        (-6, Placement(0, 96)),
        (1000, Placement(16_000, 0)),
        (-1000, Placement(0, 320)),
    ],
)
def test_placement(early_ms: int, placement: Placement) -> None:
    continuity = Continuity(RATE, at(70))
    continuity.place(at(70), 32_000)
    assert continuity.end == at(2070)
    assert continuity.place(at(2070 + early_ms), 320) == placement
    assert continuity.end == at(2070) + (placement.gap + 320 - placement.skip) * FLICKS // RATE


@pytest.mark.parametrize("rate", [8_000, 44_100, 37_800])
def test_the_end_is_the_time_of_the_samples_taken(rate: int) -> None:
    continuity = Continuity(rate, 0)
    for _ in range(1000):
        continuity.place(continuity.end, 1023)
    assert continuity.end == 1_023_000 * FLICKS // rate


@pytest.mark.parametrize(
    ("samples", "frames"), [(0, 0), (319, 0), (320, 1), (640, 1), (959, 1), (960, 2), (16_000 - 320, 25), (16_000, 25)]
)
def test_sound_may_end_20_ms_before_its_last_frame_does(samples: int, frames: int) -> None:
    track = SoundTrack(0)
    run(track, blocks(noise(samples)))
    assert track.frames() == frames


def test_frames_count_from_the_origin() -> None:
    track = SoundTrack(at(300))
    run(track, blocks(noise(RATE)))
    assert track.frames() == 18
    assert SoundTrack(at(300)).frames() == 0
    assert SoundTrack(0).finish().shape == (0,)


def test_a_track_that_begins_after_the_origin_is_refused() -> None:
    with pytest.raises(ParameterError, match="begins after grid frame 0"):
        SoundTrack(0).push(AudioBlock(1, np.zeros(10, np.float32), RATE))


def test_another_sample_rate_is_refused() -> None:
    track = SoundTrack(0)
    track.push(AudioBlock(0, np.zeros(320, np.float32), RATE))
    with pytest.raises(ParameterError, match="from 16000 to 48000 Hz"):
        track.push(AudioBlock(at(20), np.zeros(320, np.float32), 48_000))


@pytest.mark.parametrize(("start_ms", "stop_ms"), [(100, 300), (0, 1000), (123.4375, 987.5)])
def test_cut_gives_every_channel_of_a_stretch(start_ms: float, stop_ms: float) -> None:
    sound = np.stack([noise(RATE, 1), noise(RATE, 2)])
    got, rate = cut(blocks(sound), at(start_ms), at(stop_ms))
    assert rate == RATE
    np.testing.assert_array_equal(got, sound[:, round(start_ms * 16) : round(stop_ms * 16)])


def test_cut_fills_holes_and_what_lies_outside_with_zeros() -> None:
    sound = noise(RATE)
    got, _ = cut(without(blocks(sound, start_ms=100), 500, 540), at(0), at(1200))
    expected = np.concatenate([np.zeros(1600), sound[:6400], np.zeros(640), sound[7040:], np.zeros(1600)])
    np.testing.assert_array_equal(got[0], expected.astype(np.float32))


def test_cut_agrees_with_the_track() -> None:
    sound = noise(RATE)
    pieces = delayed(blocks(sound), 500, 30)
    whole = run(SoundTrack(0), pieces)
    got, _ = cut(pieces, at(200), at(800))
    np.testing.assert_array_equal(got[0], whole[3200:12_800])


@pytest.mark.parametrize("rate", [11_025, 37_800, 44_100])
def test_cut_is_as_long_as_its_time(rate: int) -> None:
    for start in range(0, 50 * FRAME_FLICKS, 7 * FRAME_FLICKS):
        got, _ = cut(blocks(noise(rate * 8), rate=rate, size=1024), start, start + 125 * FRAME_FLICKS)
        assert got.shape == (1, 5 * rate)


@pytest.mark.parametrize(("first", "then"), [(2, 1), (1, 2)])
def test_cut_survives_a_change_between_mono_and_stereo(first: int, then: int) -> None:
    sound = noise(RATE)
    mono, stereo = blocks(sound), blocks(np.stack([sound, sound]))
    both = {1: mono, 2: stereo}
    got, _ = cut([*both[first][:25], *both[then][25:]], 0, at(1000))
    np.testing.assert_array_equal(got, np.repeat(sound[None], first, axis=0))


def test_nothing_to_cut_is_an_error() -> None:
    with pytest.raises(ParameterError, match="no sound to cut"):
        cut([], 0, at(100))


def test_digital_silence_is_nothing_above_one_step_of_16_bits() -> None:
    sound = np.zeros(640 * 5, np.float32)
    sound[640] = 1 / 32768
    sound[1280 + 639] = -1 / 32768
    sound[1920] = 1.5 / 32768
    sound[2560 + 639] = -1.5 / 32768
    assert silent_frames(sound).tolist() == [True, True, True, False, False]
    assert silent_frames(np.zeros(0, np.float32)).tolist() == []


def test_pcm_is_rounded_and_clipped() -> None:
    steps = np.array([0, 1, -1, 0.4, 0.6, -0.6, 32767, 32768, 40_000, -32768, -40_000], np.float32)
    expected = [0, 1, -1, 0, 1, -1, 32767, 32767, 32767, -32768, -32768]
    pcm = to_pcm16(steps / np.float32(32768))
    assert pcm.dtype == np.int16
    assert pcm.tolist() == expected


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_the_sound_does_not_depend_on_the_size_of_its_blocks(rate: int) -> None:
    sound = noise(rate)
    expected = run(SoundTrack(at(33)), blocks(sound, rate=rate, size=rate))
    for size in (1, 160, 1024) if rate == RATE else (160, 1024):
        pieces = blocks(sound[: rate if size > 1 else 2000], rate=rate, size=size)
        got = run(SoundTrack(at(33)), pieces)
        np.testing.assert_array_equal(got, expected[: len(got)])


def test_fraction_of_a_sample_gaps_round_to_the_nearest() -> None:
    continuity = Continuity(44_100, 0)
    placement = continuity.place(at(10.01), 100)
    assert placement == Placement(round(Fraction(at(10.01) * 44_100, FLICKS)), 0) == Placement(441, 0)
