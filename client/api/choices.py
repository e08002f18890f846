"""Rules for what a program gives that types alone do not hold it to."""

from collections.abc import Iterable, Sequence
from numbers import Real

from take5.scoring.errors import ParameterError


def one_of(name: str, value: str, choices: Sequence[str]) -> None:
    """Raise ParameterError unless ``value`` is one of ``choices``."""
    if value not in choices:
        raise ParameterError(f"{name}={value!r} must be one of {', '.join(choices)}")


def split_lengths(seconds: float | Sequence[float]) -> tuple[float, tuple[float, ...]]:
    """The first length of windows, and the others.

    Raises
    ------
    ParameterError
        If there is none, or one is not a number.
    """
    lengths = tuple(seconds) if isinstance(seconds, Iterable) else (seconds,)
    if not lengths:
        raise ParameterError("seconds=() must have at least one length")
    first, *others = (_number(each) for each in lengths)
    return first, tuple(others)


def _number(value: object) -> float:
    """A length; NumPy's numbers become Python's, which JSON has."""
    if not isinstance(value, Real) or isinstance(value, bool):
        raise ParameterError(f"seconds: {value!r} is not a number")
    return value if isinstance(value, int) else float(value)
