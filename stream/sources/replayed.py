"""A media file as a live source: what a camera would have sent, at the pace that is asked for."""

from collections.abc import Callable
from threading import Event
from time import monotonic

from take5.stream.sources.file import MediaFile
from take5.stream.sources.source import Put
from take5.stream.sources.threaded import ThreadedSource
from take5.stream.timeline.clock import to_seconds
from take5.stream.timeline.media import AccessUnit, AudioBlock, UnitFormat

Pace = Callable[[float], None]
"""Called with the seconds of the recording that are due next; it may wait until they have passed."""


class ReplayedFile(ThreadedSource):
    """Delivers the access units and the sound of a file, untouched.

    Parameters
    ----------
    file : MediaFile
        The recording.
    pace : Pace
        Waits, or does not: by default the file is delivered as fast as it can be read.
    """

    def __init__(self, file: MediaFile, pace: Pace = lambda _: None) -> None:
        super().__init__("take5-replay")
        self._file, self._pace = file, pace

    @property
    def unit_format(self) -> UnitFormat:
        """Format of the access units."""
        return self._file.unit_format

    def run(self, put: Put, stop: Event) -> None:
        """Deliver the file until its end, or until ``stop`` is set."""
        for media in self._file.media():
            if stop.is_set():
                return
            if isinstance(media, AccessUnit | AudioBlock):
                self._pace(to_seconds(media.pts - self._file.origin))
                self.arrivals["picture" if isinstance(media, AccessUnit) else "sound"] = monotonic()
                put(media)
