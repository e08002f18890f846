"""Sound in, one embedding for each grid frame out, however the sound is cut.

Grid frame ``i`` is at sample ``640 i`` of the session's 16 kHz sound. An encoder says which samples a frame needs
(`AudioEncoder.span`) and turns such segments into embeddings (`AudioEncoder.encode`); `EmbeddingStream` cuts the
segments out of sound that arrives in pieces, and `embed` out of a whole recording.

Frames are always encoded in the same batches, ``[0, 25), [25, 50), ...``: matrix products round differently for batches
of different sizes, so otherwise the last bits of an embedding would depend on how the sound was cut.
"""

import hashlib
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from take5.scoring.errors import ModelMissing, ParameterError
from take5.scoring.parameters import FPS

Float32 = npt.NDArray[np.float32]


AVE = "ave"
"""Name of the encoder that trainers also use."""


class AudioEncoder(Protocol):
    """Turns the sound around a grid frame into an embedding.

    Attributes
    ----------
    name : str
        Its key in :data:`take5.scoring.models.encoders.ENCODERS`. Scores of different encoders are not comparable.
    version : str
        Short text that identifies the weights.
    dimension : int
        E, length of an embedding.
    device : str
        Device it computes on, as PyTorch names it: "cpu", "cuda", "cuda:1", "mps".
    preemphasis : float
        a in ``y[n] = x[n] - a x[n - 1]``, with ``x[-1] = 0``, which the stream applies to the sound before it cuts
        segments. 0 for none.
    """

    name: str
    version: str
    dimension: int
    device: str
    preemphasis: float

    def span(self, frame: int, total_samples: int | None = None) -> tuple[int, int]:
        """Samples that ``frame`` needs.

        Start and stop must not decrease with ``frame`` or with ``total_samples``, and once a frame's span without
        ``total_samples`` has arrived, the total must not change it.

        Parameters
        ----------
        frame : int
            Grid frame, 0 or more.
        total_samples : int, optional
            Length of the whole sound, known only at its end.

        Returns
        -------
        tuple of int
            Half-open range of samples of a fixed length S; it may begin before 0 and stop after the end.
        """
        ...

    def encode(self, segments: Float32) -> Float32:
        """Embeddings of segments.

        Parameters
        ----------
        segments : float32 [B, S]
            The spans of B >= 1 frames, in [-1, 1] before pre-emphasis; zero outside the sound.

        Returns
        -------
        float32 [B, E]
        """
        ...


