"""What people and programs touch: the command line, the terminal, the Python client, the page."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from take5.client.following import watch
    from take5.client.platform.clients import AsyncTake5, Take5

_PLACES = {
    "AsyncTake5": "platform.clients",
    "Take5": "platform.clients",
    "watch": "following",
}
__all__ = ["AsyncTake5", "Take5", "watch"]

if not TYPE_CHECKING:  # or type checkers would take any name

    def __getattr__(name: str) -> Any:
        """Load what is asked for, and httpx or websockets with it."""
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value = getattr(import_module(f"take5.client.{_PLACES[name]}"), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
