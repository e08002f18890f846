"""Sound to 16 kHz: the same bits however it is cut, and the same signal as was put in."""

from fractions import Fraction

import numpy as np
import pytest
from encoder_sounds import cuts, noise
from numpy.typing import NDArray
from scipy.signal import firwin, resample_poly

from take5.scoring.errors import ParameterError
from take5.stream.timeline.resampler import Resampler

RATES = [8_000, 11_025, 16_000, 22_050, 32_000, 37_800, 44_100, 48_000, 96_000]
EDGE = 160
"""Output samples at either end, 10 ms, where the filter reaches over the edge of the sound."""

STOP_BAND_DB = -80
PASS_BAND_DB = -75
"""Error of a tone in the pass band against the analytic signal, relative to its amplitude."""

Sound = NDArray[np.float32]


def whole(sound: Sound, rate: int, offset: Fraction = Fraction(0)) -> Sound:
    resampler = Resampler(rate, offset)
    return np.concatenate([resampler.push(sound), resampler.finish()])


def tone(frequency: float, rate: int, seconds: float = 0.5, start_s: float = 0.0) -> Sound:
    t = start_s + np.arange(round(seconds * rate)) / rate
    return np.sin(2 * np.pi * frequency * t + 0.3).astype(np.float32)


def decibels(amplitude: float) -> float:
    return float(20 * np.log10(max(amplitude, 1e-12)))


def middle(sound: Sound) -> Sound:
    return sound[EDGE:-EDGE]


@pytest.mark.parametrize("rate", RATES)
def test_ragged_pieces_give_the_same_bits_as_one(rate: int) -> None:
    sound = noise(2 * rate)
    expected = whole(sound, rate)
    for seed in range(3):
        resampler, pieces = Resampler(rate), np.split(sound, np.cumsum(cuts(len(sound), seed))[:-1])
        got = np.concatenate([*map(resampler.push, pieces), resampler.finish()])
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 44_100, 48_000])
def test_single_samples_give_the_same_bits_as_one_piece(rate: int) -> None:
    sound = noise(rate // 20)
    resampler = Resampler(rate, Fraction(7, 3))
    got = np.concatenate([*(resampler.push(sound[i : i + 1]) for i in range(len(sound))), resampler.finish()])
    np.testing.assert_array_equal(got, whole(sound, rate, Fraction(7, 3)))


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("frequency", [0.5, 97.0, 440.0, 3_000.0])
def test_a_tone_comes_out_as_itself(rate: int, frequency: float) -> None:
    got = whole(tone(frequency, rate), rate)
    error = np.abs(middle(got) - middle(tone(frequency, 16_000))).max()
    assert decibels(float(error)) < PASS_BAND_DB


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("offset", [Fraction(1), Fraction(5, 2), Fraction(1000), Fraction(12_345, 7)], ids=str)
def test_the_offset_is_a_time_in_input_samples(rate: int, offset: Fraction) -> None:
    """Met to the nearest 1/up of an input sample, and exactly where it is such a fraction."""
    up = Fraction(16_000, rate).numerator
    met = Fraction(round(offset * up), up)
    assert abs(met - offset) <= Fraction(1, 2 * up)
    got = whole(tone(440, rate), rate, offset)
    expected = tone(440, 16_000, len(got) / 16_000, start_s=float(met / rate))
    assert decibels(float(np.abs(middle(got) - middle(expected)).max())) < PASS_BAND_DB


@pytest.mark.parametrize("rate", [22_050, 32_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("frequency", [9_000.0, 9_700.0, 10_900.0])
def test_nothing_above_9_khz_comes_back_as_an_alias(rate: int, frequency: float) -> None:
    assert decibels(float(np.abs(middle(whole(tone(frequency, rate), rate))).max())) < STOP_BAND_DB


@pytest.mark.parametrize("frequency", [500.0, 3_500.0, 3_700.0])
def test_a_telephone_call_gets_no_image_above_4_khz(frequency: float) -> None:
    got = middle(whole(tone(frequency, 8_000), 8_000)).astype(float)
    spectrum = np.abs(np.fft.rfft(got * np.blackman(len(got)))) / (0.21 * len(got))
    assert decibels(spectrum[np.fft.rfftfreq(len(got), 1 / 16_000) > 4_400].max()) < STOP_BAND_DB


@pytest.mark.parametrize("rate", RATES)
def test_a_constant_stays_that_constant(rate: int) -> None:
    got = whole(np.full(rate // 2, 0.5, np.float32), rate)
    np.testing.assert_allclose(middle(got), 0.5, atol=1e-4)
    assert abs(middle(got).mean() - 0.5) < 2e-5


@pytest.mark.parametrize("rate", RATES)
def test_agrees_with_scipy_on_what_both_filters_let_through(rate: int) -> None:
    ratio = Fraction(16_000, rate)
    low_pass = firwin(8 * (rate // 1000) + 1, 2_500, fs=rate)
    low = np.convolve(np.random.default_rng(1).normal(0, 0.3, rate // 2), low_pass, "same").astype(np.float32)
    expected = resample_poly(low.astype(float), ratio.numerator, ratio.denominator, window=("kaiser", 8.6))
    np.testing.assert_allclose(middle(whole(low, rate)), middle(expected), atol=2e-3)


def test_16_khz_goes_through_untouched() -> None:
    sound = noise(4_000)
    np.testing.assert_array_equal(whole(sound, 16_000), sound)
    np.testing.assert_array_equal(whole(sound, 16_000, Fraction(37)), sound[37:])


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("count", [0, 1, 2, 3, 441, 1000, 7777])
@pytest.mark.parametrize("offset", [Fraction(0), Fraction(3, 2), Fraction(500)], ids=str)
def test_output_ends_where_the_input_ends(rate: int, count: int, offset: Fraction) -> None:
    """Output n stands at input time offset + n * rate / 16000: every such time before the end is there."""
    up = Fraction(16_000, rate).numerator
    met = Fraction(round(offset * up), up)
    expected = max(0, -((met - count) * 16_000 // rate))
    assert len(whole(noise(count), rate, offset)) == expected
    assert Resampler(rate, offset).output_length(count) == expected


@pytest.mark.parametrize("rate", RATES)
def test_complete_samples_come_out_at_once(rate: int) -> None:
    """What is held back is half the filter and less than one turn of its phases."""
    resampler = Resampler(rate)
    ready = len(resampler.push(noise(rate)))
    behind_s = 1.0 - ready / 16_000
    assert 0 <= behind_s < 24 / min(rate, 16_000) + Fraction(16_000, rate).denominator / rate + 0.001


def test_a_click_stays_where_it_was() -> None:
    sound = np.zeros(48_000, np.float32)
    sound[24_000] = 1.0
    got = whole(sound, 48_000)
    assert int(np.abs(got).argmax()) == 8_000
    np.testing.assert_allclose(got[8_001:8_300], got[7_999:7_700:-1], atol=1e-6)


@pytest.mark.parametrize("rate", [0, -48_000, 768_001])
def test_a_rate_that_no_sound_has_is_refused(rate: int) -> None:
    with pytest.raises(ParameterError, match=rf"sample rate {rate} must be in 1\.\.768000 Hz"):
        Resampler(rate)
