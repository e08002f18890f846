"""Who hears what goes on in a server, whatever the session: its metrics."""

from typing import Protocol

from take5.stream.events import Event
from take5.stream.server.counts import CaptureCounts


class ServerListener(Protocol):
    """Called on the event loop, and returns at once."""

    def heard(self, event: Event) -> None:
        """An event of any capture."""

    def counted(self, counts: CaptureCounts) -> None:
        """What is new of the media of any capture."""

    def refused(self, code: str) -> None:
        """A sender was refused."""

    def skipped(self, messages: int) -> None:
        """Followers that read too slowly have missed messages."""


class Unheard:
    """Nobody listens."""

    def heard(self, event: Event) -> None:
        """Do nothing."""

    def counted(self, counts: CaptureCounts) -> None:
        """Do nothing."""

    def refused(self, code: str) -> None:
        """Do nothing."""

    def skipped(self, messages: int) -> None:
        """Do nothing."""
