"""The program that prepares bundles: ``python -m take5.stream.preparing.child BUNDLE...``, at a low priority.

It writes a line of JSON for each bundle, and ends with the process that has started it: when its standard input is
closed, or at SIGTERM, it removes what is half-written first.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

NICENESS = 10
"""With the lowest priority, 19, it would never end on a machine that captures keep busy; so it gets a tenth of a core's
time there, and all that is idle elsewhere."""


def main(folders: Sequence[str]) -> int:
    """Prepare bundles, one after the other; return the exit code."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    signal.signal(signal.SIGTERM, _end)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever libraries print is no answer
    threading.Thread(target=_end_with_starter, name="take5-starter", daemon=True).start()
    from take5.stream.preparing.answer import answers_for  # after the priority is low: models take seconds

    for answer in answers_for(map(Path, folders)):
        print(json.dumps(answer), file=answers, flush=True)
    return 0


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(128 + signal.SIGTERM)


def _end_with_starter() -> None:
    while os.read(0, 1024):
        pass
    signal.raise_signal(signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
