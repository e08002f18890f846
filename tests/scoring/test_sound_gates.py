from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from encoder_sounds import Float32, cuts, hum, noise, silence, speech
from scipy.signal import resample_poly

from take5.scoring.errors import ParameterError
from take5.scoring.gates.sound import (
    BARK_EDGES_HZ,
    BLOCK_SAMPLES,
    NOTHING,
    STEPS,
    SoundMeasures,
    SoundMeter,
    WindowSound,
    band_powers,
    share_at_ceiling,
    window_sound,
)
from take5.stream.sources.file import MediaFile
from take5.stream.timeline.media import AudioBlock
from take5.stream.timeline.soundtrack import SoundTrack

FIELDS = ("power", "peak", "bands", "magnitudes", "speech")
FRAMES = 125


class Loud:
    """Takes loud sound for speech, and remembers the blocks that it was given."""

    def __init__(self) -> None:
        self.blocks: list[Float32] = []

    def push(self, block: Float32) -> Float32:
        self.blocks.append(block.copy())
        level = np.sqrt(np.mean(block.reshape(4, 640) ** 2, axis=1))
        return np.asarray(level > 0.02, np.float32)


def measured(sound: Float32, lengths: Iterable[int] | None = None, frames: int | None = None) -> SoundMeasures:
    meter, at, parts = SoundMeter(Loud()), 0, [NOTHING]
    for length in [len(sound)] if lengths is None else lengths:
        parts.append(meter.push(sound[at : at + length]))
        at += length
    assert at == len(sound)
    return SoundMeasures.concatenate([*parts, meter.finish(len(sound) // 640 if frames is None else frames)])


def window(sound: Float32) -> WindowSound:
    return window_sound(measured(sound, frames=FRAMES))


def assert_same(one: SoundMeasures, other: SoundMeasures) -> None:
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def with_noise(snr_db: float, colour: str = "white", seed: int = 0) -> Float32:
    """Speech with noise so many dB below the level of its loud frames."""
    clean = speech().astype(np.float64)
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.normal(size=len(clean)))
    if colour == "pink":
        spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(len(clean), 1 / 16_000), 50))
    grain = np.fft.irfft(spectrum, len(clean))
    frames = np.mean(clean.reshape(-1, 640) ** 2, axis=1)
    level = np.mean(frames[np.sqrt(frames) > 0.02])
    return np.asarray(clean + grain * np.sqrt(level / np.mean(grain**2) / 10 ** (snr_db / 10)), np.float32)


def clipped_speech(share: float) -> Float32:
    """Speech of which this share of the samples is cut off at full scale."""
    sound = speech()
    return np.asarray((sound / np.quantile(np.abs(sound), 1 - share)).clip(-1, 1))


def test_a_sine_has_its_level_and_its_peak() -> None:
    sine = (0.5 * np.sin(2 * np.pi * 1000 * np.arange(80_000) / 16_000)).astype(np.float32)
    heard = window(sine)
    assert heard.level_dbfs == pytest.approx(-9.03, abs=0.01)
    assert heard.peak_dbfs == pytest.approx(-6.02, abs=0.01)


def test_a_codecs_overshoot_is_above_full_scale() -> None:
    sound = silence()
    sound[1234] = -1.25
    assert window(sound).peak_dbfs == pytest.approx(20 * np.log10(1.25))


def test_band_powers_are_those_of_the_bands() -> None:
    t = np.arange(640) / 16_000
    tone = band_powers(np.sin(2 * np.pi * 1200 * t)[np.newaxis])[0]
    assert BARK_EDGES_HZ[np.argmax(tone)] == 1080
    assert tone.sum() == pytest.approx(0.5, rel=1e-3)
    grain = np.random.default_rng(0).normal(size=(2000, 640))
    found, widths = band_powers(grain).mean(axis=0), np.diff(BARK_EDGES_HZ) / 8000
    np.testing.assert_allclose(found, widths, rtol=0, atol=25 / 8000)  # edges fall on whole bins of 25 Hz
    assert found.sum() == pytest.approx(widths.sum(), rel=0.01)


def test_histograms_hold_every_sample_within_their_range() -> None:
    sound = np.float32(10) ** np.linspace(-3, 0.5, 640 * 4, dtype=np.float32)
    counts = SoundMeter().push(sound).magnitudes
    assert counts.shape == (4, STEPS)
    assert counts.sum() == np.count_nonzero(sound >= 10 ** (-54 / 20))
    assert counts[-1, -1] == np.count_nonzero(sound[-640:] >= 10 ** (5.5 / 20))


def test_the_cutting_changes_no_bit() -> None:
    sound = noise(24_077)
    whole = measured(sound)
    assert len(whole) == 37
    for lengths in ([1] * len(sound), [640] * 37 + [397], cuts(len(sound), 1), cuts(len(sound), 2)):
        assert_same(measured(sound, lengths), whole)


def test_a_frames_row_depends_on_nothing_after_it() -> None:
    sound, frame = noise(32_000), 20
    other = sound.copy()
    other[640 * frame :] = 0.7
    assert_same(measured(other)[:frame], measured(sound)[:frame])


def test_the_end_is_filled_with_zeros() -> None:
    sound = noise(5000)
    assert_same(measured(sound, frames=12), measured(np.pad(sound, (0, 12 * 640 - 5000)), frames=12))


def test_an_end_before_what_was_measured_brings_nothing_more() -> None:
    meter = SoundMeter()
    assert len(meter.push(noise(BLOCK_SAMPLES * 2 + 3))) == 8
    assert len(meter.finish(8)) == 0


