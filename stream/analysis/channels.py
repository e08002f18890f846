"""Which channel of a stereo recording is scored: the mix, unless the speech of one channel is clearly better."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from take5.scoring.gates.sound import SoundMeter, SpeechStream, window_sound
from take5.scoring.parameters import SAMPLES_PER_FRAME
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.media import AudioBlock
from take5.stream.timeline.resampler import Resampler

CLEAR_DB = 6.0
"""How much better the speech-to-noise ratio of one channel must be: mixing two good microphones gains 3 dB."""

HIGHEST_DB = 60.0
"""Ratios above this, as behind a noise gate, count as this."""

ALIKE = 0.01
"""Power of the channels' difference over that of their mix below which the mix is good."""

ALIKE_S = 30.0
"""After this much sound with channels alike, the rest is not read."""

SIDES = ("left", "right")

PIECE_S, MOST_PIECES = 5.0, 24
"""Length and largest number of the pieces that are compared, spread evenly over the sound."""

Stereo = NDArray[np.float32]


def best_channel(blocks: Iterable[AudioBlock], speech: Callable[[], SpeechStream]) -> str:
    """Choose ``mix``, ``left`` or ``right``; sound with another number of channels than two is mixed."""
    pieces = _Pieces()
    for block in blocks:
        if len(block.audible) != 2:
            return "mix"
        pieces.push(block)
        if pieces.heard_s >= ALIKE_S and pieces.alike:
            return "mix"
    if pieces.alike:
        return "mix"
    sound = pieces.sound()
    mix = _ratio(sound.mean(axis=0), speech)
    gains = {name: round(_ratio(channel, speech) - mix, 1) for name, channel in zip(SIDES, sound, strict=True)}
    name = max(gains, key=lambda each: gains[each])
    return name if gains[name] >= CLEAR_DB else "mix"


class _Pieces:
    """Pieces of stereo sound, spread evenly: with too many, every second one is dropped, and further ones too."""

    def __init__(self) -> None:
        self._pieces: list[list[AudioBlock]] = []
        self._every, self._index, self._until = 1, -1, 0
        self._difference = self._sum = self.heard_s = 0.0

    @property
    def alike(self) -> bool:
        """Whether the channels hardly differ; so is silence."""
        return self._difference <= ALIKE * self._sum

    def push(self, block: AudioBlock) -> None:
        left, right = block.audible
        self._difference += float(np.square(left - right, dtype=np.float64).sum())
        self._sum += float(np.square(left + right, dtype=np.float64).sum())
        self.heard_s += len(left) / block.rate
        if block.pts >= self._until or self._index < 0:
            self._begin(block.pts)
        if self._index % self._every == 0:
            self._pieces[-1].append(block)

    def _begin(self, pts: int) -> None:
        self._index, self._until = self._index + 1, pts + round(PIECE_S * FLICKS)
        if self._index % self._every == 0:
            self._pieces.append([])
            if len(self._pieces) > MOST_PIECES:
                self._every *= 2
                self._pieces = self._pieces[::2]

    def sound(self) -> Stereo:
        """The pieces in a row [2, n], at 16 kHz."""
        blocks = [block for piece in self._pieces for block in piece]
        whole = np.concatenate([block.audible for block in blocks], axis=1)
        resampled = []
        for channel in whole:
            resampler = Resampler(blocks[0].rate)
            resampled.append(np.concatenate([resampler.push(channel), resampler.finish()]))
        return np.stack(resampled)


def _ratio(sound: NDArray[np.float32], speech: Callable[[], SpeechStream]) -> float:
    """Speech-to-noise ratio in dB; without speech, as far below 0 as the highest one is above."""
    meter = SoundMeter(speech())
    frames = len(sound) // SAMPLES_PER_FRAME
    measures = meter.push(np.asarray(sound[: frames * SAMPLES_PER_FRAME], np.float32))
    if not len(measures):
        return -HIGHEST_DB
    ratio = window_sound(measures).snr_db
    return -HIGHEST_DB if ratio is None else float(np.clip(ratio, -HIGHEST_DB, HIGHEST_DB))
