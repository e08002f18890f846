"""Prepares the bundles of a server's captures in the background, one at a time."""

import asyncio
from contextlib import suppress
from functools import partial
from pathlib import Path

from take5.stream.events import BundlePrepared
from take5.stream.hooks.dispatcher import HookDispatcher
from take5.stream.live.snapshot import Snapshot
from take5.stream.preparing.order import orders
from take5.stream.preparing.priority import Priority
from take5.stream.preparing.queue import PreparationQueue
from take5.stream.server.entry import Entry
from take5.stream.server.registry import Registry
from take5.stream.server.watch import CaptureReport, CaptureState


class Preparing:
    """Prepares bundles. Used on the server's event loop.

    Parameters
    ----------
    registry : Registry
        Has the records.
    hooks : HookDispatcher, optional
        Gets a notice for each clip.
    """

    def __init__(self, registry: Registry, hooks: HookDispatcher | None) -> None:
        self._registry, self._hooks = registry, hooks
        self._queue = PreparationQueue(Priority.IDLE)

    def begin(self, entry: Entry, now: Snapshot, take: Path) -> None:
        """Prepare the bundles of a capture that is over, when those of others are done."""
        tell = partial(self._told, asyncio.get_running_loop(), entry, now, take)
        for order in orders(now, tell, self._hooks):
            self._queue.add(order)

    async def stop(self, session: str) -> None:
        """Prepare nothing of a session any more; then nothing of it is being written."""
        await asyncio.to_thread(self._queue.cancel, session)

    async def close(self) -> None:
        """Leave what is not prepared as it is."""
        await asyncio.to_thread(self._queue.close)

    def _told(
        self, loop: asyncio.AbstractEventLoop, entry: Entry, now: Snapshot, take: Path, event: BundlePrepared
    ) -> None:
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(self._publish, entry, now, take, event)

    def _publish(self, entry: Entry, now: Snapshot, take: Path, event: BundlePrepared) -> None:
        entry.feed.add(event, now)
        self._registry.watch.report(now.name, CaptureReport(CaptureState.DONE, take, event))
