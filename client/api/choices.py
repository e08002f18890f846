"""Rules for what a program gives that types alone do not hold it to."""

from collections.abc import Sequence

from take5.scoring.errors import ParameterError


def one_of(name: str, value: str, choices: Sequence[str]) -> None:
    """Raise ParameterError unless ``value`` is one of ``choices``."""
    if value not in choices:
        raise ParameterError(f"{name}={value!r} must be one of {', '.join(choices)}")


def split_lengths(seconds: float | Sequence[float]) -> tuple[float, tuple[float, ...]]:
    """The first length of windows, and the others."""
    if isinstance(seconds, int | float):
        return seconds, ()
    if not seconds:
        raise ParameterError("seconds=() must have at least one length")
    return seconds[0], tuple(seconds[1:])
