import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from encoder_sounds import Float32, cuts, hum, noise, onnx_files, silence, speech

from take5.scoring.errors import ModelDamaged, ModelMissing, ParameterError
from take5.scoring.gates.sound import BLOCK_SAMPLES, SoundMeasures, SoundMeter, window_sound
from take5.scoring.models.vad import SpeechDetector
from take5.stream.model_files.cache import find


@pytest.fixture(scope="module")
def detector() -> SpeechDetector:
    return SpeechDetector(find("silero_vad"))


def probabilities(detector: SpeechDetector, sound: Float32, lengths: list[int] | None = None) -> Float32:
    meter, at, parts = SoundMeter(detector.stream()), 0, []
    for length in [len(sound)] if lengths is None else lengths:
        parts.append(meter.push(sound[at : at + length]))
        at += length
    return SoundMeasures.concatenate([*parts, meter.finish(len(sound) // 640)]).speech.astype(np.float32)


def by_hand(sound: Float32) -> Float32:
    """Each chunk's probability by the graph that Silero ships for one chunk at a time."""
    session = onnxruntime.InferenceSession(
        find("silero_vad").parent / "silero_vad_16k_op15.onnx", providers=["CPUExecutionProvider"]
    )
    padded, state, found = np.pad(sound, (64, 0)), np.zeros((2, 1, 128), np.float32), []
    for start in range(0, len(sound) - 511, 512):
        given = {"input": padded[np.newaxis, start : start + 576], "state": state, "sr": np.array(16_000)}
        probability, state = session.run(None, given)
        found.append(float(probability[0, 0]))
    return np.array(found, np.float32)


def test_a_frame_has_the_probability_of_the_chunks_that_end_in_it(detector: SpeechDetector) -> None:
    sound = np.concatenate([noise(8000) * np.float32(0.1), speech()[:24_000]])
    chunks, frames = by_hand(sound), probabilities(detector, sound)
    assert len(frames) == 50
    ends = 512 * (np.arange(len(chunks)) + 1)
    for frame in range(48):
        inside = (ends > 640 * frame) & (ends <= 640 * (frame + 1))
        assert frames[frame] == pytest.approx(chunks[inside].mean(), abs=1e-3)


def test_speech_is_told_from_other_sound(detector: SpeechDetector) -> None:
    grain = (0.05 * np.random.default_rng(0).normal(size=80_000)).astype(np.float32)
    found = {
        name: float(np.mean(probabilities(detector, sound) >= 0.5))
        for name, sound in {"speech": speech(), "grain": grain, "silence": silence(), "hum": hum()[:80_000]}.items()
    }
    assert found["speech"] > 0.8
    assert max(found["grain"], found["silence"]) < 0.02
    assert found["hum"] < 0.5  # a held vowel is speech when it begins


def test_speech_under_noise_is_still_speech(detector: SpeechDetector) -> None:
    grain = np.random.default_rng(1).normal(size=80_000) * np.sqrt(np.mean(speech() ** 2) / 10)
    assert np.mean(probabilities(detector, (speech() + grain).astype(np.float32)) >= 0.5) > 0.7


def test_the_cutting_changes_no_bit(detector: SpeechDetector) -> None:
    sound = speech()[:24_077]
    whole = probabilities(detector, sound)
    for lengths in ([1] * len(sound), [640] * 37 + [397], cuts(len(sound), 1), cuts(len(sound), 2)):
        np.testing.assert_array_equal(probabilities(detector, sound, lengths), whole)


def test_what_comes_later_changes_nothing(detector: SpeechDetector) -> None:
    frame = 31
    other = speech().copy()
    other[640 * frame :] = 0
    before, after = probabilities(detector, speech()), probabilities(detector, other)
    np.testing.assert_array_equal(after[:frame], before[:frame])
    assert not np.array_equal(after[frame : frame + 4], before[frame : frame + 4])


def test_streams_that_share_a_detector_do_not_hear_each_other(detector: SpeechDetector) -> None:
    one, other = detector.stream(), detector.stream()
    alone = detector.stream()
    blocks = speech()[: BLOCK_SAMPLES * 10].reshape(10, BLOCK_SAMPLES)
    for block in blocks:
        other.push(np.zeros(BLOCK_SAMPLES, np.float32))
        np.testing.assert_array_equal(one.push(block), alone.push(block))


def test_a_long_past_is_forgotten(detector: SpeechDetector) -> None:
    """After a minute of noise speech is heard as if it came first."""
    past = np.resize(noise(80_000), 960_000)
    after = probabilities(detector, np.concatenate([past, speech()]))[-125:]
    fresh = probabilities(detector, speech())
    assert np.mean((after >= 0.5) == (fresh >= 0.5)) > 0.93


def test_a_window_has_its_share_of_speech(detector: SpeechDetector) -> None:
    half = np.concatenate([speech()[:40_000], silence()[:40_000]])
    heard = window_sound(SoundMeter(detector.stream()).push(np.pad(half, (0, 1920)))[:125])
    assert heard.speech == pytest.approx(0.47, abs=0.08)


def test_what_it_says_of_itself(detector: SpeechDetector) -> None:
    assert (detector.name, detector.version) == ("silero-vad", "9ccdacc4719d")
    assert "silero_vad" not in sys.modules


def test_a_block_of_another_length_is_refused(detector: SpeechDetector) -> None:
    stream = detector.stream()
    with pytest.raises(ParameterError, match=r"block must be float32 \(2560,\), not float32 \(640,\)"):
        stream.push(np.zeros(640, np.float32))
    with pytest.raises(ParameterError, match=r"not float64 \(2560,\)"):
        stream.push(np.zeros(2560))  # type: ignore[arg-type] # that is what is refused


@pytest.mark.parametrize("how", ["text", "empty", "short"])
def test_a_damaged_file_is_named(tmp_path: Path, how: str) -> None:
    content, path = find("silero_vad").read_bytes(), tmp_path / "broken.onnx"
    path.write_bytes({"text": b"<html>not found</html>", "empty": b"", "short": content[:-1000]}[how])
    with pytest.raises(ModelDamaged, match=r"broken\.onnx: (not an|this) ONNX model"):
        SpeechDetector(path)


def test_another_model_is_named() -> None:
    with pytest.raises(
        ModelDamaged, match=r"embedding_model\.onnx: this ONNX model does not take the sound and memory"
    ):
        SpeechDetector(onnx_files()[1])


def test_missing_file_and_bad_threads(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="gone"):
        SpeechDetector(tmp_path / "gone.onnx")
    with pytest.raises(ParameterError, match="threads=0 must be at least 1"):
        SpeechDetector(find("silero_vad"), threads=0)
