"""Keeps the chatter of MediaPipe's C++ half off stderr.

MediaPipe 0.10.30-0.10.33 logs through abseil without initialising it, so neither ``GLOG_minloglevel`` nor a Python
logger reaches these lines (tried); they go straight to file descriptor 2: ``W0000 00:00:17... face_landmarker_gra...``,
``INFO: Created TensorFlow Lite XNNPACK delegate for CPU.`` They come while a task is made and at its first pictures.

It touches the state of the whole process, hence the lock, and hence models are quiet only where asked.
"""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import IO

STDERR = 2
"""The file descriptor; ``sys.stderr`` may be something else."""

CHATTER = re.compile(rb"[IW]\d{4} \d\d:\d\d:|INFO: |WARNING: All log messages before absl::InitializeLog")
"""How the lines begin that are dropped: information and warnings, never errors."""

_LOCK = Lock()


@contextmanager
def hushed() -> Iterator[None]:
    """Hold back what is written to file descriptor 2, then pass on every line that is not :data:`CHATTER`.

    What other threads write meanwhile comes out at the end, in order; so keep the calls short. Threads take turns.
    Without a usable stderr or temporary directory nothing is held back. A child process that another thread starts
    meanwhile keeps the temporary file as its stderr. A process that is asked to end meanwhile stays quiet
    (SystemExit): MediaPipe's thread finishes the abandoned call.
    """
    with _LOCK:
        diverted, ends = _divert(), False
        try:
            yield
        except SystemExit:
            ends = True
            raise
        finally:
            if diverted is not None:
                _restore(*diverted, ends=ends)


def _divert() -> tuple[int, IO[bytes]] | None:
    """Point stderr at a temporary file; its former self and the file, or None where that cannot be done."""
    _flush()
    try:
        caught = tempfile.TemporaryFile()  # noqa: SIM115 - closed by _restore
    except OSError:
        return None
    try:
        saved = os.dup(STDERR)
        os.dup2(caught.fileno(), STDERR)
    except OSError:
        caught.close()
        return None
    return saved, caught


def _restore(saved: int, caught: IO[bytes], *, ends: bool) -> None:
    """Write what deserves it and undo :func:`_divert`, unless the process ends."""
    _flush()
    with caught:
        if not ends:
            os.dup2(saved, STDERR)
        caught.seek(0)
        kept = b"".join(line for line in caught if not CHATTER.match(line))
    with suppress(OSError):
        os.write(saved, kept)
    os.close(saved)


def _flush() -> None:
    with suppress(AttributeError, ValueError, OSError):  # no stderr at all, closed, or its reader gone
        sys.stderr.flush()
