"""Keeps the records of sessions up to date with their captures, which never wait for the database."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path

from sqlalchemy import select

from take5.scoring.errors import DatabaseError
from take5.stream.platform.database import Database
from take5.stream.platform.orders import order_for
from take5.stream.platform.records import CLOSED
from take5.stream.platform.states import SessionState
from take5.stream.platform.tables import SessionRow, utc_now
from take5.stream.platform.work import DatabaseWork
from take5.stream.server.errors import Refused
from take5.stream.server.watch import CaptureOrder, CaptureReport, CaptureState

AGAIN_S = 1.0
"""Time between two attempts to write a report."""

SETTLE_S = 10.0
"""How long the last reports are waited for at the end."""

MOST_WAITING = 10_000
"""Reports that wait for the database; of more, the oldest is given up, and the log names its session."""

RESTARTED = ""
"""Key of the note that the server has started: no session has this id."""

CUT_OFF = "the server ended while it was captured"

log = logging.getLogger(__name__)


class RecordWatch:
    """Writes what captures report, in order, by a thread of its own; of a session that waits, the last report.

    Parameters
    ----------
    work : DatabaseWork
        Looks up how a session is captured.
    """

    def __init__(self, work: DatabaseWork) -> None:
        self._work, self._database = work, work.database
        self._waiting: dict[str, Callable[[], None]] = {}
        self._news = threading.Condition()
        self._ending = False
        self._thread: threading.Thread | None = None

    async def order(self, session: str, usual: CaptureOrder) -> CaptureOrder:
        """Return how a session is captured."""
        row = await self._work.run(_row, self._database, session)
        if row is None or row.state in CLOSED:
            raise Refused(404, "not_found", f"there is no session {session!r}, or it has been cancelled")
        return order_for(row, usual)

    def report(self, session: str, report: CaptureReport) -> None:
        """Note a report; it is written as soon as the database lets it."""
        self._put(session, partial(_write, self._database, session, report))

    def restarted(self, output: Path, recovered: Collection[str]) -> None:
        """Note that captures of earlier processes are gone."""
        self._put(RESTARTED, partial(_write_cut_off, self._database, output, frozenset(recovered)))

    async def settle(self) -> None:
        """Wait until every report is written, or the database has not let them for some seconds."""
        with self._news:
            self._ending = True
            self._news.notify()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, SETTLE_S)

    def _put(self, key: str, write: Callable[[], None]) -> None:
        with self._news:
            self._waiting.pop(key, None)
            self._waiting[key] = write
            if len(self._waiting) > MOST_WAITING:
                given_up = next(iter(self._waiting))
                del self._waiting[given_up]
                log.error(
                    "what has become of session %s is not recorded: the database has been gone too long", given_up
                )
            self._news.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="take5-records", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._news:
                while not self._waiting and not self._ending:
                    self._news.wait()
                if not self._waiting:
                    return
                key, write = next(iter(self._waiting.items()))
            try:
                write()
            except DatabaseError as error:
                log.warning("a report has to wait: %s", error)
                time.sleep(AGAIN_S)
                continue
            except Exception:
                log.exception("a report could not be written")
            with self._news:
                if self._waiting.get(key) is write:
                    del self._waiting[key]


def _row(database: Database, session_id: str) -> SessionRow | None:
    with database.reading() as session:
        return session.get(SessionRow, session_id)


def _write(database: Database, session_id: str, report: CaptureReport) -> None:
    with database.writing() as session:
        row = session.get(SessionRow, session_id)
        if row is None or row.state == SessionState.DELETED:
            return
        if report.state is CaptureState.LIVE:
            _move(row, SessionState.LIVE)
            row.capture, row.failure = str(report.folder), None
            return
        row.capture, row.failure = None, report.failure
        if report.state is CaptureState.DONE:
            row.folder = str(report.folder)
        _move(row, SessionState.FAILED if row.folder is None else SessionState.DONE)


def _write_cut_off(database: Database, output: Path, recovered: frozenset[str]) -> None:
    """End the sessions whose captures into a folder are gone."""
    with database.writing() as session:
        for row in session.scalars(select(SessionRow).where(SessionRow.capture.is_not(None))):
            if row.id in recovered or Path(row.capture or "").parent != output:
                continue
            row.capture, row.failure = None, CUT_OFF
            _move(row, SessionState.FAILED if row.folder is None else SessionState.DONE)


def _move(row: SessionRow, state: SessionState) -> None:
    """Give a session another state, unless it stays as it is."""
    if row.state not in CLOSED:
        row.state, row.ended = state, None if state is SessionState.LIVE else utc_now()
