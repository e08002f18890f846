"""Log lines that repeat: a fault that comes a thousand times a second is reported a few times a minute."""

import logging
from collections.abc import Callable, Iterable
from time import monotonic

FEW, EVERY_S = 5, 60.0
"""How often a line may come in how many seconds; then how often it came is added to the next that is let through."""

MOST_LINES = 1000


class Repeats(logging.Filter):
    """Lets a line through a few times a minute. Lines are the same if they begin alike, whatever is filled in.

    Lines below a warning, which someone has asked for, all go through.

    Parameters
    ----------
    clock : callable
        Seconds of a steady clock.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is let through."""
        if record.levelno < logging.WARNING:
            return True
        now, line = self._clock(), (record.name, str(record.msg).partition("\n")[0])
        since, count = self._seen.get(line, (now, 0))
        if now - since >= EVERY_S:
            if count > FEW:
                record.msg, record.args = f"{record.getMessage()} ({count - FEW} more of these in a minute)", None
            since, count = now, 0
        if len(self._seen) >= MOST_LINES:
            self._seen.clear()
        self._seen[line] = since, count + 1
        return count < FEW


def thin_out(loggers: Iterable[logging.Logger]) -> None:
    """Thin out what the handlers of these loggers write, and the handler for those that have none."""
    repeats = Repeats()
    handlers = [handler for logger in loggers for handler in logger.handlers]
    for handler in [*handlers, *([] if logging.lastResort is None else [logging.lastResort])]:
        if not any(isinstance(each, Repeats) for each in handler.filters):
            handler.addFilter(repeats)
