"""What people and programs touch: the command line, the terminal, the Python client, the page."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from take5.client.watch import watch

if TYPE_CHECKING:
    from take5.client.platform.clients import AsyncTake5, Take5

__all__ = ["AsyncTake5", "Take5", "watch"]

if not TYPE_CHECKING:  # or type checkers would take any name

    def __getattr__(name: str) -> Any:
        """Load the clients, and httpx with them, when they are asked for."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value = getattr(import_module("take5.client.platform.clients"), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
