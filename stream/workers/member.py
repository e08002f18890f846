"""One worker as the server's pool knows it: its captures, what it recovers, and how much it uses."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from take5.stream.events import Event
from take5.stream.server.rooms import Room
from take5.stream.workers.hosted import RemoteCapture
from take5.stream.workers.link import WorkerLink
from take5.stream.workers.protocol import (
    Connected,
    Counted,
    Load,
    Note,
    Over,
    Ready,
    Recovered,
    RecoveryTold,
    Told,
    Unable,
)
from take5.stream.workers.told import unpacked
from take5.stream.workers.usage import WorkersUsage


@dataclass
class Recovering:
    """A recovery that goes on."""

    emit: Callable[[Event], None]
    over: "asyncio.Future[bool]"
    """Whether it has come to its end; not if the worker has ended before."""


@dataclass
class Member:
    """One worker.

    Attributes
    ----------
    number : int
        Of the worker among those that work at a time, from 0.
    capacity : float
        Captures at a time, at most, as its ports allow.
    ready : Future of Ready or Unable
        What it has noted first; cancelled if it ended before.
    opened : bool
        Whether it has taken on captures.
    leaving : bool
        Whether it ends when its captures have.
    notes : int
        How many it has noted; a worker notes its load every second.
    load : Load
        The latest.
    usage : WorkersUsage
        Adds up what all workers use.
    """

    number: int
    cost: float
    capacity: float = inf
    link: WorkerLink | None = None
    opened: bool = False
    leaving: bool = False
    captures: dict[str, RemoteCapture] = field(default_factory=dict)
    found: set[str] = field(default_factory=set)
    recovering: dict[str, Recovering] = field(default_factory=dict)
    load: Load = field(default_factory=lambda: Load(0.0, 0.0))
    usage: WorkersUsage = field(default_factory=WorkersUsage)
    notes: int = 0
    ready: "asyncio.Future[Ready | Unable]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    room: Room = field(init=False)

    def __post_init__(self) -> None:
        self.room = Room(lambda: (self.load.clock_s, self.load.cpu_s), self.cost, self.capacity)

    @property
    def is_ready(self) -> bool:
        """Whether its models are loaded."""
        return self.ready.done() and not self.ready.cancelled() and isinstance(self.ready.result(), Ready)

    def forget(self, capture: str) -> None:
        """Forget a capture that was given up."""
        self.captures.pop(capture, None)

    def hear(self, note: Note) -> None:
        """Take what the worker notes."""
        self.notes += 1
        if isinstance(note, Load):
            self.usage.add(self.number, self.load, note)
            self.load = note
        elif isinstance(note, Ready | Unable):
            self.ready.set_result(note)
        elif isinstance(note, RecoveryTold):
            self.recovering[note.take].emit(unpacked(note.event))
        elif isinstance(note, Recovered):
            self.recovering.pop(note.take).over.set_result(True)
        elif isinstance(note, Told | Connected | Counted | Over) and note.capture in self.captures:
            capture = self.captures[note.capture]
            if isinstance(note, Over):
                del self.captures[note.capture]
            capture.hear(note)

    def end(self) -> list[RemoteCapture]:
        """Take it that the worker has ended; return the captures that it leaves behind."""
        lost = list(self.captures.values())
        self.captures.clear()
        for capture in lost:
            capture.lose()
        for each in self.recovering.values():
            each.over.set_result(False)
        self.recovering.clear()
        self.found.clear()
        if not self.ready.done():
            self.ready.cancel()
        return lost
