"""What workers have used and done, those that have ended included."""

from collections import Counter

from take5.stream.server.counts import HostUsage
from take5.stream.workers.protocol import Load


class WorkersUsage:
    """Adds up what workers note of themselves, by their numbers; one thread adds, others read."""

    def __init__(self) -> None:
        self._cpu_s: dict[str, float] = {}
        self._notices = Counter[str]()

    def add(self, number: int, before: Load, now: Load) -> None:
        """Add what is new in the latest note of a worker, whose number counts from 0."""
        worker = str(number + 1)
        self._cpu_s[worker] = self._cpu_s.get(worker, 0.0) + now.cpu_s - before.cpu_s
        for outcome, count in now.notices.items():
            self._notices[outcome] += count - before.notices.get(outcome, 0)

    @property
    def so_far(self) -> HostUsage:
        """All of it."""
        return HostUsage(self._cpu_s.copy(), self._notices.copy())
