"""The actor of a cluster that runs a worker of ``take5 serve``, in a process beside it on the same node.

The worker is the same as on the server's machine: media come straight to it, a crash in native code ends it alone, and
it ends with the actor.
"""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Sequence

import msgspec

from take5.scoring.errors import ClusterError
from take5.stream.cluster.place import Place
from take5.stream.workers.link import LocalLink, LocalStarter, WorkerGone
from take5.stream.workers.protocol import Note, Reply, Request, Unable
from take5.stream.workers.setup import WorkerSetup

FROM_NODE = "$"
"""What a public address begins with that is to be found in each node's environment."""


class WorkerActor:
    """Starts a worker, passes requests on to it in their order, and yields what it notes.

    Parameters
    ----------
    command : sequence of str
        The worker's program: what follows the name of this node's Python.
    setup : WorkerSetup
        Of the worker.
    place : Place
        What this node is checked for.
    """

    def __init__(self, command: Sequence[str], setup: WorkerSetup, place: Place) -> None:
        self._command, self._setup, self._place = command, setup, place
        self._notes: asyncio.Queue[Note | None] = asyncio.Queue()
        self._turn = asyncio.Condition()
        self._next = 1
        self._link: LocalLink | None = None
        self._how = "has not begun"

    async def begin(self) -> str:
        """Start the worker, and return the name of this node; a node that cannot have one notes Unable."""
        node = socket.gethostname()
        try:
            setup = on_node(self._setup, self._place, node, os.environ)
            self._link = await LocalStarter([sys.executable, *self._command], [setup]).start(0, self._notes.put_nowait)
            self._link.ended.add_done_callback(self._end)
        except (ClusterError, OSError) as error:
            self._notes.put_nowait(Unable(str(error)))
            self._notes.put_nowait(None)
        return node

    async def listen(self) -> AsyncIterator[Note]:
        """Yield the notes, until the worker has ended."""
        while (note := await self._notes.get()) is not None:
            yield note

    async def post(self, number: int, request: Request) -> Reply | None:
        """Send the request of a number, from 1, after those before it; return None if the worker has ended."""
        async with self._turn:
            await self._turn.wait_for(lambda: self._next == number)
            reply = None if self._link is None else self._link.post(request)
            self._next += 1
            self._turn.notify_all()
        try:
            return None if reply is None else await reply
        except WorkerGone:
            return None

    async def how(self) -> str:
        """How the worker has ended, in words."""
        return self._how

    def _end(self, ended: "asyncio.Future[str]") -> None:
        self._how = ended.result()
        self._notes.put_nowait(None)


def on_node(
    setup: WorkerSetup, place: Place, node: str, environment: "os._Environ[str] | dict[str, str]"
) -> WorkerSetup:
    """Return a worker's setup as it is for a node.

    Raises
    ------
    ClusterError
        If the node has another version, does not see the output folder, or lacks a variable.
    """
    place.check(node)
    addresses = tuple(_address(each, node, environment) for each in setup.public_addresses)
    return msgspec.structs.replace(setup, public_addresses=addresses)


def _address(text: str, node: str, environment: "os._Environ[str] | dict[str, str]") -> str:
    if not text.startswith(FROM_NODE):
        return text
    name = text.removeprefix(FROM_NODE)
    if not environment.get(name):
        raise ClusterError(f"node {node} has no {name} in its environment; set it before ray start, or for its pod")
    return environment[name]
