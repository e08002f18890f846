"""The program that prepares bundles: ``python -m take5.stream.preparing.child PRIORITY BUNDLE...``.

It writes a line of JSON for each bundle, and ends with the process that has started it: when its standard input is
closed, or at SIGTERM, it removes what is half-written first.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from take5.stream.preparing.priority import Priority

NICENESS = 10
"""Beside what else a command does, which may take hours: with the lowest priority, 19, it would not begin before."""


def main(priority: str, folders: Sequence[str]) -> int:
    """Prepare bundles, one after the other; return the exit code."""
    _lower(Priority(priority))
    signal.signal(signal.SIGTERM, _end)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is not an answer
    threading.Thread(target=_end_with_starter, name="take5-starter", daemon=True).start()
    from take5.stream.preparing.answer import answers_for  # after the priority is low: models take seconds

    for answer in answers_for(map(Path, folders)):
        print(json.dumps(answer), file=answers, flush=True)
    return 0


def _lower(priority: Priority) -> None:
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    if priority is Priority.IDLE and hasattr(os, "SCHED_IDLE"):  # Linux
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(128 + signal.SIGTERM)


def _end_with_starter() -> None:
    while os.read(0, 1024):
        pass
    signal.raise_signal(signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
