"""Free space for who asks from a thread of his own: a network disk may not answer, and holds up one thread then."""

from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread

from take5.stream.output.free_space import free_space

ANSWER_S = 1.0
"""Maximum time to wait for the disk; after that its free space counts as unknown, until it answers."""


class PatientSpace:
    """Free space of a folder's disk.

    Parameters
    ----------
    folder : Path
        The folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock = folder, Lock()
        self._measured: Future[int] | None = None

    def free(self) -> int | None:
        """Return the free bytes; None while they are unknown."""
        with self._lock:
            if self._measured is None or self._measured.done():
                self._measured = Future()
                Thread(target=self._measure, args=(self._measured,), name="take5-free-space", daemon=True).start()
            measured = self._measured
        with suppress(TimeoutError, OSError):
            return measured.result(ANSWER_S)
        return None

    def _measure(self, measured: "Future[int]") -> None:
        try:
            measured.set_result(free_space(self._folder))
        except OSError as error:
            measured.set_exception(error)
