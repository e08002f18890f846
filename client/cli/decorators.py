"""Options as decorators of commands."""

from collections.abc import Callable
from typing import Any, TypeVar

Command = TypeVar("Command", bound=Callable[..., Any])


def decorated(command: Callable[..., Any], options: tuple[Callable[..., Any], ...]) -> Callable[..., Any]:
    """Give a command options, in the order of its help."""
    for option in reversed(options):
        command = option(command)
    return command
