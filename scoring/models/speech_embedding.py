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
from take5.scoring.parameters import SAMPLES_PER_FRAME

ROWS, BANDS = 76, 32
"""Mel rows that the network sees, and bands in each."""

SPAN_SAMPLES = 512 + (ROWS - 1) * 160
"""Samples that make exactly 76 mel rows: 12,512."""

INT16_SCALE = np.float32(32768)
"""The mel graph expects samples in the range of 16-bit integers."""


class SpeechEmbedding:
    """The default `AudioEncoder`.

    Frame ``i`` is given exactly the 12,512 samples centred on its own, ``[640 i - 6256, 640 i + 6256)``, and nothing
    else: the mel graph clips at 80 dB below the maximum of what it is given, so mel over anything longer would let
    other frames' sound in. For the same reason the graph runs once for each frame: in a batch the maximum is taken over
    the whole batch. Its decibels go in as ``mel / 10 + 2``. The embedding is not normalised; normalised, it no longer
    distinguishes rich speech from poor.

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
        self._network = load_graph(embedding_path, network_bytes, threads)
        _try(mel_path, self._mel, (1, SPAN_SAMPLES), (1, 1, ROWS, BANDS))
        _try(embedding_path, self._network, (1, ROWS, BANDS, 1), (1, 1, 1, self.dimension))

    def span(self, frame: int, total_samples: int | None = None) -> tuple[int, int]:  # noqa: ARG002 - the end moves nothing here
        """Samples of ``frame``: 391 ms on each side of it, the same wherever the sound ends."""
        start = frame * SAMPLES_PER_FRAME - SPAN_SAMPLES // 2
        return start, start + SPAN_SAMPLES

    def encode(self, segments: Float32) -> Float32:
        """Embeddings, float32 [B, 96], of segments, float32 [B, 12512] in [-1, 1]."""
        scaled = segments * INT16_SCALE
        decibels = np.stack([_run(self._mel, scaled[i : i + 1])[0, 0] for i in range(len(scaled))])
        rows = (decibels / 10 + 2).astype(np.float32)
        return _run(self._network, rows[..., np.newaxis]).reshape(len(segments), self.dimension)


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
