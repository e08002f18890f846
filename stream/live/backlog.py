"""When analysis falls behind: which frames are skipped, and when analysis resumes."""

from heapq import heappop, heappush

from take5.stream.timeline.clock import seconds_to_flicks
from take5.stream.timeline.media import UnseenFrame

BEHIND_FLICKS = seconds_to_flicks(3.0)
"""Age of the oldest waiting picture at which analysis has fallen behind."""

CALM_FLICKS = seconds_to_flicks(1.0)
"""Backlog at which the burst at the beginning has been worked off."""

RECOVER_FLICKS = seconds_to_flicks(5.0)
"""Minimum time to skip frames; doubles each time analysis falls behind again."""

REORDER_UNITS = 3
"""How many places ahead of its display order a unit may arrive (B-frames)."""


class Backlog:
    """Whether analysis has fallen behind, by the times of what has arrived and of what waits."""

    def __init__(self) -> None:
        self.behind = False
        self._until = 0
        self._pause = RECOVER_FLICKS
        self._allowed: int | None = None

    def falls(self, newest: int, oldest: int) -> bool:
        """Whether looking falls behind just now, with pictures from ``oldest`` to ``newest`` waiting, in flicks.

        What has piled up before the first picture could be analysed does not count.
        """
        waiting = newest - oldest
        if self._allowed is None:
            self._allowed = BEHIND_FLICKS + waiting
        if waiting <= CALM_FLICKS:
            self._allowed = BEHIND_FLICKS
        if self.behind or waiting <= self._allowed:
            return False
        self.behind, self._until = True, newest + self._pause
        self._pause *= 2
        return True

    def recovers(self, now: int) -> bool:
        """Whether analysis resumes with the keyframe at ``now``."""
        if self.behind and now >= self._until:
            self.behind = False
            return True
        return False


class SkippedFrames:
    """Frames that are not decoded, put into the order in which they would have been shown."""

    def __init__(self) -> None:
        self._waiting: list[int] = []

    def push(self, pts: int) -> list[UnseenFrame]:
        """Pass over one unit; return the frames whose turn it is."""
        heappush(self._waiting, pts)
        return self._pop(REORDER_UNITS)

    def flush(self) -> list[UnseenFrame]:
        """Return the frames that are left."""
        return self._pop(0)

    def _pop(self, keep: int) -> list[UnseenFrame]:
        return [UnseenFrame(heappop(self._waiting)) for _ in range(len(self._waiting) - keep)]
