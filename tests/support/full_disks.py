"""A disk without room: files of this process, and of those that it starts, may not get longer than a limit."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

REASON = "cannot be written (File too large)"


@contextmanager
def no_file_beyond(limit: int) -> Iterator[None]:
    """Let no file get longer than ``limit`` bytes."""
    resource = pytest.importorskip("resource", reason="no limits on files here")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
