"""Which sentence to show next, so that a window of high D appears soon.

D is the mean distance between the sounds of one window, so what counts is the variety within a window, not over the
session. A sentence is worth what it adds to the window that ends with it: its own spread, measured once for each
sentence of a list (``scripts/make_prompts.py``), and phones that the window lacks.
``docs/prompts.md`` describes how the two were weighted, and the gain.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from take5.scoring.errors import ParameterError

WINDOW_S = 5.0
"""Sentences that reach into the last window count as heard: how many seconds by default."""

REST = 20
"""Sentences that must lie between two showings of the same one, once a list has been read through."""

BALANCE = 0.5
"""Weight of the phones' variety relative to the sentence's own spread; ``docs/prompts.md``."""


@dataclass(frozen=True)
class Prompt:
    """A sentence to be read aloud.

    Attributes
    ----------
    text : str
        What is shown.
    phones : tuple of str
        Its phones in order; for Mandarin, its initials and finals.
    seconds : float
        How long it takes at a normal speaking rate, > 0.
    spread : float
        Mean distance between its audio embeddings as a share of the mean of its list, averaged over voices; about 1.
    """

    text: str
    phones: tuple[str, ...]
    seconds: float
    spread: float


def variety(phones: Iterable[str]) -> float:
    """Simpson's index 1 - sum of p^2, p the share of each phone, in [0, 1): the chance that two of them differ."""
    counts = Counter(phones)
    total = counts.total()
    return 1.0 - sum(count * count for count in counts.values()) / (total * total) if total else 0.0


def last_window(prompts: Sequence[Prompt], heard: Sequence[int], seconds: float = WINDOW_S) -> list[int]:
    """Indices of the last sentences heard that together fill ``seconds``, the earliest first."""
    found: list[int] = []
    for index in reversed(heard):
        if seconds <= 0:
            break
        found.append(index)
        seconds -= prompts[index].seconds
    return found[::-1]


def worth(prompt: Prompt, before: Iterable[str]) -> float:
    """What a sentence adds to the window that ends with it.

    Parameters
    ----------
    prompt : Prompt
        The sentence.
    before : iterable of str
        The phones that the window has heard already.

    Returns
    -------
    float
        spread + BALANCE * variety of the phones of both; higher is better.
    """
    return prompt.spread + BALANCE * variety([*before, *prompt.phones])


def choose(
    prompts: Sequence[Prompt], heard: Sequence[int], passed: Collection[int] = (), window_s: float = WINDOW_S
) -> int:
    """Index of the sentence to show next.

    Parameters
    ----------
    prompts : sequence of Prompt
        The list; not empty.
    heard : sequence of int
        Indices of the sentences that were spoken, the latest last.
    passed : collection of int
        Indices of those that were shown but not spoken; they are not repeated either.
    window_s : float
        Length of a window.

    Returns
    -------
    int
        The remaining sentence of highest worth; of equals the first. If none remain, those heard longest ago return.

    Raises
    ------
    ParameterError
        If the list is empty, or an index is not in it.
    """
    _check(prompts, [*heard, *passed])
    left = set(range(len(prompts))) - set(heard) - set(passed)
    left = left or set(range(len(prompts))) - set(heard[-REST:]) or set(range(len(prompts)))
    room = window_s - min(prompts[index].seconds for index in left)
    before = [phone for index in last_window(prompts, heard, room) for phone in prompts[index].phones]
    return max(sorted(left), key=lambda index: worth(prompts[index], before))


def plan(
    prompts: Sequence[Prompt], heard: Sequence[int], passed: Collection[int], count: int, window_s: float = WINDOW_S
) -> list[int]:
    """Indices of the next ``count`` sentences, each chosen as if those before it had been spoken."""
    spoken = list(heard)
    for _ in range(count):
        spoken.append(choose(prompts, spoken, passed, window_s))
    return spoken[len(heard) :]


def _check(prompts: Sequence[Prompt], indices: Sequence[int]) -> None:
    if not prompts:
        raise ParameterError("a list of prompts must hold at least one sentence")
    for index in indices:
        if not 0 <= index < len(prompts):
            raise ParameterError(f"prompt {index} is not in this list: it has the numbers 0 to {len(prompts) - 1}")
