"""Instrument B: a small network that paints the hidden mouth from sound, trained from scratch on one stretch.

It sees the rest of the face and the features of the sound (``bench/evidence/sound``), and learns by L1 on the hidden
part, with Adam, for a fixed number of steps whatever the stretch's length. The same seed gives the same pictures.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import interpolate, silu

from bench.evidence.mouths import HIDDEN, SIDE
from bench.evidence.talkers import Array

STEPS, BATCH = 130, 12
FASTEST, DECAY = 5e-3, 1e-3
NOISE = 0.1
"""Added to the sound's features while training, in their SD."""

AT_ONCE = 64

Pictures = NDArray[np.float32]
Frames = NDArray[np.int64]


class Block(nn.Module):
    """A convolution with its normalisation."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, 3, stride, 1)
        self.normalisation = nn.GroupNorm(4, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Apply it."""
        return silu(self.normalisation(self.convolution(x)))


class Painter(nn.Module):
    """A U-Net of 32, 16, 8 and 4 pixels a side, into whose narrowest level the sound comes.

    Parameters
    ----------
    features : int
        Numbers that describe the sound of a frame; with 24 the network has 229,043 parameters.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.down = nn.ModuleList([Block(4, 16), Block(16, 32, 2), Block(32, 48, 2), Block(48, 64, 2)])
        self.sound = nn.Sequential(nn.Linear(features, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU())
        self.scale, self.spread = nn.Linear(64, 128), nn.Linear(64, 32 * 16)
        self.middle = Block(96, 64)
        self.up = nn.ModuleList([Block(112, 48), Block(80, 32), Block(48, 16)])
        self.out = nn.Conv2d(16, 3, 3, 1, 1)

    def forward(self, x: Tensor, sound: Tensor) -> Tensor:
        """Paint [n, 3, 32, 32] into [n, 4, 32, 32], whose last channel says where."""
        levels = []
        for block in self.down:
            x = block(x)
            levels.append(x)
        heard = self.sound(sound)
        gain, shift = self.scale(heard)[:, :, None, None].chunk(2, 1)
        x = self.middle(torch.cat([x * (1 + gain) + shift, self.spread(heard).view(-1, 32, 4, 4)], 1))
        for block, level in zip(self.up, levels[-2::-1], strict=True):
            x = block(torch.cat([interpolate(x, scale_factor=2, mode="nearest"), level], 1))
        painted: Tensor = self.out(x)
        return painted


def paint(mouths: Pictures, sound: Array, train: Frames, test: Frames, seed: int = 0, steps: int = STEPS) -> Pictures:
    """Train on some frames, and paint the hidden part of others.

    Parameters
    ----------
    mouths : float32 [N, 3, 32, 32]
        In [0, 1].
    sound : float64 [N, F]
        Features of each frame's sound.
    train, test : int64
        Frames.
    seed : int
        Of the network's weights and of the order of frames.
    steps : int
        Of training.

    Returns
    -------
    float32 [len(test), 3, 32, 32]
        Of the hidden part; what lies beside it has no meaning.
    """
    hidden, mean = torch.from_numpy(HIDDEN), torch.from_numpy(mouths[train].mean(0))
    size = float(mouths[train].std(0).mean()) + 1e-3  # so that a step means the same for every stretch
    heard = torch.from_numpy((sound / sound[train].std()).astype(np.float32))
    real = torch.from_numpy(mouths)

    def shown(frames: Tensor) -> Tensor:
        rest = (real[frames] - mean) * (1 - hidden) / size / 2
        return torch.cat([rest, hidden.expand(len(frames), 1, SIDE, SIDE)], 1)

    chance = np.random.default_rng(seed)
    with _alone(seed):
        network = Painter(sound.shape[1])
        optimiser = torch.optim.AdamW(network.parameters(), FASTEST, weight_decay=DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, FASTEST, steps)
        for _ in range(steps):
            some = torch.from_numpy(chance.choice(train, BATCH, replace=False))
            noisy = heard[some] + NOISE * torch.randn(BATCH, sound.shape[1])
            wrong = (network(shown(some), noisy) * size + mean - real[some]).abs() * hidden
            optimiser.zero_grad()
            (wrong.sum() / hidden.sum() / (3 * BATCH * size)).backward()
            optimiser.step()
            schedule.step()
        with torch.no_grad():
            parts = [
                (network(shown(some), heard[some]) * size + mean).clamp(0, 1).numpy()
                for some in map(torch.from_numpy, np.split(test, range(AT_ONCE, len(test), AT_ONCE)))
            ]
    return np.concatenate(parts)


@contextmanager
def _alone(seed: int) -> Iterator[None]:
    """One thread, and random numbers of its own; both as before afterwards."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)
