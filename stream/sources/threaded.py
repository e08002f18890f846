"""A live source that blocks while it delivers, in a thread of its own."""

import logging
from abc import ABC, abstractmethod
from threading import Event, Thread

from take5.scoring.errors import CaptureError
from take5.stream.sources.source import Ended, Put

log = logging.getLogger(__name__)


class ThreadedSource(ABC):
    """Makes a :class:`take5.stream.sources.source.LiveSource` of a :meth:`run` that blocks.

    Parameters
    ----------
    name : str
        Of the thread.
    """

    def __init__(self, name: str) -> None:
        self.arrivals: dict[str, float] = {}
        self._stop = Event()
        self._name = name
        self._thread: Thread | None = None

    @abstractmethod
    def run(self, put: Put, stop: Event) -> None:
        """Deliver what arrives until ``stop`` is set or nothing more comes.

        Raises
        ------
        CaptureError
            If the source gives nothing, or has gone.
        """

    def start(self, put: Put, ended: Ended) -> None:
        """Begin to deliver, and return at once."""
        self._thread = Thread(target=self._run, args=(put, ended), name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let it end, and return at once."""
        self._stop.set()

    def join(self, timeout_s: float | None = None) -> None:
        """Wait until it has ended, or for as long as ``timeout_s``."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self, put: Put, ended: Ended) -> None:
        try:
            self.run(put, self._stop)
        except CaptureError as error:
            ended(error)
        except Exception as error:
            log.exception("a source failed")
            ended(CaptureError(f"an internal error ended the source: {str(error) or type(error).__name__}"))
        else:
            ended(None)
