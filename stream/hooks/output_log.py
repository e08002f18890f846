"""What a command writes, kept within bounds: ``on-ready.log`` in the take's folder."""

from contextlib import suppress
from pathlib import Path
from threading import Lock

ON_READY_LOG = "on-ready.log"

LOG_BYTES = 2**20
"""At most so long is the log; then its older half goes."""

LEFT_OUT = b"[older lines have been left out]\n"

_WRITING = Lock()


def append(path: Path, block: bytes) -> None:
    """Add to a log; of a log that grows too long the newest half stays. Where there is no folder, nothing is kept."""
    with _WRITING, suppress(OSError):  # a folder that was removed, a full disk: the command must go on
        if path.is_file() and path.stat().st_size + len(block) > LOG_BYTES:
            path.write_bytes(_newest(path.read_bytes() + block))
        else:
            with path.open("ab") as log:
                log.write(block)


def _newest(text: bytes) -> bytes:
    kept = text[-LOG_BYTES // 2 :]
    return LEFT_OUT + kept[kept.find(b"\n") + 1 :]
