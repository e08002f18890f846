"""Rules for what a program gives that types alone do not hold it to."""

from collections.abc import Sequence

from take5.scoring.errors import ParameterError


def one_of(name: str, value: str, choices: Sequence[str]) -> None:
    """Raise ParameterError unless ``value`` is one of ``choices``."""
    if value not in choices:
        raise ParameterError(f"{name}={value!r} must be one of {', '.join(choices)}")
