"""When to retry a webhook: exponential backoff with jitter, and the receiver's Retry-After."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

AGAIN = frozenset({408, 425, 429, *range(500, 600)})
"""Temporary statuses; any other that is not 2xx is final."""


@dataclass(frozen=True)
class Backoff:
    """Waits of ``first_s``, twice that, and so on up to ``longest_s``."""

    first_s: float = 1.0
    longest_s: float = 60.0

    def wait_s(self, failures: int, chance: float, asked_s: float | None = None) -> float:
        """Return the seconds to wait before the next attempt.

        Parameters
        ----------
        failures : int
            Failed attempts, 1 or more.
        chance : float
            In [0, 1): the wait is half the backoff plus this share of the other half, to spread many senders.
        asked_s : float, optional
            The receiver's Retry-After; the wait is never shorter.
        """
        doubled = self.first_s * 2.0 ** min(failures - 1, 30)
        return max(min(doubled, self.longest_s) * (1 + chance) / 2, asked_s or 0.0)


BACKOFF = Backoff()


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Return the wait in a Retry-After header, in seconds or as a date (RFC 9110, 10.2.3); None if it is neither."""
    if value is None:
        return None
    if value.strip().isascii() and value.strip().isdigit():
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds())
