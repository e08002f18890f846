"""Keeps the records of sessions up to date with their captures, which never wait for the database."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from take5.scoring.errors import DatabaseError
from take5.stream.events import BestChanged
from take5.stream.platform.database import Database
from take5.stream.platform.orders import closed, order_for
from take5.stream.platform.records import refuse_closed
from take5.stream.platform.states import CLOSED, SessionState, TakeState
from take5.stream.platform.tables import SessionRow, TakeRow
from take5.stream.platform.takes import accept, agree_on_accepted, chosen_take, cut_off, known_events, record, take_in
from take5.stream.platform.work import DatabaseWork
from take5.stream.server.errors import Refused
from take5.stream.server.watch import CaptureOrder, CaptureReport, Earlier

AGAIN_S = 1.0
"""Time between two attempts to write a report."""

WRITTEN_S = 2.0
"""Maximum time to wait for reports that are read."""

SETTLE_S = 10.0
"""How long the last reports are waited for at the end."""

MOST_WAITING = 10_000
"""Reports that wait for the database; of more, the oldest is given up, and the log names its session."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Waiting:
    """What is to be written, and the session that it is about."""

    name: str
    write: Callable[[], None]


class RecordWatch:
    """Writes what captures report, in order, by a thread of its own; of best windows that wait, the last one.

    Parameters
    ----------
    work : DatabaseWork
        Looks up how a session is captured.
    begun : callable
        Called on the event loop when the server has begun to recover what was cut off.
    """

    def __init__(self, work: DatabaseWork, begun: Callable[[], None] = lambda: None) -> None:
        self._begun = begun
        self._work, self._database = work, work.database
        self._waiting: dict[Hashable, Waiting] = {}
        self._news = threading.Condition()
        self._ending = False
        self._thread: threading.Thread | None = None

    async def order(self, session: str, usual: CaptureOrder) -> CaptureOrder:
        """Return how a session is captured."""
        row = await self._work.run(_row, self._database, session)
        if row is None or row.state in CLOSED:
            raise Refused(404, "not_found", f"there is no session {session!r}, or it has been cancelled")
        return replace(order_for(row, usual), closed=closed(row))

    def report(self, session: str, report: CaptureReport) -> None:
        """Note a report; it is written as soon as the database lets it."""
        best = isinstance(report.event, BestChanged)
        key: Hashable = (session, report.take, BestChanged) if best else object()
        self._put(key, Waiting(session, partial(_write, self._database, session, report)))

    def restarted(self, output: Path, recovered: Collection[str]) -> None:
        """Note that captures of earlier processes are gone."""
        self._put(object(), Waiting("", partial(_write_restarted, self._database, output, frozenset(recovered))))
        self._begun()

    async def accept(self, session: str, take: Path) -> Collection[Path]:
        """Record that a take has been accepted; return those that are so no more."""
        return await self._work.run(_accept, self._database, session, take)

    async def earlier(self, session: str) -> Earlier | None:
        """Return the last take of a session with a clip."""
        return await self._work.run(_earlier, self._database, session)

    async def take(self, session: str, take: str) -> Earlier | None:
        """Return a take of a session by its id."""
        await self.written(session)
        return await self._work.run(_take, self._database, session, take)

    async def written(self, session: str) -> None:
        """Wait until a session's reports so far are written, for a short time at most."""
        await asyncio.to_thread(self._wait_for, session)

    def _wait_for(self, session: str) -> None:
        with self._news:
            self._news.wait_for(lambda: all(each.name != session for each in self._waiting.values()), WRITTEN_S)

    async def settle(self) -> None:
        """Wait until every report is written, or the database has not let them for some seconds."""
        with self._news:
            self._ending = True
            self._news.notify()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, SETTLE_S)

    def _put(self, key: Hashable, waiting: Waiting) -> None:
        with self._news:
            self._waiting.pop(key, None)
            self._waiting[key] = waiting
            if len(self._waiting) > MOST_WAITING:
                given_up = self._waiting.pop(next(iter(self._waiting)))
                log.error("a report of session %s is not recorded: the database has been gone too long", given_up.name)
            self._news.notify()
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="take5-records", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # the system has no thread left; a capture must not end for that
                log.warning("a report has to wait: %s", error)
            else:
                self._thread = thread

    def _run(self) -> None:
        while True:
            with self._news:
                while not self._waiting and not self._ending:
                    self._news.wait()
                if not self._waiting:
                    return
                key, waiting = next(iter(self._waiting.items()))
            try:
                waiting.write()
            except DatabaseError as error:
                log.warning("a report has to wait: %s", error)
                time.sleep(AGAIN_S)
                continue
            except Exception:
                log.exception("a report could not be written")
            with self._news:
                if self._waiting.get(key) is waiting:
                    del self._waiting[key]
                self._news.notify_all()


def _row(database: Database, session_id: str) -> SessionRow | None:
    with database.reading() as session:
        return session.get(SessionRow, session_id)


def _write(database: Database, session_id: str, report: CaptureReport) -> None:
    with database.writing() as session:
        row = session.get(SessionRow, session_id, with_for_update=True)
        if row is not None:
            record(session, row, report)


def _write_restarted(database: Database, output: Path, recovered: frozenset[str]) -> None:
    """End the takes whose captures into a folder are gone, and make records and folders agree on what is accepted."""
    with database.writing() as session:
        cut_off(session, output, recovered)
        agree_on_accepted(session, output)


def _accept(database: Database, session_id: str, folder: Path) -> Collection[Path]:
    with database.writing() as session:
        row = session.get(SessionRow, session_id, with_for_update=True)
        take = None if row is None else take_in(row, folder)
        if row is None or take is None:
            raise Refused(404, "not_found", f"session {session_id!r} has no take in {folder}")
        refuse_closed(row)
        if row.state == SessionState.LIVE and take.state != TakeState.LIVE:
            raise Refused(409, "busy", "another take of the session is being captured", {"Retry-After": "10"})
        accept(session, row, take)
        return [Path(each.folder) for each in row.takes if each is not take]


def _earlier(database: Database, session_id: str) -> Earlier | None:
    with database.reading() as session:
        row = session.get(SessionRow, session_id)
        take = None if row is None else chosen_take(row)
        return None if take is None else Earlier(Path(take.folder), known_events(take))


def _take(database: Database, session_id: str, take_id: str) -> Earlier | None:
    with database.reading() as session:
        take = session.get(TakeRow, (session_id, take_id))
        return None if take is None else Earlier(Path(take.folder), known_events(take))
