"""The sessions that are to be erased: one process claims each, deletes its footage, and then its record.

A claim ends by itself, so that what a process that was killed has begun is finished by another. Times are the wall
clock's; where the database has a clock of its own, the earlier of the two counts, so that no single clock that is ahead
erases anything.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, and_, delete, func, or_, select
from sqlalchemy.orm import Session

from take5.stream.platform.database import Database
from take5.stream.platform.footage import Footage, delete_footage, sessions_with_footage
from take5.stream.platform.records import forget
from take5.stream.platform.retention import erases, why_erased
from take5.stream.platform.session_secrets import revoke_secrets
from take5.stream.platform.states import CLOSED, EraseReason, SessionState
from take5.stream.platform.tables import DeliveryRow, SessionRow
from take5.stream.platform.takes import has_clip

CLAIM = timedelta(minutes=5)
"""Time after which an erasure whose end was not recorded is assumed to be lost."""

ELSEWHERE = timedelta(days=1)
"""How long a session is left to other servers whose recorded takes are not in this one's output folder."""

DELETED = "the session has been deleted"
"""What is said to those who follow it."""

PAGE = 64
LONG_AGO = datetime.min.replace(tzinfo=UTC)
"""A time at which nothing is due."""


@dataclass(frozen=True)
class Doomed:
    """A session that is being erased.

    Attributes
    ----------
    id : str
        The session.
    reason : EraseReason
        Why.
    takes : tuple of Path
        Folders of its takes, as recorded.
    consent_file : Path, optional
        Its recorded consent.
    """

    id: str
    reason: EraseReason
    takes: tuple[Path, ...]
    consent_file: Path | None

    @classmethod
    def of(cls, row: SessionRow, reason: EraseReason) -> "Doomed":
        """Return a session that is to be erased."""
        consent = None if row.consent_file is None else Path(row.consent_file)
        return cls(row.id, reason, tuple(Path(take.folder) for take in row.takes), consent)

    def delete(self, output: Path) -> Footage:
        """Delete what is on disk; raise OutputError if something cannot be deleted."""
        return delete_footage(output, self.id, self.takes, self.consent_file)


def due_sessions(database: Database, now: datetime, output: Path, *, timed: bool = True) -> list[Doomed]:
    """Return the sessions to erase whose footage is in an output folder, without claiming them.

    Parameters
    ----------
    database : Database
        Where their records are.
    now : datetime
        The time.
    output : Path
        The output folder.
    timed : bool
        Whether the time counts: if it is doubtful, only what an event has made due is erased.
    """
    with database.reading() as session:
        now = _earlier(session, now)
        found = []
        for row in _candidates(session, now, timed=timed):
            reason = why_erased(row, _deliveries(session, row), now if timed else LONG_AGO)
            if reason is not None and _is_here(row, output, now):
                found.append(Doomed.of(row, reason))
        return found


def claim(database: Database, session_id: str, now: datetime, *, timed: bool = True) -> Doomed | None:
    """Claim a session, so that nothing opens it any more; None if it is not to be erased, or another does it."""
    with database.writing() as session:
        row, now = session.get(SessionRow, session_id, with_for_update=True), _earlier(session, now)
        if row is None or not _is_free(row, now):
            return None
        reason = why_erased(row, _deliveries(session, row), now if timed else LONG_AGO)
        if reason is None:
            row.erase_at = erases(row)
            return None
        row.erase_reason, row.erase_claim = reason, now + CLAIM
        if row.state not in CLOSED:
            row.state, row.ended = SessionState.CANCELLED, row.ended or now
        revoke_secrets(session, row.id, now)
        return Doomed.of(row, reason)


def release(database: Database, session_id: str) -> None:
    """Let a session be claimed again that could not be erased now."""
    with database.writing() as session:
        row = session.get(SessionRow, session_id, with_for_update=True)
        if row is not None:
            row.erase_claim = None


def erased(database: Database, doomed: Doomed, footage: Footage) -> None:
    """Record that a session's footage is gone, and forget what is known of its person."""
    with database.writing() as session:
        row = session.get(SessionRow, doomed.id, with_for_update=True)
        if row is not None:
            forget(session, row, doomed.reason, {"takes": len(doomed.takes), **footage.counts})
    database.truncate_log()


def deleted_with_footage(database: Database, output: Path) -> list[str]:
    """Return the sessions that are deleted, but of which something is in an output folder."""
    there = sorted(sessions_with_footage(output))
    found: list[str] = []
    with database.reading() as session:
        for first in range(0, len(there), PAGE):
            ours = SessionRow.id.in_(there[first : first + PAGE])
            query = select(SessionRow.id).where(ours, SessionRow.state == SessionState.DELETED)
            found += session.scalars(query).all()
    return found


def old_records(database: Database, now: datetime, days: int) -> list[str]:
    """Return the sessions that were deleted so many days ago or more."""
    with database.reading() as session:
        old = SessionRow.deleted <= _earlier(session, now) - timedelta(days=days)
        ordered = select(SessionRow.id).where(SessionRow.state == SessionState.DELETED, old).order_by(SessionRow.id)
        return list(session.scalars(ordered))


def forget_records(database: Database, session_ids: Sequence[str]) -> None:
    """Delete the records of deleted sessions, and of their deliveries."""
    for first in range(0, len(session_ids), PAGE):
        ours = SessionRow.id.in_(session_ids[first : first + PAGE])
        with database.writing() as session:
            session.execute(delete(SessionRow).where(ours, SessionRow.state == SessionState.DELETED))
    if session_ids:
        database.truncate_log()


def _candidates(session: Session, now: datetime, *, timed: bool) -> Iterator[SessionRow]:
    """Yield sessions that may be due, in order of their ids."""
    by_event = and_(SessionRow.state == SessionState.ACCEPTED, SessionRow.retention_days == 0)
    begun = SessionRow.erase_reason.is_not(None)
    due: ColumnElement[bool] = or_(by_event, begun, SessionRow.erase_at <= now) if timed else or_(by_event, begun)
    last = ""
    while True:
        ordered = select(SessionRow).where(SessionRow.state != SessionState.DELETED, due, SessionRow.id > last)
        rows = session.scalars(ordered.order_by(SessionRow.id).limit(PAGE)).all()
        yield from (row for row in rows if _is_free(row, now))
        if len(rows) < PAGE:
            return
        last = rows[-1].id


def _is_free(row: SessionRow, now: datetime) -> bool:
    """Whether no process erases a session; a claim that is further ahead than claims are was made by another clock."""
    return row.erase_claim is None or not now < row.erase_claim <= now + 2 * CLAIM


def _is_here(row: SessionRow, output: Path, now: datetime) -> bool:
    """Whether a session's footage is in an output folder, or has been nowhere for so long that it is gone."""
    names = [Path(take.folder).name for take in row.takes if has_clip(take)]
    if row.consent_file is not None:
        names.append(Path(row.consent_file).parent.name)
    if all((output / name).exists() for name in names):
        return True
    due = erases(row)
    return due is not None and now >= due + ELSEWHERE


def _deliveries(session: Session, row: SessionRow) -> list[DeliveryRow]:
    if row.retention_days != 0 or row.hook_url is None:
        return []
    return list(session.scalars(select(DeliveryRow).where(DeliveryRow.session_id == row.id)))


def _earlier(session: Session, now: datetime) -> datetime:
    """The earlier of a time and, in PostgreSQL, its own."""
    if session.get_bind().dialect.name != "postgresql":
        return now
    theirs: datetime = session.scalars(select(func.now())).one()
    return min(now, theirs)
