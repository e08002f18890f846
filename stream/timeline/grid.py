"""The picture grid: at every 40 ms, the source frame nearest to that instant."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from take5.scoring.eligibility import HOLE_S, ROUNDING_S
from take5.stream.timeline.clock import FRAME_FLICKS, seconds_to_flicks
from take5.stream.timeline.holes import Frames, passed_over

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

HOLE_FLICKS = seconds_to_flicks(HOLE_S + ROUNDING_S)
ROUNDING_FLICKS = seconds_to_flicks(ROUNDING_S)


@dataclass(frozen=True)
class GridFrame(Generic[T_co]):
    """What stands at one instant of the grid.

    Attributes
    ----------
    index : int
        Grid frame number.
    shown : T
        The source frame nearest to the instant; of two equally near the earlier.
    arrived : tuple of T
        Source frames after the instant before, up to this instant.
    missing : bool
        The instant lies between two source frames more than 100 ms apart.
    """

    index: int
    shown: T_co
    arrived: tuple[T_co, ...]
    missing: bool


@dataclass
class FrameCounts:
    """Source frames that the grid shows twice or not at all, and those that came late or twice and were ignored."""

    doubled: int = 0
    dropped: int = 0
    late: int = 0


class PictureGrid(Generic[T]):
    """Source frames in, grid frames out, each as soon as the source frame at or after its instant is there.

    Parameters
    ----------
    origin : int
        Instant of grid frame 0 on the source's clock, in flicks; not before the first source frame.
    first : int
        First grid frame wanted.
    hop : int, optional
        Frames of a chunk: whole chunks inside a hole are then left out (:mod:`take5.stream.timeline.holes`).
    """

    def __init__(self, origin: int, first: int = 0, hop: int | None = None) -> None:
        self.counts = FrameCounts()
        self._origin, self._hop = origin, hop
        self._next = first
        self._last: tuple[int, T] | None = None
        self._last_shown: int | None = None
        self._used = False
        self._arrived: list[T] = []

    @property
    def frames(self) -> int:
        """Number of the grid frame that comes next."""
        return self._next

    def push(self, pts: int, item: T) -> list[GridFrame[T]]:
        """Add a source frame; one that is not later than the frame before it is counted and ignored."""
        if self._last is not None and pts <= self._last[0]:
            self.counts.late += 1
            return []
        out = list(self._resolve(pts, item))
        self._retire()
        if pts > self._instant(self._next - 1):
            self._arrived.append(item)
        self._last, self._used = (pts, item), self._last_shown == pts
        return out

    def finish(self, end: int) -> list[GridFrame[T]]:
        """Show the last source frame at the instants that it still covers, up to ``end``."""
        out = []
        while self._last is not None and self._instant(self._next + 1) <= end + ROUNDING_FLICKS:
            pts, item = self._last
            missing = self._instant(self._next) - pts > HOLE_FLICKS
            out.append(self._show(pts, item, missing=missing))
        self._retire()
        self._last = None
        return out

    def _instant(self, index: int) -> int:
        return self._origin + index * FRAME_FLICKS

    def _resolve(self, pts: int, item: T) -> Iterator[GridFrame[T]]:
        """Yield the instants up to ``pts``, each showing the nearer of the last source frame and this one."""
        first, stop = self._left_out(pts)
        while (instant := self._instant(self._next)) <= pts:
            if first <= self._next < stop:
                self._next = stop
                continue
            if instant == pts:
                self._arrived.append(item)
            nearer = self._last is None or pts - instant < instant - self._last[0]
            shown = (pts, item) if nearer or self._last is None else self._last
            missing = self._last is not None and pts - self._last[0] > HOLE_FLICKS and instant < pts
            yield self._show(*shown, missing=missing)

    def _left_out(self, pts: int) -> Frames:
        if self._hop is None or self._last is None or pts - self._last[0] <= HOLE_FLICKS:
            return 0, 0
        return passed_over((self._next, -((self._origin - pts) // FRAME_FLICKS)), self._hop)

    def _show(self, pts: int, item: T, *, missing: bool) -> GridFrame[T]:
        if pts == self._last_shown:
            self.counts.doubled += 1
        self._last_shown = pts
        self._used |= self._last is not None and pts == self._last[0]
        arrived, self._arrived = tuple(self._arrived), []
        self._next += 1
        return GridFrame(self._next - 1, item, arrived, missing)

    def _retire(self) -> None:
        """Count the last source frame as dropped if it stood on the grid's time and was never shown."""
        if self._last is not None and self._last[0] >= self._origin and not self._used:
            self.counts.dropped += 1
