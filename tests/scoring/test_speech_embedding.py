from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from encoder_sounds import Float32, cuts, diversity, hum, noise, onnx_files, silence, speech
from long_values import long_after

from take5.scoring.errors import ModelDamaged, ModelMissing, ParameterError
from take5.scoring.models import speech_embedding
from take5.scoring.models.audio import AudioEncoder, EmbeddingStream, embed
from take5.scoring.models.speech_embedding import SpeechEmbedding


@pytest.fixture(scope="module")
def encoder() -> SpeechEmbedding:
    return SpeechEmbedding(*onnx_files())


def reference(samples: Float32, frame: int) -> Float32:
    """The two graphs by hand, on one frame's samples as 16-bit integers' range."""
    mel, network = (
        onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]) for path in onnx_files()
    )
    padded = np.pad(samples, 6256)
    segment = padded[640 * frame : 640 * frame + 12_512] * 32768
    decibels = mel.run(None, {"input": segment[np.newaxis]})[0]
    assert decibels.shape == (1, 1, 76, 32)
    rows = (decibels.reshape(1, 76, 32, 1) / 10 + 2).astype(np.float32)
    embedding: Float32 = network.run(None, {"input_1": rows})[0].reshape(96)
    return embedding


def test_embeddings_are_those_of_the_graphs_on_each_frames_own_samples(encoder: SpeechEmbedding) -> None:
    sound = speech()[:32_000]
    rows = embed(encoder, sound, 50)
    assert rows.shape == (50, 96)
    assert rows.dtype == np.float32
    for frame in (0, 9, 24, 25, 40, 49):
        np.testing.assert_allclose(rows[frame], reference(sound, frame), rtol=0, atol=1e-4)


def test_span_is_centred_on_the_frame(encoder: SpeechEmbedding) -> None:
    assert encoder.span(0) == (-6256, 6256)
    assert encoder.span(100) == encoder.span(100, 5) == (64_000 - 6256, 64_000 + 6256)


def test_the_cutting_changes_no_bit(encoder: SpeechEmbedding) -> None:
    sound, frames = speech()[:24_077], 38
    whole = embed(encoder, sound, frames)
    for lengths in ([1] * len(sound), [640] * 37 + [397], cuts(len(sound), 1), cuts(len(sound), 2)):
        stream = EmbeddingStream(encoder)
        pieces = np.split(sound, np.cumsum(lengths)[:-1])
        rows = np.concatenate([*(stream.push(piece) for piece in pieces), stream.finish(frames)])
        np.testing.assert_array_equal(rows, whole)


def test_loud_sound_outside_a_frames_span_changes_nothing_in_it(encoder: SpeechEmbedding) -> None:
    """Not even in frames of the same batch: the mel graph clips at 80 dB below the maximum of all it is given."""
    sound, frame = noise(32_000) * np.float32(1e-3), 12
    start, stop = encoder.span(frame)
    louder = np.ones_like(sound)
    louder[start:stop] = sound[start:stop]
    before, after = embed(encoder, sound, 50), embed(encoder, louder, 50)
    np.testing.assert_allclose(after[frame], before[frame], rtol=0, atol=1e-4)
    assert np.abs(after[frame - 1] - before[frame - 1]).max() > 1
    assert np.abs(after[frame + 1] - before[frame + 1]).max() > 1


def with_breaks() -> Float32:
    """Speech at changing levels, with digital silence and a click: windows of many floors."""
    sound = speech().copy()
    sound[20_000:24_000] = 0
    sound[40_000:52_000] *= np.float32(1e-4)
    sound[60_000:76_000] = 0
    sound[70_000] = 1
    return sound


@pytest.mark.parametrize("make", long_after(2, [with_breaks, hum, silence, lambda: noise(80_000)]))
def test_frames_share_what_they_have_in_common_and_nothing_else(
    encoder: SpeechEmbedding, make: Callable[[], Float32]
) -> None:
    padded = np.pad(make(), 6256)
    segments = np.lib.stride_tricks.sliding_window_view(padded, 12_512)[::640]
    alone = np.concatenate([encoder.encode(segment[np.newaxis]) for segment in segments])
    together = np.concatenate([encoder.encode(segments[i : i + 25]) for i in range(0, len(segments), 25)])
    np.testing.assert_allclose(together, alone, rtol=0, atol=5e-4)
    np.testing.assert_array_equal(encoder.encode(segments[::-3]), alone[::-3])


