"""File descriptors of a server: how many it may open, and how they are shared out."""

from contextlib import suppress

from take5.stream.server.admission import PENDING

try:
    import resource
except ImportError:  # Windows has no limit to raise
    resource = None  # type: ignore[assignment] # the checks below ask for it

MOST = 65_536
PROCESS, A_CAPTURE, A_PENDING = 64, 24, 8
"""Descriptors of the process itself, of a capture, and of a sender that connects, on a machine with two addresses."""

CONNECTIONS, LEAST = 1000, 32


def raise_limit() -> int:
    """Raise the soft limit of open descriptors as far as the system lets this process; return it."""
    if resource is None:
        return MOST
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return MOST if soft == resource.RLIM_INFINITY else soft
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft


def shares(limit: int, captures: int) -> tuple[int, int]:
    """Return how many connections, and how many pending senders, a server may have beside its captures.

    Parameters
    ----------
    limit : int
        Descriptors that the process may open.
    captures : int
        Captures at a time.
    """
    left = limit - PROCESS - A_CAPTURE * captures
    pending = max(1, min(PENDING, left * 2 // 3 // A_PENDING))
    return max(LEAST, min(CONNECTIONS, left - A_PENDING * pending)), pending
