"""How much of a machine the preparation of bundles may take."""

from enum import StrEnum


class Priority(StrEnum):
    """Against what else goes on: little, or only what would be idle, so that live captures do not notice it."""

    LOW = "low"
    IDLE = "idle"

    @property
    def longest_s(self) -> float:
        """How long a bundle may take: what waits for an idle machine may wait long."""
        return 600.0 if self is Priority.LOW else 3600.0