def test_neighbours_cost_the_network_less(encoder: SpeechEmbedding, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    run = speech_embedding._run

    def watched(session: onnxruntime.InferenceSession, rows: Float32) -> Float32:
        given.append(rows.size)
        return run(session, rows)

    monkeypatch.setattr(speech_embedding, "_run", watched)
    segments = np.lib.stride_tricks.sliding_window_view(noise(32_000), 12_512)[: 25 * 640 : 640]
    encoder.encode(segments)
    assert sum(given) < 0.2 * segments.size


@pytest.mark.parametrize("inside", ["first", "last"])
def test_sound_at_the_edges_of_a_frames_span_counts(encoder: SpeechEmbedding, inside: str) -> None:
    sound, frame = noise(32_000), 20
    start, stop = encoder.span(frame)
    edge = slice(start, start + 160) if inside == "first" else slice(stop - 160, stop)
    other = sound.copy()
    other[edge] = 0.9
    assert not np.array_equal(embed(encoder, other, 21)[frame], embed(encoder, sound, 21)[frame])


def test_speech_is_more_diverse_than_a_hum_and_a_hum_than_silence(encoder: SpeechEmbedding) -> None:
    d_speech, d_hum, d_silence = (diversity(embed(encoder, sound, 125)) for sound in (speech(), hum(), silence()))
    assert d_speech > 4 * d_hum
    assert d_hum > d_silence + 1


def test_embeddings_are_not_normalised(encoder: SpeechEmbedding) -> None:
    lengths = np.linalg.norm(embed(encoder, speech(), 125), axis=1)
    assert lengths.max() > 1.2 * lengths.min() > 1.2


def test_what_it_says_of_itself(encoder: SpeechEmbedding) -> None:
    contract: AudioEncoder = encoder
    assert (contract.name, contract.dimension, contract.device) == ("speech-embedding", 96, "cpu")
    assert contract.preemphasis == 0
    assert contract.version == "ba2b0e0f8b7b-70d164290c1d"


@pytest.mark.parametrize("damaged", [0, 1])
@pytest.mark.parametrize("how", ["text", "empty", "short"])
def test_damaged_files_are_named(tmp_path: Path, damaged: int, how: str) -> None:
    paths = list(onnx_files())
    content = paths[damaged].read_bytes()
    paths[damaged] = tmp_path / "broken.onnx"
    paths[damaged].write_bytes({"text": b"<html>not found</html>", "empty": b"", "short": content[:-1000]}[how])
    with pytest.raises(ModelDamaged, match=r"broken\.onnx: (not an|this) ONNX model"):
        SpeechEmbedding(paths[0], paths[1])


def test_files_in_the_wrong_order_are_named() -> None:
    mel, network = onnx_files()
    with pytest.raises(
        ModelDamaged, match=r"embedding_model\.onnx: this ONNX model does not take float32 \(1, 12512\)"
    ):
        SpeechEmbedding(network, mel)
    with pytest.raises(ModelDamaged, match=r"melspectrogram\.onnx: this ONNX model does not take .*\(1, 76, 32, 1\)"):
        SpeechEmbedding(mel, mel)


def test_missing_file_and_bad_threads(tmp_path: Path) -> None:
    mel, network = onnx_files()
    with pytest.raises(ModelMissing, match="gone"):
        SpeechEmbedding(mel, tmp_path / "gone.onnx")
    with pytest.raises(ParameterError, match="threads=0 must be at least 1"):
        SpeechEmbedding(mel, network, threads=0)


def test_a_network_that_cannot_take_longer_stretches_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_embedding, "of_any_length", lambda network: network)
    with pytest.raises(ModelDamaged, match=r"embedding_model\.onnx: this ONNX model gives \(2, 1, 1, 96\)"):
        SpeechEmbedding(*onnx_files())
