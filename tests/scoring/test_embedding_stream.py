from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from encoder_sounds import Float32, cuts, noise

from take5.scoring.errors import ModelMissing, ParameterError
from take5.scoring.models.audio import AudioEncoder, EmbeddingStream, embed, read_model


class Segments:
    """An encoder whose embedding is the segment itself, from 1000 samples before the frame to 1500 after it."""

    name, version, device = "segments", "0", "cpu"
    dimension = 2500

    def __init__(self, preemphasis: float = 0.0) -> None:
        self.preemphasis = preemphasis
        self.batches: list[int] = []

    def span(self, frame: int, total_samples: int | None = None) -> tuple[int, int]:
        del total_samples
        return 640 * frame - 1000, 640 * frame + 1500

    def encode(self, segments: Float32) -> Float32:
        self.batches.append(len(segments))
        return segments.copy()


class SegmentsMovedBack(Segments):
    """The same, but no span passes the end of the sound."""

    def span(self, frame: int, total_samples: int | None = None) -> tuple[int, int]:
        start, stop = super().span(frame)
        back = 0 if total_samples is None else max(0, stop - total_samples)
        return start - back, stop - back


class BatchTold(Segments):
    """An encoder whose embedding tells in which batch the frame was, and where in it: what no answer may depend on."""

    dimension = 2

    def encode(self, segments: Float32) -> Float32:
        places = np.arange(len(segments))
        return np.stack([places, np.full(len(segments), len(segments))], axis=1).astype(np.float32)


def in_pieces(encoder: AudioEncoder, samples: Float32, frames: int, lengths: Iterable[int]) -> Float32:
    stream = EmbeddingStream(encoder)
    rows, at = [], 0
    for length in lengths:
        rows.append(stream.push(samples[at : at + length]))
        at += length
    assert at == len(samples)
    return np.concatenate([*rows, stream.finish(frames)])


def reference(encoder: AudioEncoder, samples: Float32, frames: int) -> Float32:
    """Each frame's segment, out of the whole emphasised sound with zeros all around it."""
    before = np.concatenate([[0.0], samples])[:-1]
    sound = (samples - encoder.preemphasis * before).astype(np.float32)
    pad = 10_000 + 640 * frames
    padded = np.pad(sound, pad)
    spans = [encoder.span(frame, len(samples)) for frame in range(frames)]
    return np.stack([padded[pad + start : pad + stop] for start, stop in spans])


@pytest.mark.parametrize("preemphasis", [0.0, 0.97])
@pytest.mark.parametrize("kind", [Segments, SegmentsMovedBack])
@pytest.mark.parametrize("samples", [0, 1, 2499, 17_499, 17_500, 40_123])
def test_segments_are_those_of_the_whole_sound(kind: type[Segments], samples: int, preemphasis: float) -> None:
    encoder, sound, frames = kind(preemphasis), noise(samples), 68
    expected = reference(encoder, sound, frames)
    np.testing.assert_array_equal(embed(encoder, sound, frames), expected)
    for seed in range(5):
        np.testing.assert_array_equal(in_pieces(encoder, sound, frames, cuts(samples, seed)), expected)


@pytest.mark.parametrize("kind", [Segments, SegmentsMovedBack, BatchTold])
def test_one_sample_at_a_time(kind: type[Segments]) -> None:
    encoder, sound = kind(0.97), noise(36_000)
    np.testing.assert_array_equal(in_pieces(encoder, sound, 57, [1] * 36_000), embed(encoder, sound, 57))


def test_batches_do_not_depend_on_the_cutting() -> None:
    encoder, sound = BatchTold(), noise(50_000)
    whole = embed(encoder, sound, 78)
    assert whole[:, 1].tolist() == [25] * 75 + [3] * 3
    assert whole[:, 0].tolist() == [*range(25), *range(25), *range(25), *range(3)]
    for seed in range(20):
        np.testing.assert_array_equal(in_pieces(encoder, sound, 78, cuts(50_000, seed)), whole)


