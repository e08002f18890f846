"""Output of commands, limited in size: ``on-ready.log`` in the take's folder."""

from contextlib import suppress
from pathlib import Path
from threading import Lock

ON_READY_LOG = "on-ready.log"

LOG_BYTES = 2**20
"""Largest size of the log; beyond it, its older half is dropped."""

LEFT_OUT = b"[older lines have been left out]\n"

_WRITING = Lock()


def append(path: Path, block: bytes) -> None:
    """Append to a log, keeping the newer half if it grows too long. Without the folder, nothing is written."""
    with _WRITING, suppress(OSError):  # a folder that was removed, a full disk: the command continues
        if path.is_file() and path.stat().st_size + len(block) > LOG_BYTES:
            path.write_bytes(_newest(path.read_bytes() + block))
        else:
            with path.open("ab") as log:
                log.write(block)


def _newest(text: bytes) -> bytes:
    kept = text[-LOG_BYTES // 2 :]
    return LEFT_OUT + kept[kept.find(b"\n") + 1 :]
