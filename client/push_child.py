"""The program that sends a file for ``take5 push``: ``python -m take5.client.push_child``.

FFmpeg waits without end for a server that has stopped answering, and holds Python's lock meanwhile: no thread and no
signal handler of Python's can run. So this is a program of its own, which can be killed at any moment. It reads what to
send, a line of JSON, and writes one for each thing that happens; when its standard input ends, it hangs up.
"""

import faulthandler
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from pathlib import Path
from typing import TextIO

from take5.client.pacing import paced
from take5.client.push import HungUp, Sender, even_size, push
from take5.client.stored import as_stored, encoded
from take5.scoring.errors import Take5Error
from take5.stream.sources.file import MediaFile

CONNECT_S = 90.0
"""Longest wait for a connection: a server may wait half a minute for a process that captures, and then be asked why."""

GOODBYE_S = 6.0
"""How long hanging up may take."""

SAY_EVERY_S = 0.2


class Stage(StrEnum):
    """What has happened."""

    STARTED = "started"
    OFFERING = "offering"
    ACCEPTED = "accepted"
    SENT = "sent"
    LEAVING = "leaving"
    DONE = "done"
    HUNG_UP = "hung_up"
    FAILED = "failed"


@dataclass(frozen=True)
class Order:
    """What to send, and where to.

    Attributes
    ----------
    path : str
        The file.
    whip : str
        WHIP address.
    token : str or None
        Bearer token.
    seconds : float or None
        How much of it; None for all.
    loop : bool
        Whether it begins again at its end.
    encode : str
        ``auto``, or ``always`` to encode both tracks.
    """

    path: str
    whip: str
    token: str | None
    seconds: float | None
    loop: bool
    encode: str


Say = Callable[[Stage, str | float], object]


def main() -> int:
    """Send what is asked for; return the exit code."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # a terminal sends them to both; take5 push decides
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is not an answer
    line = sys.stdin.readline()
    if not line:
        return 0
    over = threading.Event()
    threading.Thread(target=_wait_for_end, args=(over,), name="take5-starter", daemon=True).start()

    def say(stage: Stage, text: str | float) -> None:
        try:
            print(json.dumps([stage, text]), file=answers, flush=True)
        except OSError:  # no one is reading any longer
            over.set()

    try:
        _send(Order(**json.loads(line)), say, over)
        say(Stage.DONE, "")
    except HungUp as error:
        say(Stage.HUNG_UP, str(error))
    except Take5Error as error:
        say(Stage.FAILED, str(error))
    except Exception as error:
        say(Stage.FAILED, f"an internal error ended sending: {error}")
        raise
    return 0


def _wait_for_end(over: threading.Event) -> None:
    while os.read(0, 1024):  # not with sys.stdin, whose lock would be held when the program ends
        pass
    over.set()


def _send(order: Order, say: Say, over: threading.Event) -> None:
    file, seconds = MediaFile(Path(order.path)), inf if order.seconds is None else order.seconds
    stored = as_stored(file, seconds) if order.encode == "auto" else encoded(file)
    sender, sent = Sender(order.whip, even_size(file), order.token, stored), _Rarely(say)
    say(Stage.OFFERING, str(stored))
    with Path(os.devnull).open("w") as nowhere:
        _limit(CONNECT_S, nowhere)
        with sender.connected():
            faulthandler.cancel_dump_traceback_later()
            say(Stage.ACCEPTED, "")
            try:
                pace = paced(time.monotonic, time.sleep)
                push(
                    file, sender, pace, stored=stored, seconds=seconds, loop=order.loop, stopped=over.is_set, sent=sent
                )
            finally:
                _limit(GOODBYE_S, nowhere)
                say(Stage.LEAVING, "")
        faulthandler.cancel_dump_traceback_later()


def _limit(limit_s: float, nowhere: TextIO) -> None:
    """End this program, with exit code 1, if what comes next takes too long; the watchdog is a thread of C."""
    faulthandler.dump_traceback_later(limit_s, exit=True, file=nowhere)


class _Rarely:
    """Says how much has been sent, a few times a second."""

    def __init__(self, say: Say) -> None:
        self._say, self._said_s = say, -inf

    def __call__(self, seconds: float) -> None:
        if seconds >= self._said_s + SAY_EVERY_S:
            self._said_s = seconds
            self._say(Stage.SENT, seconds)


if __name__ == "__main__":
    sys.exit(main())
