"""AVE's mel spectrogram, as Wav2Lip and SyncTalk compute it with librosa: in NumPy, and in PyTorch on any device."""

import functools

import numpy as np
import numpy.typing as npt
import torch
from scipy import fft
from torch import Tensor, nn

from take5.scoring.models.audio import Float32
from take5.scoring.parameters import SAMPLE_RATE

N_FFT, HOP, BANDS = 800, 200, 80
"""Samples under an STFT column and between two columns; mel bands."""


def log_mel(segments: Float32) -> Float32:
    """Mel windows.

    ``S = 20 log10(max(1e-5, M |STFT|)) - 20``; the result is ``clip(8 (S + 100) / 100 - 4, -4, 4)``. The periodic Hann
    window is zero at its first sample, so pre-emphasis lets nothing before the segment in.

    Parameters
    ----------
    segments : float32 [B, 3800]
        Sound under 16 columns, after pre-emphasis.

    Returns
    -------
    float32 [B, 80, 16]
    """
    columns = np.lib.stride_tricks.sliding_window_view(segments, N_FFT, axis=1)[:, ::HOP]
    mel = np.abs(fft.rfft(columns * hann())) @ mel_filters().T
    decibels = 20 * np.log10(np.maximum(1e-5, mel)) - 20
    scaled = np.clip(8 * (decibels + 100) / 100 - 4, -4, 4)
    return np.ascontiguousarray(scaled.swapaxes(1, 2), dtype=np.float32)


@functools.cache
def hann() -> npt.NDArray[np.float64]:
    """The periodic Hann window, [800]."""
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT))


@functools.cache
def mel_filters() -> npt.NDArray[np.float64]:
    """M, [80, 401]: triangles on Slaney's mel scale, 55 to 7600 Hz, each of area 1 over frequency in Hz.

    librosa's default. Slaney, "Auditory Toolbox", Technical Report 1998-010: linear to 1000 Hz (200/3 Hz a mel),
    logarithmic above (27 mels for a factor of 6.4).
    """
    low, high = 55 * 3 / 200, 15 + np.log(7600 / 1000) * 27 / np.log(6.4)
    mels = np.linspace(low, high, BANDS + 2)
    edges = np.where(mels < 15, mels * 200 / 3, 1000 * np.exp((mels - 15) * np.log(6.4) / 27))
    hertz = np.arange(N_FFT // 2 + 1) * SAMPLE_RATE / N_FFT
    left, centre, right = (edges[i : i + BANDS, np.newaxis] for i in range(3))
    triangles = np.minimum((hertz - left) / (centre - left), (right - hertz) / (right - centre))
    filters: npt.NDArray[np.float64] = np.maximum(0, triangles) * 2 / (right - left)
    return filters


class MelOfSegments(nn.Module):
    """`log_mel` in float32, on any device.

    The spectrum is a matrix product: an FFT plan for every size of batch costs more than it saves.
    """

    def __init__(self) -> None:
        super().__init__()
        angles = 2 * np.pi / N_FFT * np.outer(np.arange(N_FFT), np.arange(N_FFT // 2 + 1))
        basis = hann()[:, np.newaxis] * np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
        self.register_buffer("basis", torch.from_numpy(basis.astype(np.float32)))
        self.register_buffer("filters", torch.from_numpy(mel_filters().T.astype(np.float32)))

    def forward(self, segments: Tensor) -> Tensor:
        """Map segments [B, 3800] to mel windows [B, 1, 80, 16] in [-4, 4]."""
        spectrum = segments.unfold(1, N_FFT, HOP) @ self.get_buffer("basis")
        real, imaginary = spectrum.chunk(2, dim=-1)
        mel = torch.sqrt(real**2 + imaginary**2) @ self.get_buffer("filters")
        decibels = 20 * torch.log10(mel.clamp_min(1e-5)) - 20
        scaled = (8 * (decibels + 100) / 100 - 4).clamp(-4, 4)
        return scaled.transpose(1, 2).unsqueeze(1)
