"""When analysis falls behind: which frames are skipped, and when analysis resumes.

No clock is read. The speed of analysis is that of second looks in media time: frames analysed while media arrived.
"""

from collections import deque
from heapq import heappop, heappush

from take5.stream.timeline.clock import FRAME_FLICKS, seconds_to_flicks
from take5.stream.timeline.media import UnseenFrame

BEHIND_FLICKS = seconds_to_flicks(3.0)
"""Age of the oldest waiting picture at which analysis has fallen behind."""

CALM_FLICKS = seconds_to_flicks(1.0)
"""Backlog at which the burst at the beginning has been worked off."""

RECOVER_FLICKS = seconds_to_flicks(5.0)
"""Minimum time to skip frames; doubles each time analysis falls behind again."""

LONGEST_FLICKS = seconds_to_flicks(80.0)
"""Maximum of that time."""

STEADY_FLICKS = seconds_to_flicks(15.0)
"""How long analysis has to keep up for that time to be the minimum again."""

FAST_ENOUGH = 1.2
"""Speed of second looks at which analysis resumes earlier, where 1 is real time; the rest is for skipped windows."""

MEASURED_PART = 5
"""Share of the time to skip frames over which that speed is measured: a fifth, so at first one second."""

REORDER_UNITS = 3
"""How many places ahead of its display order a unit may arrive (B-frames)."""


class Backlog:
    """Whether analysis has fallen behind, by the times of what has arrived and of what waits."""

    def __init__(self) -> None:
        self.behind = False
        self._since = self._until = 0
        self._pause = RECOVER_FLICKS
        self._allowed: int | None = None
        self._looks: deque[int] = deque()

    def falls(self, newest: int, oldest: int) -> bool:
        """Whether looking falls behind just now, with pictures from ``oldest`` to ``newest`` waiting, in flicks.

        What has piled up before the first picture could be analysed does not count.
        """
        waiting = newest - oldest
        if self._allowed is None:
            self._allowed = BEHIND_FLICKS + waiting
        if waiting <= CALM_FLICKS:
            self._allowed = BEHIND_FLICKS
            if newest - self._since >= STEADY_FLICKS:
                self._pause = RECOVER_FLICKS
        if self.behind or waiting <= self._allowed:
            return False
        self.behind, self._since, self._until = True, newest, newest + self._pause
        self._looks.clear()
        self._pause = min(2 * self._pause, LONGEST_FLICKS)
        return True

    def looked(self, newest: int) -> None:
        """Note a frame of a second look, analysed when the pictures up to ``newest`` had arrived."""
        if self.behind:
            self._looks.append(newest)

    def recovers(self, now: int, *, idle: bool = True) -> bool:
        """Whether analysis resumes with the keyframe at ``now``; ``idle`` if no second look is due."""
        if not self.behind or not ((idle and now >= self._until) or self._fast(now)):
            return False
        self.behind, self._since = False, now
        return True

    def _fast(self, now: int) -> bool:
        """Whether second looks have been fast enough for analysis to resume."""
        measured = (self._until - self._since) // MEASURED_PART
        while self._looks and self._looks[0] <= now - measured:
            self._looks.popleft()
        return now - self._since >= measured and len(self._looks) * FRAME_FLICKS >= FAST_ENOUGH * measured


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