def test_embeddings_come_with_the_last_sample_that_their_batch_needs() -> None:
    stream, sound = EmbeddingStream(Segments()), noise(40_000)
    last_needed = 640 * 24 + 1500
    assert stream.push(sound[: last_needed - 1]).shape == (0, 2500)
    assert stream.push(sound[last_needed - 1 : last_needed]).shape == (25, 2500)
    assert stream.push(sound[last_needed : last_needed + 639]).shape == (0, 2500)
    assert stream.finish(30).shape == (5, 2500)


def test_batch_frames_of_one_give_each_frame_at_once() -> None:
    encoder = Segments()
    stream = EmbeddingStream(encoder, batch_frames=1)
    assert len(stream.push(noise(640 * 4 + 1500))) == 5
    assert encoder.batches == [1] * 5


def test_only_samples_that_are_still_needed_are_kept() -> None:
    second = noise(16_000)
    stream = EmbeddingStream(SegmentsMovedBack(0.97))
    kept = []
    for _ in range(60):
        for piece in np.split(second, 25):
            stream.push(piece)
            kept.append(stream.kept_samples)
    assert max(kept) <= 16_000 + 2500 + 640
    assert sum(piece.size for piece in stream._pieces) == stream.kept_samples


def test_kept_samples_are_copies() -> None:
    sound, buffer = noise(20_000), np.empty(2000, np.float32)
    stream = EmbeddingStream(Segments())
    rows = []
    for at in range(0, 20_000, 2000):
        buffer[:] = sound[at : at + 2000]
        rows.append(stream.push(buffer))
    buffer[:] = 9
    np.testing.assert_array_equal(np.concatenate([*rows, stream.finish(31)]), embed(Segments(), sound, 31))


def test_sound_that_is_longer_than_the_picture() -> None:
    stream, sound = EmbeddingStream(Segments()), noise(48_000)
    pushed = stream.push(sound)
    assert len(pushed) == 50
    assert stream.finish(40).shape == (0, 2500)
    np.testing.assert_array_equal(embed(Segments(), sound, 40), pushed[:40])


def test_picture_that_is_longer_than_the_sound() -> None:
    rows = embed(Segments(), np.ones(640, np.float32), 60)
    assert rows.shape == (60, 2500)
    assert rows[:3].sum(axis=1).tolist() == [640, 640, 360]
    assert not rows[3:].any()


def test_no_frames() -> None:
    assert embed(Segments(), noise(1000), 0).shape == (0, 2500)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(3), r"float32 array of shape \(n,\), not float64 \(3,\)"),
        (np.zeros(3, np.int16), "not int16"),
        (np.zeros((3, 1), np.float32), r"not float32 \(3, 1\)"),
        ([0.0, 1.0], "not list"),
        (np.array([0, 1, np.nan], np.float32), r"samples\[2\]=nan must be finite"),
        (np.array([0, -np.inf], np.float32), r"samples\[1\]=-inf must be finite"),
    ],
)
def test_refused_samples_leave_the_stream_as_it_was(samples: Float32, message: str) -> None:
    sound = noise(20_000)
    stream = EmbeddingStream(Segments(0.97))
    first = stream.push(sound[:9000])
    with pytest.raises(ParameterError, match=message):
        stream.push(samples)
    rows = np.concatenate([first, stream.push(sound[9000:]), stream.finish(31)])
    np.testing.assert_array_equal(rows, embed(Segments(0.97), sound, 31))


def test_nothing_after_finish() -> None:
    stream = EmbeddingStream(Segments())
    stream.push(noise(100))
    stream.finish(2)
    with pytest.raises(ParameterError, match="ended at sample 100"):
        stream.push(noise(1))
    with pytest.raises(ParameterError, match="ended at sample 100"):
        stream.finish(3)


def test_counts_are_checked() -> None:
    with pytest.raises(ParameterError, match="batch_frames=0 must be at least 1"):
        EmbeddingStream(Segments(), batch_frames=0)
    with pytest.raises(ParameterError, match="frames=-1 must not be negative"):
        EmbeddingStream(Segments()).finish(-1)


def test_a_model_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"none\.onnx: cannot be read as a model file \(No such file"):
        read_model(tmp_path / "none.onnx")
