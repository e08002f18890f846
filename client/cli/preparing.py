"""Bundles that are prepared while a command goes on, or after its other work; what becomes of them is printed."""

import json
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self

import click

from take5.client.terminal import json_event_line
from take5.stream.events import BundlePrepared
from take5.stream.preparing.queue import Order, PreparationQueue
from take5.stream.wire import Json

LOOK_S = 0.2


class Preparations:
    """Prepares bundles in the background; left early, as by Ctrl-C, it leaves the rest as it is.

    Parameters
    ----------
    as_json : bool
        Whether JSON is printed.
    """

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._queue = PreparationQueue()
        self._news: SimpleQueue[tuple[BundlePrepared, Json | None]] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._queue.close()

    def add(self, order: Order) -> None:
        """Prepare bundles when those before them are done."""
        self._queue.add(order)

    def put(self, event: BundlePrepared, line: Json | None = None) -> None:
        """Take an event, from any thread; it is printed with the next, as ``line`` where JSON is printed."""
        self._news.put((event, line))

    def show(self) -> None:
        """Print what has been put."""
        while True:
            try:
                event, line = self._news.get_nowait()
            except Empty:
                return
            click.echo(json.dumps(line or event.json()) if self._as_json else json_event_line(event.json()))

    def let_end(self) -> None:
        """Wait until all are prepared, with a message if there are any; Ctrl-C leaves the rest as it is."""
        if not self._queue.wait(0):
            click.echo("take5: preparing bundles for training (experimental); Ctrl-C leaves them as they are", err=True)
        while not self._queue.wait(LOOK_S):  # in steps: Windows handles Ctrl-C between them
            self.show()
        self.show()
