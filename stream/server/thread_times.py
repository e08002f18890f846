"""CPU seconds of this process by kind of thread, where the system says so (Linux)."""

import os
import threading
from collections import defaultdict
from pathlib import Path

TASKS = Path("/proc/self/task")
KINDS = {
    "MainThread": "network",
    "take5-capture": "capture",
    "take5-spool": "spool",
    "take5-records": "database",
    "take5-database": "database",
    "take5-session-hooks-database": "database",
    "take5-session-hooks": "hooks",
    "take5-hooks": "hooks",
    "take5-on-ready": "hooks",
}
"""Threads by what they do; those of a pool have a number, too, and others are "other"."""


class ThreadTimes:
    """Adds up what threads have used, so that those that end are not forgotten."""

    def __init__(self) -> None:
        self._last: dict[int, float] = {}
        self._spent: dict[str, float] = defaultdict(float)
        self._lock = threading.Lock()

    def read(self) -> dict[str, float]:
        """Return the seconds by kind; nothing where the system does not say."""
        with self._lock:
            now = _seconds()
            for task, (name, seconds) in now.items():
                before = self._last.get(task, 0.0)
                self._spent[name] += seconds - before if seconds >= before else seconds  # another thread of that number
            self._last = {task: seconds for task, (_, seconds) in now.items()}
            return dict(self._spent)


def _seconds() -> dict[int, tuple[str, float]]:
    if not TASKS.is_dir():
        return {}
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    found, ticks = {}, os.sysconf("SC_CLK_TCK")
    for task in TASKS.iterdir():
        try:
            fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it has ended
        kind = KINDS.get((names.get(int(task.name)) or "").partition("_")[0], "other")
        found[int(task.name)] = kind, (int(fields[11]) + int(fields[12])) / ticks
    return found
