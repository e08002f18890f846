"""Sound to 16 kHz, the same numbers however it is cut.

A polyphase FIR run block by block, each block with the input that its filter still reaches back to, so that every
output sample is the same sum of the same products as in one run over everything. The numbers are those of
:func:`scipy.signal.firwin` and :func:`scipy.signal.upfirdn`, without the second that importing ``scipy.signal`` takes.
"""

from fractions import Fraction

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from take5.scoring.errors import ParameterError
from take5.scoring.parameters import SAMPLE_RATE

ZERO_CROSSINGS = 24
"""Half-width of the low-pass in zero crossings at the lower of the two rates: it falls from 0.88 to 1.12 times the
lower Nyquist frequency, -6 dB at that frequency itself."""

KAISER_BETA = 8.6
"""Stop band at -90 dB."""

MAX_RATE = 768_000

TURNS = 64
"""How often all phases of the filter are gone through at a time: a bound on the memory for a long block."""


class Resampler:
    """Mono sound at ``rate`` in, mono sound at 16 kHz, or another rate, out.

    Parameters
    ----------
    rate : int
        Samples per second of the input, at most 768,000.
    offset : Fraction
        Time of the first output sample in input samples, counted from the first input sample; >= 0. It is met to
        the nearest 1/``up`` of an input sample.
    to : int
        Samples per second of the output.
    """

    def __init__(self, rate: int, offset: Fraction = Fraction(0), to: int = SAMPLE_RATE) -> None:
        if not 0 < rate <= MAX_RATE:
            raise ParameterError(f"sample rate {rate} must be in 1..{MAX_RATE} Hz")
        ratio = Fraction(to, rate)
        self._up, self._down = ratio.numerator, ratio.denominator
        taps = _low_pass(self._up, self._down)
        # Output n stands at position start + n * down of the upsampled input; `_phases` gives positions m * down, with
        # a filter delayed by half its length. Leading zeros in the filter make the two meet after `skip` outputs.
        self._first = round(offset * self._up)
        start = self._first + len(taps) // 2
        self._skip = -(-start // self._down)
        delay = self._skip * self._down - start
        self._reach = -(-(delay + len(taps)) // self._up)
        self._rows = _phases(np.concatenate([np.zeros(delay), taps]), self._up, self._down)
        self._history = np.zeros(-(-self._reach // self._down) * self._down)
        self._pending = np.zeros(0)
        self._taken = 0
        self._made = 0

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Add input samples [n]; return the output samples that are complete."""
        self._taken += len(samples)
        self._pending = np.concatenate([self._pending, samples])
        whole = len(self._pending) // self._down * self._down
        block, self._pending = self._pending[:whole], self._pending[whole:]
        return self._run(block)

    def finish(self) -> NDArray[np.float32]:
        """Return the output samples that stand before the end of the input, taking zeros for what would follow."""
        wanted = self.output_length(self._taken) - self._made
        tail = np.zeros(self._reach + 2 * self._down)
        padded = np.concatenate([self._pending, tail])
        out = self._run(padded[: len(padded) // self._down * self._down])
        return out[: max(0, wanted)]

    def output_length(self, taken: int) -> int:
        """How many output samples stand before the end of ``taken`` input samples."""
        return max(0, -((self._first - taken * self._up) // self._down))

    def _run(self, block: NDArray[np.float64]) -> NDArray[np.float32]:
        if not len(block):
            return np.zeros(0, np.float32)
        reached = np.concatenate([self._history, block])
        self._history = reached[len(reached) - len(self._history) :]
        out = self._filtered(reached, len(reached) - len(block))
        skipped = min(self._skip, len(out))
        self._skip -= skipped
        self._made += len(out) - skipped
        return np.asarray(out[skipped:], dtype=np.float32)

    def _filtered(self, reached: NDArray[np.float64], before: int) -> NDArray[np.float64]:
        """Output for the input from ``before`` on, a multiple of ``down``: ``up`` samples for each ``down``."""
        windows = sliding_window_view(reached, self._reach)[before - self._reach + 1 :]
        if self._up == 1:
            return np.asarray(np.einsum("nk,k->n", windows[:: self._down], self._rows[0]))
        places = np.arange(self._up) * self._down // self._up
        begins = np.arange(0, len(reached) - before, self._down)
        return np.concatenate(
            [
                np.einsum("npk,pk->np", windows[begins[turn : turn + TURNS, None] + places], self._rows).reshape(-1)
                for turn in range(0, len(begins), TURNS)
            ]
        )


def _phases(taps: NDArray[np.float64], up: int, down: int) -> NDArray[np.float64]:
    """The filter's taps that each of ``up`` consecutive outputs meets [up, reach], the earliest input first."""
    padded = np.pad(taps, (0, -len(taps) % up)).reshape(-1, up)
    return np.ascontiguousarray(padded[::-1, np.arange(up) * down % up].T)


def _low_pass(up: int, down: int) -> NDArray[np.float64]:
    """Low-pass at the lower of the two Nyquist frequencies, with gain ``up``; one unit tap between equal rates."""
    if up == down:
        return np.ones(1)
    widest = max(up, down)
    count = 2 * ZERO_CROSSINGS * widest + 1
    taps = np.sinc((np.arange(count) - count // 2) / widest) * np.kaiser(count, KAISER_BETA)
    return np.asarray(taps * (up / taps.sum()), dtype=np.float64)
