"""AVE from sound to embeddings on an accelerator: the mel spectrogram is computed there, too.

What a second of sound costs the host is then one copy: its own mel takes 5 ms of CPU, more than the network takes on a
GPU.
"""

from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from take5.scoring.models.audio import Float32
from take5.scoring.models.ave_mel import MelOfSegments

MOST_SEGMENTS = 1600
"""Segments in one pass; more go in several. One of 25 takes 0.4 MB to the device and 15 MB of its memory."""


class SoundToEmbeddings(nn.Module):
    """The mel spectrogram in float32, then the network in its own precision."""

    def __init__(self, mel: MelOfSegments, network: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self._mel, self._network, self._dtype = mel, network, dtype

    def forward(self, segments: Tensor) -> Tensor:
        """Map segments [B, S], float32, to embeddings [B, E], float32."""
        embeddings: Tensor = self._network(self._mel(segments).to(self._dtype))
        return embeddings.float()


class Transfers(Protocol):
    """Moves arrays between the host and a device; any number of threads may use it at once."""

    def pinned(self, *shape: int) -> Tensor:
        """Page-locked float32 memory of the host."""

    def stream(self) -> AbstractContextManager[object]:
        """Let this thread's work on the device go to the stream of the transfers."""

    def to_device(self, host: Tensor) -> Tensor:
        """Copy page-locked memory to the device, without waiting."""

    def to_host(self, there: Tensor, host: Tensor) -> None:
        """Copy from the device into page-locked memory, without waiting."""

    def wait(self) -> None:
        """Wait for all that was begun in the stream."""


class CudaTransfers:
    """Transfers of a CUDA device, in a stream of their own.

    PyTorch keeps page-locked memory that is freed, and gives it out again only after the copies that use it.
    """

    def __init__(self, device: torch.device) -> None:
        self._device, self._stream = device, torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def pinned(self, *shape: int) -> Tensor:
        """Page-locked float32 memory of the host."""
        return torch.empty(shape, dtype=torch.float32, pin_memory=True)

    def stream(self) -> AbstractContextManager[object]:
        """Let this thread's work on the device go to the stream of the transfers."""
        context: AbstractContextManager[object] = torch.cuda.stream(self._stream)
        return context

    def to_device(self, host: Tensor) -> Tensor:
        """Copy page-locked memory to the device, without waiting."""
        return host.to(self._device, non_blocking=True)

    def to_host(self, there: Tensor, host: Tensor) -> None:
        """Copy from the device into page-locked memory, without waiting."""
        host.copy_(there, non_blocking=True)

    def wait(self) -> None:
        """Wait for all that was begun in the stream."""
        self._stream.synchronize()


def on_device(model: nn.Module, transfers: Transfers, segments: Float32) -> Float32:
    """Embeddings, float32 [B, E], of segments, float32 [B, S], by a model whose weights are on the device."""
    rows = []
    with torch.inference_mode(), transfers.stream():
        for start in range(0, len(segments), MOST_SEGMENTS):
            given = segments[start : start + MOST_SEGMENTS]
            host = transfers.pinned(*given.shape)
            host.numpy()[:] = given
            found: Tensor = model(transfers.to_device(host))
            back = transfers.pinned(*found.shape)
            transfers.to_host(found, back)
            transfers.wait()
            rows.append(back.numpy().copy())  # page-locked memory is scarce, and embeddings stay for seconds
    return np.concatenate(rows)
