"""AVE, the audio half of SyncTalk's audio-visual encoder: 512 numbers for 200 ms of sound.

Peng et al., "SyncTalk: The Devil is in the Synchronization for Talking Head Synthesis", CVPR 2024, section 3.2; InsTaG
uses the same weights. The user provides the weights file. The preprocessing matches theirs, including its behaviour at
both ends of the sound.
"""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from take5.scoring.errors import ModelDamaged, ParameterError, WeightsMismatch
from take5.scoring.models.audio import AVE, AudioEncoder, Float32, embed, read_model
from take5.scoring.models.ave_device import CudaTransfers, SoundToEmbeddings, Transfers, on_device
from take5.scoring.models.ave_mel import HOP, N_FFT, MelOfSegments, log_mel

COLUMNS = 16
"""Mel columns that the network sees."""

SPAN_SAMPLES = (COLUMNS - 1) * HOP + N_FFT
"""Samples under 16 columns: 3,800."""

BLOCKS: tuple[tuple[int, int, int, int | tuple[int, int], int, bool], ...] = (
    (1, 32, 3, 1, 1, False),
    (32, 32, 3, 1, 1, True),
    (32, 32, 3, 1, 1, True),
    (32, 64, 3, (3, 1), 1, False),
    (64, 64, 3, 1, 1, True),
    (64, 64, 3, 1, 1, True),
    (64, 128, 3, 3, 1, False),
    (128, 128, 3, 1, 1, True),
    (128, 128, 3, 1, 1, True),
    (128, 256, 3, (3, 2), 1, False),
    (256, 256, 3, 1, 1, True),
    (256, 512, 3, 1, 0, False),
    (512, 512, 1, 1, 0, False),
)
"""Channels in and out, kernel, stride (mel, time), padding, residual."""


class AveBlock(nn.Module):
    """``relu(batchnorm(conv(x)) [+ x])``."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int | tuple[int, int], padding: int, residual: bool
    ) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, padding), nn.BatchNorm2d(outputs))
        self.residual = residual

    def fold(self) -> None:
        """Fold the batch norm into the convolution, ``w' = w gamma / sqrt(var + eps)``; for inference only."""
        convolution, norm = cast("nn.Conv2d", self.conv_block[0]), cast("nn.BatchNorm2d", self.conv_block[1])
        self.conv_block = nn.Sequential(fuse_conv_bn_eval(convolution, norm))

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, inputs, mel, time] to [B, outputs, mel', time']."""
        y: Tensor = self.conv_block(x)
        return torch.relu(y + x if self.residual else y)


class AveNetwork(nn.Sequential):
    """The 13 blocks, 2,812,672 parameters; its state dict has the checkpoint's keys."""

    def __init__(self) -> None:
        super().__init__(*(AveBlock(*block) for block in BLOCKS))

    def fold(self) -> None:
        """Fold each block in float32, so that half precision never sees the running variances; also a fifth faster."""
        for block in self.eval():
            cast("AveBlock", block).fold()

    def forward(self, mel: Tensor) -> Tensor:
        """Map mel windows [B, 1, 80, 16] in [-4, 4] to embeddings [B, 512], 0 or more, not normalised."""
        for block in self:
            mel = block(mel)
        return mel.flatten(1)


class Ave:
    """The paper's `AudioEncoder`.

    Frame ``i`` sees 16 mel columns from column ``int(80 j / 25)``, ``j = max(i - 2, 0)``, or at the last
    16 if those would pass the last column. Column ``c`` of the centred STFT needs samples ``[200 c - 400, 200 c +
    400)``.

    Parameters
    ----------
    weights_path : Path
        ``audio_visual_encoder.pth``.
    device : str
        "auto" (the first available of cuda, mps and cpu), "cpu", "cuda", "cuda:N" or "mps".
    half : bool, optional
        Compute in half precision. By default on cuda only.
    threads : int
        Threads for a convolution on the CPU. This sets PyTorch's setting for the whole process: the network is small,
        and on two busy cores a second thread raised the cost of a second of sound from 75 to 480 ms of CPU.
    transfers : Transfers, optional
        What moves arrays to the device and back: then the mel spectrogram is computed there, too. By default on cuda
        only.

    Raises
    ------
    ParameterError
        If there is no such device.
    ModelMissing, ModelDamaged, WeightsMismatch
        If the file cannot be read, is not a checkpoint, or belongs to another network.
    """

    name = AVE
    dimension = 512
    preemphasis = 0.97

    def __init__(
        self,
        weights_path: Path,
        device: str = "auto",
        half: bool | None = None,
        threads: int = 1,
        transfers: Transfers | None = None,
    ) -> None:
        if threads < 1:
            raise ParameterError(f"{threads=} must be at least 1")
        self._device = find_device(device)
        self.device = str(self._device)
        self.half = self._device.type == "cuda" if half is None else half
        network, self.version = load_network(weights_path)
        network.fold()
        if self._device.type == "cpu":
            torch.set_num_threads(threads)
        self._dtype = torch.float16 if self.half else torch.float32
        self._network = network.to(self._device, self._dtype)
        self._transfers = CudaTransfers(self._device) if self._device.type == "cuda" else transfers
        self._from_sound = SoundToEmbeddings(MelOfSegments().to(self._device), self._network, self._dtype)

    def span(self, frame: int, total_samples: int | None = None) -> tuple[int, int]:
        """Samples of ``frame``, 115 ms before to 133 ms after; later for frames 0 and 1, earlier at the sound's end."""
        column = 16 * max(frame - 2, 0) // 5
        if total_samples is not None:
            column = min(column, max(mel_columns(total_samples) - COLUMNS, 0))
        start = column * HOP - N_FFT // 2
        return start, start + SPAN_SAMPLES

    def encode(self, segments: Float32) -> Float32:
        """Embeddings, float32 [B, 512], of segments after pre-emphasis, float32 [B, 3800]."""
        if self._transfers is not None:
            return on_device(self._from_sound, self._transfers, segments)
        mel = torch.from_numpy(log_mel(segments)).unsqueeze(1)
        with torch.inference_mode():
            embeddings: Tensor = self._network(mel.to(self._device, self._dtype))
        rows: Float32 = embeddings.float().cpu().numpy()
        return rows


