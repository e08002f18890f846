"""Google's speech_embedding: 96 numbers for the 782 ms of sound around a grid frame.

Lin, Kilgour, Roblek, Sharifi, "Training Keyword Spotters with Limited and Synthesized Speech Data", ICASSP 2020;
Apache-2.0. Two ONNX graphs: a mel spectrogram (32 bands; n_fft 512, hop 160 samples, not centred) and the network over
76 rows of it.
"""

from pathlib import Path

import numpy as np
import onnxruntime

from take5.scoring.errors import ModelDamaged, ParameterError
from take5.scoring.models.audio import Float32, read_model
from take5.scoring.models.onnx_graph import ONNX_ERRORS, load_graph
from take5.scoring.models.shared_rows import STEP, STRIDE, Tape, runs, windows_of
from take5.scoring.parameters import SAMPLES_PER_FRAME

ROWS, BANDS = 76, 32
"""Mel rows that the network sees, and bands in each."""

SPAN_SAMPLES = 512 + (ROWS - 1) * 160
"""Samples that make exactly 76 mel rows: 12,512."""

STEP_SAMPLES = 512 + (STEP - 1) * 160
"""Samples that make the mel rows from one grid frame to the next."""

DYNAMIC_RANGE = np.float32(80)
"""Decibels below the maximum of what it is given at which the mel graph clips."""

INT16_SCALE = np.float32(32768)
"""The mel graph expects samples in the range of 16-bit integers."""


class SpeechEmbedding:
    """The default `AudioEncoder`.

    Frame ``i`` is given exactly the 12,512 samples centred on its own, ``[640 i - 6256, 640 i + 6256)``, and nothing
    else: the mel graph clips at 80 dB below the maximum of what it is given, so mel over anything longer would let
    other frames' sound in. Its decibels go in as ``mel / 10 + 2``. The embedding is not normalised; normalised, it no
    longer distinguishes rich speech from poor.

    Neighbouring frames share 95 % of their sound. What they share is computed once, which changes an embedding by its
    rounding alone (:mod:`take5.scoring.models.shared_rows`).

    Parameters
    ----------
    mel_path : Path
        ``melspectrogram.onnx``.
    embedding_path : Path
        ``embedding_model.onnx``.
    threads : int
        Threads that onnxruntime may use inside an operator.

    Raises
    ------
    ModelMissing
        If one of the files cannot be read.
    ModelDamaged
        If one of them is not the expected graph.
    """

    name = "speech-embedding"
    dimension = 96
    device = "cpu"
    preemphasis = 0.0

    def __init__(self, mel_path: Path, embedding_path: Path, threads: int = 1) -> None:
        if threads < 1:
            raise ParameterError(f"{threads=} must be at least 1")
        mel_bytes, mel_version = read_model(mel_path)
        network_bytes, network_version = read_model(embedding_path)
        self.version = f"{mel_version}-{network_version}"
        self._mel = load_graph(mel_path, mel_bytes, threads)
        self._network = load_graph(embedding_path, of_any_length(network_bytes), threads)
        _try(mel_path, self._mel, (1, SPAN_SAMPLES), (1, 1, ROWS, BANDS))
        _try(embedding_path, self._network, (1, ROWS, BANDS, 1), (1, 1, 1, self.dimension))
        _try(embedding_path, self._network, (2, ROWS, BANDS, 1), (1 + ROWS // STRIDE, 1, 1, self.dimension))

    def span(self, frame: int, total_samples: int | None = None) -> tuple[int, int]:  # noqa: ARG002 - the end moves nothing here
        """Samples of ``frame``: 391 ms on each side of it, the same wherever the sound ends."""
        start = frame * SAMPLES_PER_FRAME - SPAN_SAMPLES // 2
        return start, start + SPAN_SAMPLES

    def encode(self, segments: Float32) -> Float32:
        """Embeddings, float32 [B, 96], of segments, float32 [B, 12512] in [-1, 1]."""
        if not _neighbours(segments):
            return np.concatenate([self.encode(segment[np.newaxis]) for segment in segments])
        rows = self._decibels(np.concatenate([segments[0], segments[1:, -SAMPLES_PER_FRAME:].ravel()]))
        windows = windows_of(rows, ROWS)
        floors = windows.max(axis=(1, 2)) - DYNAMIC_RANGE
        tape = Tape(rows, runs(windows.min(axis=(1, 2)), floors), ROWS)
        given = (tape.rows / 10 + 2).astype(np.float32)
        return _run(self._network, given.reshape(-1, ROWS, BANDS, 1)).reshape(self.dimension, -1).T[tape.outputs]

    def _decibels(self, sound: Float32) -> Float32:
        """Mel rows, float32 [n, 32], of the samples of neighbouring frames, not clipped where it matters to a frame.

        The mel graph clips at 80 dB below the maximum of what it is given. Every frame has the rows of whole steps:
        where the whole is clipped, a step by itself is clipped no higher than the frames that it is in.
        """
        scaled = sound * INT16_SCALE
        rows: Float32 = _run(self._mel, scaled[np.newaxis])[0, 0]
        clipped = (rows <= rows.max() - DYNAMIC_RANGE).reshape(-1, STEP * BANDS).any(axis=1)
        for step in np.flatnonzero(clipped).tolist():
            part = scaled[step * SAMPLES_PER_FRAME :][:STEP_SAMPLES]
            rows[step * STEP : (step + 1) * STEP] = _run(self._mel, part[np.newaxis])[0, 0]
        return rows


def of_any_length(network: bytes) -> bytes:
    """The network, as it is in its file, for pictures of any number of rows.

    Its layers take any; only the constant by which it reshapes its input, (-1, 1, 76, 32), asks for 76. With
    (1, 1, -1, 32) in its place the batch is read as one picture, its rows one after the other.
    """
    return network.replace(
        np.array([-1, 1, ROWS, BANDS], np.int64).tobytes(), np.array([1, 1, -1, BANDS], np.int64).tobytes()
    )


def _neighbours(segments: Float32) -> bool:
    """Whether the segments are those of consecutive frames."""
    return np.array_equal(segments[1:, :-SAMPLES_PER_FRAME], segments[:-1, SAMPLES_PER_FRAME:])


def _run(session: onnxruntime.InferenceSession, rows: Float32) -> Float32:
    output: Float32 = session.run(None, {session.get_inputs()[0].name: rows})[0]
    return output


def _try(path: Path, session: onnxruntime.InferenceSession, given: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    """Refuse a graph that does not turn zeros of shape ``given`` into finite numbers of shape ``wanted``."""
    try:
        output = _run(session, np.zeros(given, np.float32))
    except ONNX_ERRORS as error:
        raise ModelDamaged(
            f"{path}: this ONNX model does not take float32 {given}; it is another one than expected"
        ) from error
    if output.shape != wanted or not np.isfinite(output).all():
        raise ModelDamaged(
            f"{path}: this ONNX model gives {output.shape} for float32 {given}, expected finite {wanted}"
        )
