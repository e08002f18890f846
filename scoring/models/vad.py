"""Silero VAD: the probability of speech in each grid frame.

Silero Team, "Silero VAD: pre-trained enterprise-grade Voice Activity Detector", version 6.2; MIT. One ONNX graph with a
memory: it takes chunks of 512 samples at 16 kHz, each preceded by the last 64 samples of the previous chunk, and gives
the probability of speech in the chunk. It runs locally, and only the model file of its package is used.
"""

from pathlib import Path

import numpy as np

from take5.scoring.errors import ModelDamaged, ParameterError
from take5.scoring.gates.sound import BLOCK_FRAMES, BLOCK_SAMPLES
from take5.scoring.models.audio import Float32, read_model
from take5.scoring.models.onnx_graph import ONNX_ERRORS, load_graph

CHUNK_SAMPLES = 512
CONTEXT_SAMPLES = 64
CHUNKS = BLOCK_SAMPLES // CHUNK_SAMPLES
"""Chunks per run, a fixed number: the last bits of a result depend on it."""

MEMORY_SHAPE = (1, 1, 128)

Memory = tuple[Float32, Float32]


class SpeechDetector:
    """The graph; any number of streams may share it.

    Parameters
    ----------
    path : Path
        ``silero_vad_16k_sequence.onnx``.
    threads : int
        Threads that onnxruntime may use inside an operator.

    Raises
    ------
    ModelMissing
        If the file cannot be read.
    ModelDamaged
        If it is not the expected graph.
    """

    name = "silero-vad"

    def __init__(self, path: Path, threads: int = 1) -> None:
        if threads < 1:
            raise ParameterError(f"{threads=} must be at least 1")
        content, self.version = read_model(path)
        self._path = path
        self._session = load_graph(path, content, threads)
        self._try()

    def stream(self) -> "SpeechStream":
        """Return a detector for one sound."""
        return SpeechStream(self)

    def run(self, rows: Float32, memory: Memory) -> tuple[Float32, Memory]:
        """Probabilities [k] of k chunks in order, each with its context, [k, 576]; and the state after them."""
        h, c = memory
        probabilities, h, c = self._session.run(None, {"input": rows, "h": h, "c": c})
        return probabilities, (h, c)

    def _try(self) -> None:
        """Refuse a graph that does not give a probability for each of k chunks."""
        try:
            found, _ = self.run(np.zeros((CHUNKS, CONTEXT_SAMPLES + CHUNK_SAMPLES), np.float32), no_memory())
        except ONNX_ERRORS as error:
            raise ModelDamaged(
                f"{self._path}: this ONNX model does not take the sound and memory of Silero VAD; "
                "it is another one than expected"
            ) from error
        if found.shape != (CHUNKS,) or not ((found >= 0) & (found <= 1)).all():
            raise ModelDamaged(
                f"{self._path}: this ONNX model gives {found.shape}, expected {CHUNKS} probabilities in [0, 1]"
            )


def no_memory() -> Memory:
    """Initial state."""
    return np.zeros(MEMORY_SHAPE, np.float32), np.zeros(MEMORY_SHAPE, np.float32)


class SpeechStream:
    """Detects speech in one sound from its beginning; see :class:`take5.scoring.gates.sound.SpeechStream`."""

    def __init__(self, detector: SpeechDetector) -> None:
        self._detector = detector
        self._memory = no_memory()
        self._context = np.zeros(CONTEXT_SAMPLES, np.float32)

    def push(self, block: Float32) -> Float32:
        """Take the next 2,560 samples in [-1, 1]; return the probability of speech in each of their 4 grid frames.

        A frame has the mean probability of the chunks that end in it, one or two; it does not depend on anything
        after the frame.
        """
        if block.shape != (BLOCK_SAMPLES,) or block.dtype != np.float32:
            raise ParameterError(f"block must be float32 ({BLOCK_SAMPLES},), not {block.dtype} {block.shape}")
        sound = np.concatenate([self._context, block])
        rows = np.lib.stride_tricks.sliding_window_view(sound, CONTEXT_SAMPLES + CHUNK_SAMPLES)[::CHUNK_SAMPLES]
        found, self._memory = self._detector.run(np.ascontiguousarray(rows), self._memory)
        self._context = block[-CONTEXT_SAMPLES:].copy()
        whole, last = found[: BLOCK_FRAMES - 1], found[BLOCK_FRAMES - 1 :].mean()
        return np.append(whole, last).astype(np.float32)
