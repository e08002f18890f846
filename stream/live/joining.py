"""Short blocks of sound joined to longer ones, where nobody waits for them.

Senders deliver sound in pieces of 20 ms; resampling, measuring and keeping them one by one costs half as much again as
in pieces of 100 ms. What is scored does not depend on how sound is cut.
"""

import numpy as np

from take5.scoring.parameters import SAMPLE_RATE
from take5.stream.timeline.clock import FLICKS, seconds_to_flicks
from take5.stream.timeline.media import AudioBlock

LONG_ENOUGH = seconds_to_flicks(0.1)
"""Length of a joined block, at least, unless it is due earlier."""

SAMPLE_FLICKS = FLICKS // SAMPLE_RATE
"""A sample of what is scored: a resampler may give it a little earlier or later."""


class SoundJoiner:
    """Blocks in; out come longer ones, the same sound at the same times.

    Blocks are joined where each begins exactly where the one before it ends and was not marked as following a loss.
    """

    def __init__(self) -> None:
        self._pending: list[AudioBlock] = []
        self._length = 0

    def push(self, block: AudioBlock, due: int) -> list[AudioBlock]:
        """Add a block; return what does not wait any longer.

        Parameters
        ----------
        block : AudioBlock
            The next one.
        due : int
            How much sound a score is still waiting for, in flicks, what is pending included; 0 or less if none does.
        """
        if self._pending and not _continues(self._pending[-1], block):
            return [*self.flush(), block]
        if block.lost_before:
            return [block]
        self._pending.append(block)
        self._length += block.end - block.pts
        if self._length >= LONG_ENOUGH or 0 < due < self._length + SAMPLE_FLICKS:
            return self.flush()
        return []

    def flush(self) -> list[AudioBlock]:
        """Return what is pending, joined."""
        pending, self._pending, self._length = self._pending, [], 0
        return pending if len(pending) < 2 else [_joined(pending)]


def _continues(before: AudioBlock, block: AudioBlock) -> bool:
    return (
        block.pts == before.end
        and block.rate == before.rate
        and not block.lost_before
        and (block.channels is None) == (before.channels is None)
        and len(block.audible) == len(before.audible)
    )


def _joined(blocks: list[AudioBlock]) -> AudioBlock:
    samples = np.concatenate([block.samples for block in blocks])
    channels = None if blocks[0].channels is None else np.concatenate([block.audible for block in blocks], axis=1)
    return AudioBlock(blocks[0].pts, samples, blocks[0].rate, channels)