def test_the_detector_hears_every_sample_once_in_order() -> None:
    sound, loud = noise(BLOCK_SAMPLES * 3 + 100), Loud()
    meter = SoundMeter(loud)
    for piece in np.split(sound, [7, 2559, 2561, 7000]):
        meter.push(piece)
    meter.finish(13)
    np.testing.assert_array_equal(np.concatenate(loud.blocks)[: len(sound)], sound)


def test_rows_are_cut_out_and_joined() -> None:
    rows = measured(noise(24_000), frames=36)
    assert_same(SoundMeasures.concatenate([rows[:5], rows[5:30], rows[30:]]), rows)


@pytest.mark.parametrize("colour", ["white", "pink"])
@pytest.mark.parametrize("snr_db", [20, 10, 5])
def test_noise_under_speech_without_long_pauses_is_told(snr_db: float, colour: str) -> None:
    found = window(with_noise(snr_db, colour)).snr_db
    assert found == pytest.approx(snr_db, abs=2)


def test_noise_alone_has_its_own_level() -> None:
    grain = (0.01 * np.random.default_rng(1).normal(size=80_000)).astype(np.float32)
    in_the_bands = 10 * np.log10((7700 - 100) / 8000)
    assert window(grain).noise_dbfs == pytest.approx(-40 + in_the_bands, abs=0.7)


def test_clean_speech_passes_every_level() -> None:
    heard = window(speech())
    assert heard.snr_db is not None
    assert heard.snr_db > 30
    assert heard.clipped < 0.005


def test_quieter_speech_is_as_much_quieter() -> None:
    loud, quiet = window(speech()), window(speech() / np.float32(10))
    assert loud.speech_dbfs is not None
    assert quiet.level_dbfs == pytest.approx(loud.level_dbfs - 20, abs=0.01)
    assert quiet.clipped == pytest.approx(loud.clipped, abs=3e-4)


@pytest.mark.parametrize("share", [0.01, 0.03, 0.1])
def test_the_share_of_clipped_samples_is_told(share: float) -> None:
    assert share <= window(clipped_speech(share)).clipped < 1.6 * share


@pytest.mark.parametrize("volume", [1.0, 0.1, 0.01])
def test_clipping_is_told_after_resampling_at_any_volume(volume: float) -> None:
    at_48k = resample_poly(speech().astype(np.float64), 3, 1)
    cut = (at_48k / np.quantile(np.abs(at_48k), 0.97)).clip(-1, 1)
    sound = np.asarray(resample_poly(cut * volume, 1, 3), np.float32)
    assert window(sound).clipped > 0.02


def test_the_share_at_the_ceiling_is_that_of_the_samples() -> None:
    sound = with_noise(30)
    ordered = np.sort(np.abs(sound))[::-1]
    ceiling = ordered[80]
    expected = np.mean(ordered > ceiling * 10 ** (-1 / 20))
    assert share_at_ceiling(measured(sound).magnitudes) == pytest.approx(expected, rel=0.15)


def test_silence_after_loud_sound_is_silence() -> None:
    rows = measured(np.concatenate([hum(), silence()]))
    heard = window_sound(rows[FRAMES:])
    assert heard == WindowSound(-120.0, -120.0, 0.0, None, -120.0, None, 0.0)


def test_a_window_is_its_own_rows_alone() -> None:
    rows = measured(np.concatenate([hum(), with_noise(20), noise(80_000)]))
    assert window_sound(rows[FRAMES : 2 * FRAMES]) == window_sound(measured(with_noise(20)))


def test_digital_silence_tells_nothing_about_the_noise_under_speech() -> None:
    gated = with_noise(10)
    gated[:24_000] = 0
    found = window(gated).snr_db
    assert found == pytest.approx(10, abs=2.5)


def test_too_little_speech_has_no_level() -> None:
    sound = (1e-4 * np.random.default_rng(2).normal(size=80_000)).astype(np.float32)
    sound[: 640 * 4] = hum()[: 640 * 4]
    heard = window(sound)
    assert heard.speech == pytest.approx(4 / FRAMES)
    assert heard.speech_dbfs is None
    assert heard.snr_db is None


def test_without_a_detector_speech_is_not_told() -> None:
    heard = window_sound(SoundMeter().push(speech()))
    assert heard.speech is None
    assert heard.snr_db is None
    assert heard.clipped > 0


def test_music_counts_as_noise() -> None:
    """Chords that fade and come again, 10 dB below the speech."""
    t = np.arange(8000) / 16_000
    notes = [sum(np.sin(2 * np.pi * f * h * t) / h for f in (220, 277, 330) for h in range(1, 7)) for _ in range(10)]
    music = np.concatenate([note * np.exp(-2.5 * t) for note in notes])
    mixed = speech() + music * np.sqrt(np.mean(speech() ** 2) / np.mean(music**2) / 10)
    found = window(mixed.astype(np.float32)).snr_db
    assert found is not None
    assert 6 < found < 16


@pytest.mark.parametrize("frames", [0, -1])
def test_what_cannot_be_measured_is_refused(frames: int) -> None:
    with pytest.raises(ParameterError, match=r"at least one frame|frames=-1 must not be negative"):
        window_sound(SoundMeter().finish(frames))


@pytest.mark.clips
def test_real_clips_are_clean(clips: list[Path]) -> None:
    for clip in clips:
        file = MediaFile(clip)
        track, meter, blocks = SoundTrack(file.origin), SoundMeter(Loud()), list[AudioBlock]()
        file.scan(blocks.append)
        rows = SoundMeasures.concatenate([NOTHING, *(meter.push(track.push(block)) for block in blocks)])
        assert len(rows) > 400
        for start in range(0, len(rows) - FRAMES + 1, FRAMES):
            heard = window_sound(rows[start : start + FRAMES])
            assert heard.clipped < 0.006, clip
            assert heard.snr_db is None or heard.snr_db > 15, clip