def clip_rows(encoder: AudioEncoder, samples: Float32) -> Float32:
    """Rows of ``aud_ave.npy`` for a clip, from the clip's own sound.

    T mel columns have ``int((T - 16) / 80 * 25) + 2`` windows (in floating point, as SyncTalk computes it); the first
    output is repeated twice before them and the last twice after them, as `Ave.span` does for grid frames 0, 1 and
    those past the last window.

    Parameters
    ----------
    encoder : AudioEncoder
        AVE; the trainers' own preprocessing computes in float32.
    samples : float32 [n]
        The clip's sound, mono at 16 kHz, in [-1, 1]; at least 3,000 samples.

    Returns
    -------
    float32 [windows + 4, 512, 1]
        126 rows for 5 s.
    """
    return embed(encoder, samples, clip_row_count(len(samples)))[..., np.newaxis]


def clip_row_count(samples: int) -> int:
    """Number of rows of ``aud_ave.npy`` for this many samples, at least 3,000."""
    columns = mel_columns(samples)
    if columns < COLUMNS:
        raise ParameterError(f"a clip of {samples} samples is too short: AVE needs at least {(COLUMNS - 1) * HOP}")
    return int((columns - COLUMNS) / 80 * 25) + 2 + 4


def mel_columns(samples: int) -> int:
    """T, columns of the centred STFT of that many samples."""
    return samples // HOP + 1


def find_device(name: str) -> torch.device:
    """Device of that name, if available."""
    there = {"cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available()), "cpu": 1}
    if name == "auto":
        name = next(kind for kind, count in there.items() if count)
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ParameterError(f"device={name!r} must be auto, cpu, cuda, cuda:N or mps") from error
    if (device.index or 0) >= there.get(device.type, 0):
        raise ParameterError(
            f"device={name!r} is not on this machine, which has {[k for k, count in there.items() if count]}"
        )
    return device


def load_network(path: Path) -> tuple[AveNetwork, str]:
    """AVE with the weights of a checkpoint, in float32 on the CPU, and the first 12 digits of the file's SHA-256."""
    content, version = read_model(path)
    with torch.device("meta"):  # no random numbers are drawn for weights that are replaced
        network = AveNetwork()
    state = _load_tensors(path, content)
    difference = first_difference(state, network.state_dict())
    if difference:
        raise WeightsMismatch(f"{path}: not the weights of AVE: {difference}")
    network.load_state_dict(state, assign=True)
    return network.float().eval(), version


def _load_tensors(path: Path, content: bytes) -> dict[str, Tensor]:
    try:
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (
        Exception
    ) as error:  # bytes that are not a pickle fail as IndexError, KeyError, AssertionError, struct.error ...
        raise ModelDamaged(f"{path}: no PyTorch checkpoint of plain tensors, or cut short") from error
    if not isinstance(state, dict):
        raise WeightsMismatch(
            f"{path}: not the weights of AVE: it holds a {type(state).__name__}, not a dict of tensors"
        )
    return {str(key).removeprefix("audio_encoder."): value for key, value in state.items()}


def first_difference(found: Mapping[str, object], expected: Mapping[str, Tensor]) -> str | None:
    """First difference between a checkpoint and the network, in the network's order; None if there is none."""
    order = {key: index for index, key in enumerate(expected)}

    def place(key: str) -> tuple[int, int, str]:
        block = key.split(".")[0]
        return int(block) if block.isdecimal() else len(BLOCKS), order.get(key, len(order)), key

    differences = (_difference(key, found, expected) for key in sorted(found.keys() | expected.keys(), key=place))
    return next(filter(None, differences), None)


def _difference(key: str, found: Mapping[str, object], expected: Mapping[str, Tensor]) -> str | None:
    if key not in found:
        return f"{key} is missing"
    if key not in expected:
        return f"{key} is not part of it"
    value, wanted = found[key], expected[key]
    if not isinstance(value, Tensor):
        return f"{key} is a {type(value).__name__}, not a tensor"
    if value.shape != wanted.shape:
        return f"{key} has shape {tuple(value.shape)}, expected {tuple(wanted.shape)}"
    if value.is_floating_point() != wanted.is_floating_point():
        return f"{key} is {value.dtype}, expected {wanted.dtype}"
    return None if torch.isfinite(value).all() else f"{key} holds NaN or infinity"
