"""What is decoded and converted in a thread of its own, a little ahead of who needs it."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from take5.stream.timeline.grid import GridFrame
from take5.stream.timeline.media import Picture, VideoFrame

T = TypeVar("T")

AHEAD = 2
"""Items that wait at most; beside them one is being made."""

LOOK_S = 0.2
"""How often a full queue is looked at again, in case nobody wants the rest."""


@dataclass(frozen=True)
class ReadyPicture:
    """A picture whose array is made already; see :class:`take5.stream.timeline.media.Picture`."""

    decoded: Picture
    pixels: NDArray[np.uint8]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in square pixels, upright."""
        return self.decoded.size

    @property
    def digest(self) -> int:
        """Checksum of the decoded luma: equal for identical pictures."""
        return self.decoded.digest

    def rgb(self) -> NDArray[np.uint8]:
        """The picture as uint8 [H, W, 3], C-contiguous."""
        return self.pixels


def with_ready_picture(frame: GridFrame[VideoFrame]) -> GridFrame[VideoFrame]:
    """A grid frame whose shown picture is an array already."""
    shown = frame.shown.picture
    return replace(frame, shown=replace(frame.shown, picture=ReadyPicture(shown, shown.rgb())))


def read_ahead(items: Callable[[], Iterator[T]]) -> Generator[T, None, None]:
    """Yield what ``items()`` yields, from a thread of its own; it ends when the generator is closed.

    An error in the thread is raised here.
    """
    waiting: Queue[T | BaseException | None] = Queue(AHEAD)
    unwanted = Event()

    def put(item: T | BaseException | None) -> bool:
        while not unwanted.is_set():
            try:
                waiting.put(item, timeout=LOOK_S)
            except Full:
                continue
            return True
        return False

    def run() -> None:
        try:
            if all(put(item) for item in items()):
                put(None)
        except BaseException as error:  # noqa: BLE001 - raised by who reads
            put(error)

    thread = Thread(target=run, name="take5-ahead", daemon=True)
    thread.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        unwanted.set()
        _empty(waiting)
        thread.join()


def _empty(waiting: "Queue[T]") -> None:
    while True:
        try:
            waiting.get_nowait()
        except Empty:
            return