class EmbeddingStream:
    """Embeddings of the grid frames of sound that arrives in pieces.

    It keeps only the samples that frames still need: about a second and one span.

    Parameters
    ----------
    encoder : AudioEncoder
        It may be shared by any number of streams.
    batch_frames : int
        Frames encoded together. With the frames' spans this determines the delay of embeddings.
    """

    def __init__(self, encoder: AudioEncoder, batch_frames: int = FPS) -> None:
        if batch_frames < 1:
            raise ParameterError(f"{batch_frames=} must be at least 1")
        self._encoder = encoder
        self._batch_frames = batch_frames
        self._next_frame = 0
        self._received = 0
        self._last_sample = np.zeros(1, np.float32)
        self._pieces: list[Float32] = []
        self._kept_from = 0
        self._finished = False

    @property
    def kept_samples(self) -> int:
        """Samples in memory."""
        return self._received - self._kept_from

    def samples_for(self, frames: int) -> int:
        """How many samples have to arrive before the first ``frames`` frames, > 0, are encoded."""
        batches = -(-frames // self._batch_frames)
        return self._encoder.span(batches * self._batch_frames - 1)[1]

    def push(self, samples: Float32) -> Float32:
        """Take the next samples; return the embeddings of all further frames that can be encoded.

        Parameters
        ----------
        samples : float32 [n]
            Mono at 16 kHz, in [-1, 1]; n may be 0. They are copied.

        Returns
        -------
        float32 [k, E]
            k is a multiple of ``batch_frames``, often 0.

        Raises
        ------
        ParameterError
            If the samples have another type or shape or are not finite, or come after `finish`. The stream is left
            unchanged.
        """
        self._refuse_after_finish()
        _check_samples(samples)
        self._keep(samples)
        batches = []
        while self._encoder.span(self._next_frame + self._batch_frames - 1)[1] <= self._received:
            batches.append(self._encode(self._next_frame + self._batch_frames, None))
        if batches:
            self._forget()
        return self._joined(batches)

    def finish(self, frames: int) -> Float32:
        """End the sound; return the embeddings that remain up to ``frames``.

        Parameters
        ----------
        frames : int
            Grid frames of the recording. If `push` has already returned as many or more, the result is empty.

        Returns
        -------
        float32 [k, E]
        """
        self._refuse_after_finish()
        if frames < 0:
            raise ParameterError(f"{frames=} must not be negative")
        batches = []
        while self._next_frame < frames:
            batches.append(self._encode(min(frames, self._next_frame + self._batch_frames), self._received))
        self._finished, self._pieces, self._kept_from = True, [], self._received
        return self._joined(batches)

    def _refuse_after_finish(self) -> None:
        if self._finished:
            raise ParameterError(f"the sound has ended at sample {self._received}: no push or finish after finish")

    def _keep(self, samples: Float32) -> None:
        if samples.size:
            self._pieces.append(self._emphasised(samples))
            self._received += samples.size
            self._last_sample = samples[-1:].copy()

    def _emphasised(self, samples: Float32) -> Float32:
        if not self._encoder.preemphasis:
            return samples.copy()
        before = np.concatenate((self._last_sample, samples[:-1])).astype(np.float64)
        return (samples - self._encoder.preemphasis * before).astype(np.float32)

    def _encode(self, stop_frame: int, total_samples: int | None) -> Float32:
        """Embeddings of all frames before ``stop_frame`` not encoded yet."""
        frames = range(self._next_frame, stop_frame)
        segments = [self._segment(*self._encoder.span(frame, total_samples)) for frame in frames]
        self._next_frame = stop_frame
        return self._encoder.encode(np.stack(segments))

    def _segment(self, start: int, stop: int) -> Float32:
        sound = self._sound()
        segment = np.zeros(stop - start, np.float32)
        first, last = max(start, self._kept_from), min(stop, self._received)
        if first < last:
            segment[first - start : last - start] = sound[first - self._kept_from : last - self._kept_from]
        return segment

    def _sound(self) -> Float32:
        if len(self._pieces) != 1:
            self._pieces = [np.concatenate([np.empty(0, np.float32), *self._pieces])]
        return self._pieces[0]

    def _forget(self) -> None:
        """Drop what no further frame needs, even if the sound ends here and spans move back."""
        needed_from = min(self._encoder.span(self._next_frame, self._received)[0], self._received)
        if needed_from > self._kept_from:
            self._pieces = [self._sound()[needed_from - self._kept_from :].copy()]
            self._kept_from = needed_from

    def _joined(self, batches: list[Float32]) -> Float32:
        return np.concatenate([np.empty((0, self._encoder.dimension), np.float32), *batches])


def embed(encoder: AudioEncoder, samples: Float32, frames: int) -> Float32:
    """Embeddings of a whole recording, bit for bit those of an `EmbeddingStream`.

    Parameters
    ----------
    encoder : AudioEncoder
        The encoder.
    samples : float32 [n]
        The whole sound, mono at 16 kHz, in [-1, 1].
    frames : int
        Grid frames of the recording.

    Returns
    -------
    float32 [frames, E]
    """
    stream = EmbeddingStream(encoder)
    return np.concatenate([stream.push(samples), stream.finish(frames)])[:frames]


def read_model(path: Path) -> tuple[bytes, str]:
    """Bytes of a model file, and the first 12 hexadecimal digits of their SHA-256."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelMissing(f"{path}: cannot be read as a model file ({error.strerror})") from error
    return content, hashlib.sha256(content).hexdigest()[:12]


def _check_samples(samples: Float32) -> None:
    if not isinstance(samples, np.ndarray) or samples.dtype != np.float32 or samples.ndim != 1:
        found = f"{samples.dtype} {samples.shape}" if isinstance(samples, np.ndarray) else type(samples).__name__
        raise ParameterError(f"samples must be a float32 array of shape (n,), not {found}")
    finite = np.isfinite(samples)
    if not finite.all():
        index = int(np.argmin(finite))
        raise ParameterError(f"samples[{index}]={samples[index]} must be finite")
