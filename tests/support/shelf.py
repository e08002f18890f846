"""Answers of models on disk, which all processes of a run share, and later runs as well.

What they follow from besides their keys, the code of `scoring`, the models' files and libraries, is part of the file's
name.
"""

import hashlib
import pickle
import platform
import sqlite3
import threading
import time
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import take5.scoring
from take5.stream.model_files import registry

BUSY_S = 20.0
UNWRITTEN, UNWRITTEN_S = 200, 1.0
"""How many answers, and for how long, may wait to be written together."""

LIBRARIES = ("ai-edge-litert", "mediapipe", "numpy", "onnxruntime", "opencv-python-headless", "torch")


class Shelf:
    """A file of answers by their keys.

    A file that cannot be read or written costs time, since the models are asked then, and fails no test.

    Parameters
    ----------
    path : pathlib.Path
        Made where it is missing; several processes and threads may use it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._unwritten: dict[bytes, bytes] = {}
        self._written_at = time.monotonic()

    def find(self, key: bytes) -> tuple[Any] | None:
        """Return the answer, in a tuple since it may be None; None if it is not there."""
        with self._lock, suppress(sqlite3.Error):
            row = self._opened().execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
            if row is not None:
                return (pickle.loads(row[0]),)  # noqa: S301 - these tests wrote it
        return None

    def keep(self, key: bytes, answer: object) -> None:
        """Write an answer, soon."""
        with self._lock:
            self._unwritten[key] = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
            if len(self._unwritten) >= UNWRITTEN or time.monotonic() - self._written_at > UNWRITTEN_S:
                self._write()

    def write(self) -> None:
        """Write what waits."""
        with self._lock:
            self._write()

    def _write(self) -> None:
        rows = list(self._unwritten.items())
        self._unwritten.clear()
        self._written_at = time.monotonic()
        with suppress(sqlite3.Error), self._opened() as connection:
            connection.executemany("INSERT OR IGNORE INTO answers VALUES (?, ?)", rows)

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(self.path, timeout=BUSY_S, check_same_thread=False)
            connection.execute("PRAGMA synchronous = OFF")  # a file that a power cut damages is made again
            connection.execute("CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, answer BLOB) WITHOUT ROWID")
            self._connection = connection
        return self._connection


def answered_with() -> str:
    """What answers, in a few letters: the floor's code, the models' files, their libraries, and the machine's kind."""
    code = b"".join(source.read_bytes() for source in sorted(Path(take5.scoring.__path__[0]).rglob("*.py")))
    parts = (hashlib.sha256(code).hexdigest(), registry.MODELS, [_version(each) for each in LIBRARIES], _machine())
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "none"


def _machine() -> str:
    """Networks' last bits depend on what the processor can do."""
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return " ".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))
    return f"{platform.machine()} {platform.processor()}"
