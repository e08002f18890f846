"""A checkpoint of AVE's structure with seeded weights, and AVE written out a second time, straight from facts."""

import functools
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

torch.set_num_threads(1)  # with a second, a busy machine spends six times the CPU

# channels in, channels out, kernel, stride, padding, residual
LAYOUT = (
    "1 32 3 1,1 1 -",
    "32 32 3 1,1 1 +",
    "32 32 3 1,1 1 +",
    "32 64 3 3,1 1 -",
    "64 64 3 1,1 1 +",
    "64 64 3 1,1 1 +",
    "64 128 3 3,3 1 -",
    "128 128 3 1,1 1 +",
    "128 128 3 1,1 1 +",
    "128 256 3 3,2 1 -",
    "256 256 3 1,1 1 +",
    "256 512 3 1,1 0 -",
    "512 512 1 1,1 0 -",
)


@functools.cache
def make_state(seed: int = 5) -> dict[str, Tensor]:
    """The 91 tensors, not to be changed; BatchNorm's statistics are of seeded windows, so every layer is alive."""
    chance = torch.Generator().manual_seed(seed)
    state: dict[str, Tensor] = {}
    x = smooth_windows(chance)
    for index, line in enumerate(LAYOUT):
        inputs, outputs, kernel = (int(word) for word in line.split()[:3])
        shape = (outputs, inputs, kernel, kernel)
        state |= {
            f"{index}.conv_block.0.weight": torch.randn(shape, generator=chance) * (2 / (inputs * kernel**2)) ** 0.5,
            f"{index}.conv_block.0.bias": torch.randn(outputs, generator=chance) * 0.1,
            f"{index}.conv_block.1.weight": 0.5 + torch.rand(outputs, generator=chance),
            f"{index}.conv_block.1.bias": torch.randn(outputs, generator=chance) * 0.2,
        }
        y = convolution(state, index, x)
        state[f"{index}.conv_block.1.running_mean"] = y.mean((0, 2, 3))
        state[f"{index}.conv_block.1.running_var"] = y.var((0, 2, 3))
        state[f"{index}.conv_block.1.num_batches_tracked"] = torch.tensor(1000)
        x = block(state, index, x)
    return state


def smooth_windows(chance: torch.Generator) -> Tensor:
    """32 windows [32, 1, 80, 16] in [-4, 4] that are as smooth over mel and time as speech's."""
    coarse = torch.randn((32, 1, 10, 4), generator=chance) * 2
    return functional.interpolate(coarse, (80, 16), mode="bilinear").clamp(-4, 4)


def convolution(state: dict[str, Tensor], index: int, x: Tensor) -> Tensor:
    stride, padding = LAYOUT[index].split()[3:5]
    weight, bias = (state[f"{index}.conv_block.0.{name}"] for name in ("weight", "bias"))
    return functional.conv2d(x, weight, bias, [int(step) for step in stride.split(",")], int(padding))


def block(state: dict[str, Tensor], index: int, x: Tensor) -> Tensor:
    """One block, with BatchNorm as its definition has it."""
    gamma, beta, mean, variance = (
        state[f"{index}.conv_block.1.{name}"][:, None, None]
        for name in ("weight", "bias", "running_mean", "running_var")
    )
    y = (convolution(state, index, x) - mean) / torch.sqrt(variance + 1e-5) * gamma + beta
    return torch.clamp_min(y + x if LAYOUT[index].endswith("+") else y, 0)


def run(state: dict[str, Tensor], mel: Tensor) -> Tensor:
    """Embeddings [B, 512] of mel windows [B, 80, 16]."""
    x = mel[:, None]
    for index in range(len(LAYOUT)):
        x = block(state, index, x)
    return x[:, :, 0, 0]


def save(path: Path, state: dict[str, Tensor] | None = None) -> Path:
    """Write ``state``, or the seeded one, as SyncTalk's file is written."""
    torch.save(make_state() if state is None else state, path)
    return path
