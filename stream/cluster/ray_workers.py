"""Workers of ``take5 serve`` as actors of a Ray cluster; the server's end."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

from take5.stream.cluster.place import Place, last_line
from take5.stream.cluster.share import ClusterShare
from take5.stream.cluster.worker_actor import WorkerActor
from take5.stream.spool.folder import SPOOLS, SpoolFolder
from take5.stream.workers.link import Hear, WorkerGone
from take5.stream.workers.protocol import Prepared, Reply, Request
from take5.stream.workers.setup import WorkerSetup

LOCKS_S = 90.0
"""How long a lost machine may hold its locks on shared storage: a lease of NFS."""

LOOK_S = 0.2
"""How often they are looked at, in seconds."""

log = logging.getLogger(__name__)


class RayStarter:
    """Starts workers on a Ray cluster, which places them.

    Parameters
    ----------
    ray : module
        That has joined the cluster.
    share : ClusterShare
        What each worker needs of it.
    command : sequence of str
        The worker's program: what follows the name of Python.
    setups : sequence of WorkerSetup
        Of each worker.
    probe : Path
        File in the output folder, which every node must see.
    """

    def __init__(
        self, ray: Any, share: ClusterShare, command: Sequence[str], setups: Sequence[WorkerSetup], probe: Path
    ) -> None:
        self._ray, self._command, self._setups = ray, command, setups
        self._place = Place.of(probe)
        options: dict[str, Any] = {"max_concurrency": 1000, "max_restarts": 0}
        self._actors = ray.remote(num_cpus=share.cpus, num_gpus=share.gpus, **options)(WorkerActor)

    async def start(self, number: int, hear: Hear) -> "RayLink":
        """Start a worker; it takes as long as the cluster has no room for it."""
        actor = self._actors.remote(self._command, self._setups[number], self._place)
        try:
            node = await actor.begin.remote()
        except BaseException as error:
            self._ray.kill(actor)
            if isinstance(error, self._ray.exceptions.RayError):
                raise OSError(last_line(error)) from error
            raise
        return RayLink(self._ray, f"worker {number + 1} (on {node})", actor, hear)


class RayLink:
    """An actor, and the worker beside it."""

    def __init__(self, ray: Any, name: str, actor: Any, hear: Hear) -> None:
        self.name, self._ray, self._actor, self._hear = name, ray, actor, hear
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._asked = 0
        self._takes: set[Path] = set()
        self._waiting: set[asyncio.Task[Reply]] = set()
        self._notes = actor.listen.options(num_returns="streaming").remote()
        self._listening = asyncio.create_task(self._listen(), name=f"take5-{name}")

    def post(self, request: Request) -> "asyncio.Future[Reply]":
        """Send a request."""
        self._asked += 1
        call = None if self.ended.done() else self._actor.post.remote(self._asked, request)
        reply = asyncio.create_task(self._reply(call))
        self._waiting.add(reply)
        reply.add_done_callback(self._replied)
        return reply

    def kill(self) -> None:
        """End the actor at once, and with it the worker."""
        with suppress(self._ray.exceptions.RayError):
            self._ray.kill(self._actor)

    async def _reply(self, call: Any) -> Reply:
        try:
            reply: Reply | None = None if call is None else await call
        except self._ray.exceptions.RayError:
            reply = None
        if reply is None:
            raise WorkerGone(f"{self.name} has ended")
        if isinstance(reply, Prepared):
            self._takes.add(Path(reply.folder))
        return reply

    def _replied(self, reply: "asyncio.Task[Reply]") -> None:
        self._waiting.discard(reply)
        if not reply.cancelled():
            reply.exception()  # nobody may be waiting

    async def _listen(self) -> None:
        try:
            async for told in self._notes:
                self._note(await told)
            how = await self._actor.how.remote()
        except self._ray.exceptions.RayError as error:
            how = f"was lost ({last_line(error)})"
            await self._unlocked()
        self.kill()
        self.ended.set_result(how)

    def _note(self, note: Any) -> None:
        try:
            self._hear(note)
        except Exception:
            log.exception("what %s notes could not be taken", self.name)

    async def _unlocked(self) -> None:
        """Wait until nothing of the worker is locked: it may outlive its actor by a moment, its locks its machine."""
        until = monotonic() + LOCKS_S
        while any(map(_locked, self._takes)):
            if monotonic() > until:
                log.error("%s was lost, and its locks have been held for %g s", self.name, LOCKS_S)
                return
            await asyncio.sleep(LOOK_S)


def _locked(take: Path) -> bool:
    path = take.parent / SPOOLS / take.name
    if not path.is_dir():
        return False
    folder = SpoolFolder(path)
    if not folder.lock():
        return True
    folder.unlock()
    return False
