"""One audio encoder for all sessions of a process: what they need at about the same time is computed at once."""

from take5.scoring.models.audio import AudioEncoder, Float32
from take5.stream.batching.micro_batches import BatchLimits, MicroBatcher


class BatchedEncoder:
    """An `AudioEncoder` whose segments, of all threads, go through the network in batches.

    Embeddings are the encoder's to rounding: the last bits of a matrix product depend on the size of the batch.

    Parameters
    ----------
    encoder : AudioEncoder
        Computes the batches, in a thread of its own.
    limits : BatchLimits, optional
        Bounds of a batch, in segments.
    """

    def __init__(self, encoder: AudioEncoder, limits: BatchLimits | None = None) -> None:
        self.name, self.version, self.dimension = encoder.name, encoder.version, encoder.dimension
        self.device, self.preemphasis = encoder.device, encoder.preemphasis
        self._encoder = encoder
        self._batches = MicroBatcher(encoder.encode, limits)

    def span(self, frame: int, total_samples: int | None = None) -> tuple[int, int]:
        """Samples that ``frame`` needs: the encoder's."""
        return self._encoder.span(frame, total_samples)

    def encode(self, segments: Float32) -> Float32:
        """Embeddings, float32 [B, E], of segments, float32 [B, S]."""
        return self._batches.submit(segments)

    def close(self) -> None:
        """Encode what has been submitted, and end the thread; what is submitted later is encoded by itself."""
        self._batches.close()


def shared_by_sessions(encoder: AudioEncoder) -> AudioEncoder:
    """The encoder as sessions share it: in batches on a CUDA device, and as it is elsewhere, where they do not pay."""
    return BatchedEncoder(encoder) if encoder.device.startswith("cuda") else encoder
