"""Erases by itself what is due on a server, for as long as the server runs."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress

from take5.scoring.errors import OutputError
from take5.stream.platform.clock import SteadyClock
from take5.stream.platform.erasure import (
    DELETED,
    Doomed,
    claim,
    deleted_with_footage,
    due_sessions,
    erased,
    forget_records,
    old_records,
    release,
)
from take5.stream.platform.footage import delete_footage
from take5.stream.platform.retention import Retention
from take5.stream.platform.session_secrets import Holder
from take5.stream.platform.work import DatabaseWork
from take5.stream.server.errors import Refused
from take5.stream.server.openings import Openings
from take5.stream.server.sessions import Sessions

EVERY_S = 5.0
"""Time between two looks at what is due."""

SWEEP_S = 600.0
"""Time between two searches for what deleted sessions have left, and for records that are too old."""

log = logging.getLogger(__name__)


class Eraser:
    """Erases sessions whose retention is over, what deleted ones have left, and old records.

    Parameters
    ----------
    work : DatabaseWork
        Reads and writes the records.
    retention : Retention
        How long records are kept.
    clock : SteadyClock
        Says what time it is, and whether that is sure.
    """

    def __init__(
        self, work: DatabaseWork, retention: Retention, clock: Callable[[], SteadyClock] = SteadyClock
    ) -> None:
        self._work, self._retention, self._make_clock = work, retention, clock
        self._ending: asyncio.Event | None = None
        self._task: asyncio.Task[None] | None = None
        self._swept_at_s = -SWEEP_S

    def start(self, sessions: Sessions, openings: Openings) -> None:
        """Begin, on the event loop of the sessions; once is enough."""
        if self._task is None:
            self._ending = asyncio.Event()
            self._task = asyncio.create_task(self._run(sessions, openings, self._ending), name="take5-eraser")

    async def close(self) -> None:
        """End; an erasure that has begun is finished."""
        if self._task is None or self._ending is None:
            return
        loop = self._task.get_loop()
        if loop is asyncio.get_running_loop():
            self._ending.set()
            await self._task
        elif not loop.is_closed():
            loop.call_soon_threadsafe(self._ending.set)

    async def _run(self, sessions: Sessions, openings: Openings, ending: asyncio.Event) -> None:
        clock, troubled = self._make_clock(), False
        while not ending.is_set():
            try:
                await self._round(sessions, openings, clock, ending)
                troubled = False
            except Refused:  # the database cannot be used, which the log says
                troubled = True
            except Exception:
                if not troubled:
                    log.exception("sessions cannot be erased; trying again every %g s", EVERY_S)
                troubled = True
            with suppress(TimeoutError):
                await asyncio.wait_for(ending.wait(), EVERY_S)

    async def _round(self, sessions: Sessions, openings: Openings, clock: SteadyClock, ending: asyncio.Event) -> None:
        run, database = self._work.run, self._work.database
        now, sure = clock.read()
        for doomed in await run(lambda: due_sessions(database, now, sessions.output, timed=sure)):
            if ending.is_set():
                return
            claimed = await run(lambda id_=doomed.id: claim(database, id_, now, timed=sure))
            if claimed is not None:
                await self._erase(claimed, sessions, openings)
        if time.monotonic() - self._swept_at_s >= SWEEP_S:
            await self._sweep(sessions)
            if sure:
                old = await run(old_records, database, now, self._retention.record_days)
                await run(forget_records, database, old)
            self._swept_at_s = time.monotonic()

    async def _erase(self, doomed: Doomed, sessions: Sessions, openings: Openings) -> None:
        """Erase a session that is claimed. What cannot be deleted now is tried again when the claim is over."""
        run, database = self._work.run, self._work.database
        openings.revoke(doomed.id, tuple(Holder), DELETED)
        if not await sessions.remove(doomed.id):
            await run(release, database, doomed.id)
            return
        try:
            footage = await run(doomed.delete, sessions.output)
        except OutputError as error:
            log.error("session %s cannot be erased yet: %s", doomed.id, error)  # noqa: TRY400 - the text says it all
            return
        await run(erased, database, doomed, footage)
        log.info("session %s is erased (%s): %d files", doomed.id, doomed.reason, footage.files)

    async def _sweep(self, sessions: Sessions) -> None:
        """Delete what deleted sessions have left here: of captures that another server has cut off, for example."""
        try:
            left = await self._work.run(deleted_with_footage, self._work.database, sessions.output)
        except OutputError as error:
            log.error("what deleted sessions have left cannot be found: %s", error)  # noqa: TRY400
            return
        for session_id in left:
            if not await sessions.remove(session_id):
                continue
            try:
                await self._work.run(delete_footage, sessions.output, session_id)
            except OutputError as error:
                log.error("what session %s has left cannot be deleted yet: %s", session_id, error)  # noqa: TRY400
