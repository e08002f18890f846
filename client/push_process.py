"""The process that sends a file, as ``take5 push`` knows it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Self

from take5.client.push import HungUp
from take5.client.push_child import CONNECT_S, GOODBYE_S, Order, Stage
from take5.scoring.errors import ServerError

PROGRAM = (sys.executable, "-m", "take5.client.push_child")


class SendingProcess:
    """A process that sends a file; it starts at once, so that it is ready when there is something to send.

    Raises
    ------
    ServerError
        If it cannot be started.
    """

    def __init__(self) -> None:
        try:
            self._temporary = TemporaryDirectory(prefix="take5-")  # the key of its connection: it may be killed
            here = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), self._temporary.name)
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                PROGRAM, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | here
            )
        except OSError as error:
            raise ServerError(f"no process can be started that sends ({error.strerror or error})") from error
        self._accepted = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        try:
            self._process.wait(2 * GOODBYE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._temporary.cleanup()

    def sent(self, order: Order, over: Event) -> Iterator[tuple[Stage, str | float]]:
        """Send, and yield what happens: first why tracks are encoded, then that the server has accepted, and seconds.

        Parameters
        ----------
        order : Order
            What to send.
        over : Event
            Ends it from another thread: a connection that is being made is given up, another is hung up.

        Raises
        ------
        HungUp
            If the server hangs up, or stops answering.
        ServerError
            If the server cannot be reached, refuses, or does not answer.
        """
        self._tell(order)
        Thread(target=self._end_at, args=(over,), name="take5-push", daemon=True).start()
        stage = Stage.STARTED
        assert self._process.stdout is not None  # noqa: S101 - a pipe
        for line in self._process.stdout:
            if not line.endswith(b"\n"):  # it was killed in the middle of it
                break
            name, text = json.loads(line)
            stage = Stage(name)
            self._accepted |= stage is Stage.ACCEPTED
            if stage is Stage.HUNG_UP:
                raise HungUp(text)
            if stage is Stage.FAILED:
                raise ServerError(text)
            yield stage, text
        if stage is not Stage.DONE and not (over.is_set() and not self._accepted):
            raise self._fault(order, stage)

    def _tell(self, order: Order) -> None:
        assert self._process.stdin is not None  # noqa: S101 - a pipe
        with suppress(OSError):  # it has ended: there will be nothing to read
            self._process.stdin.write(f"{json.dumps(asdict(order))}\n".encode())
            self._process.stdin.flush()

    def _end_at(self, over: Event) -> None:
        over.wait()
        self._end()

    def _end(self) -> None:
        """Let it hang up; kill it where there is nothing to hang up."""
        if not self._accepted:
            self._process.kill()
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()

    def _fault(self, order: Order, stage: Stage) -> ServerError:
        """Why it ended without saying so: it waited too long, or it was killed."""
        code = self._process.wait()
        if code == 1 and stage is Stage.OFFERING:
            return ServerError(f"{order.whip}: the server has not answered the offer within {CONNECT_S:.0f} s")
        if code == 1 and stage is Stage.LEAVING:
            return HungUp(f"{order.whip}: the server has not answered the goodbye within {GOODBYE_S:.0f} s")
        return ServerError(f"{order.whip}: the process that sends has ended with exit code {code}")
