"""Signals that end a command: SIGTERM, and SIGHUP, which a terminal sends when it is closed."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

Handler = Callable[[int, FrameType | None], object]


class Terminated(SystemExit):
    """Raised by a signal that ends the command, so that what is half-written is removed."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.number = number


def ending_signals() -> tuple[int, ...]:
    """SIGTERM and SIGHUP; without those that are ignored, as SIGHUP by nohup, or that the system does not have."""
    known = (signal.SIGTERM, getattr(signal, "SIGHUP", None))
    return tuple(each for each in known if each is not None and signal.getsignal(each) is not signal.SIG_IGN)


@contextmanager
def handled(numbers: tuple[int, ...], handler: Handler) -> Iterator[None]:
    """Handle these signals while the block lasts; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous or signal.SIG_DFL)


@contextmanager
def ended_cleanly() -> Iterator[None]:
    """Let a signal that ends the process raise Terminated first; a second SIGTERM ends it at once."""
    numbers = ending_signals()

    def end(number: int, _frame: FrameType | None) -> None:
        for each in numbers:  # a shell and the system may both send SIGHUP
            signal.signal(each, signal.SIG_DFL if each == signal.SIGTERM else signal.SIG_IGN)
        raise Terminated(number)

    with handled(numbers, end):
        try:
            yield
        except Terminated as ended:
            for stream in (sys.stdout, sys.stderr):
                with suppress(OSError, ValueError):
                    stream.flush()
            signal.signal(ended.number, signal.SIG_DFL)
            signal.raise_signal(ended.number)
