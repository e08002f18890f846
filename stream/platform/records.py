"""The records of sessions: created, found, listed, cancelled, deleted. Each key has its own."""

import base64
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from take5.stream.platform.database import Database
from take5.stream.platform.hooks.kinds import HookKind
from take5.stream.platform.hooks.outbox import Hook, erase_payloads, put
from take5.stream.platform.idempotency import forget_answers
from take5.stream.platform.retention import erases
from take5.stream.platform.session_secrets import (
    Holder,
    forget_secrets,
    issue_secret,
    issue_secrets,
    renew_secrets,
    revoke_secrets,
)
from take5.stream.platform.states import CLOSED, EraseReason, SessionState
from take5.stream.platform.tables import SessionRow, utc_now
from take5.stream.server.errors import Refused

ID_BYTES = 12
"""Random bytes of a session's id: 24 letters, as many as a take's folder repeats."""

ID = re.compile(f"[0-9a-f]{{{2 * ID_BYTES}}}")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A session that a platform wants; None stands for what the server has for all.

    Attributes
    ----------
    label : str, optional
        Its name within the key.
    person : str, optional
        For whom it is.
    language : str, optional
        Of the texts that the person reads.
    strictness : str, optional
        Of the gates.
    trainers : tuple of str, optional
        Trainers that get bundles.
    prepare : bool, optional
        Whether bundles are prepared for training.
    stop : dict, optional
        Fields of the stop rules.
    consent : str, optional
        Reference to the person's consent.
    expires_in : timedelta
        How long its secrets are good.
    consent_text : str, optional
        What the person has to agree to before anything is recorded.
    consent_version : str, optional
        Of that text.
    spoken_consent : bool
        Whether the person also has to say a sentence of consent.
    hook : Hook, optional
        Where its events are posted to.
    retention_days : int, optional
        Days from the end of the last take until everything about it is erased; 0 for as soon as its platform has what
        was accepted, None for never.
    """

    label: str | None = None
    person: str | None = None
    language: str | None = None
    strictness: str | None = None
    trainers: tuple[str, ...] | None = None
    prepare: bool | None = None
    stop: dict[str, Any] | None = None
    consent: str | None = None
    expires_in: timedelta
    consent_text: str | None = None
    consent_version: str | None = None
    spoken_consent: bool = False
    hook: Hook | None = None
    retention_days: int | None = None

    @property
    def consented(self) -> None:
        """Nobody has agreed to anything yet."""
        return None


def add(session: Session, key_id: str, wanted: Wanted) -> tuple[SessionRow, dict[Holder, str]]:
    """Add a session in a transaction; return it and its secrets.

    Raises
    ------
    Refused
        If the key has another session of this label.
    """
    now = utc_now()
    row = SessionRow(
        id=secrets.token_hex(ID_BYTES),
        key_id=key_id,
        label=wanted.label,
        person=wanted.person,
        language=wanted.language,
        strictness=wanted.strictness,
        trainers=None if wanted.trainers is None else list(wanted.trainers),
        prepare=wanted.prepare,
        stop=wanted.stop,
        consent=wanted.consent,
        consent_text=wanted.consent_text,
        consent_version=wanted.consent_version,
        spoken_consent=wanted.spoken_consent,
        expires=now + wanted.expires_in,
        state=SessionState.CREATED,
        created=now,
        hook_url=None if wanted.hook is None else wanted.hook.url,
        hook_secret=None if wanted.hook is None else wanted.hook.secret,
        retention_days=wanted.retention_days,
    )
    row.erase_at = erases(row)
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise Refused(409, "label_taken", f"another session of this key has the label {wanted.label!r}") from error
    put(session, row, HookKind.CREATED)
    return row, issue_secrets(session, row.id, row.expires)


def state_of(row: SessionRow, now: datetime) -> SessionState:
    """The state of a session at a time."""
    state = SessionState(row.state)
    return SessionState.EXPIRED if state is SessionState.CREATED and now >= row.expires else state


class Records:
    """The sessions in a database.

    Parameters
    ----------
    database : Database
        Where.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key_id: str, session_id: str) -> SessionRow:
        """Return a session of a key; raise Refused if it has none of this id."""
        with self._database.reading() as session:
            return own_session(session, key_id, session_id)

    def states(self) -> dict[str, int]:
        """Return how many sessions are in each state that the records have."""
        with self._database.reading() as session:
            counted = select(SessionRow.state, func.count()).group_by(SessionRow.state)
            return {str(state): count for state, count in session.execute(counted)}

    def page(
        self, key_id: str, limit: int, cursor: str | None, state: SessionState | None, label: str | None
    ) -> tuple[Sequence[SessionRow], str | None]:
        """Return sessions of a key, the latest first, and where the next page begins.

        Parameters
        ----------
        key_id : str
            Whose.
        limit : int
            How many, at most.
        cursor : str, optional
            Where the page before has ended.
        state : SessionState, optional
            Only those in this state; by default all but the deleted ones.
        label : str, optional
            Only that of this label.
        """
        conditions = [SessionRow.key_id == key_id, _in_state(state)]
        if label is not None:
            conditions.append(SessionRow.label == label)
        if cursor is not None:
            conditions.append(_after(cursor))
        ordered = (
            select(SessionRow)
            .where(*conditions)
            .order_by(SessionRow.created.desc(), SessionRow.id.desc())
            .limit(limit + 1)
        )
        with self._database.reading() as session:
            rows = session.scalars(ordered).all()
        return rows[:limit], _cursor(rows[limit - 1]) if len(rows) > limit else None

    def cancel(self, key_id: str, session_id: str) -> SessionRow:
        """Let no sender have a session any more, and no secret open it; once is enough."""
        with self._database.writing() as session:
            row, now = own_session(session, key_id, session_id, lock=True), utc_now()
            if row.state not in CLOSED:
                row.state, row.ended = SessionState.CANCELLED, now
            row.erase_at = erases(row)
            revoke_secrets(session, row.id, now)
            return row

    def retake(self, key_id: str, session_id: str, expires_in: timedelta | None) -> SessionRow:
        """Let a sender have a session again, and extend how long its secrets are good if that is said.

        The acceptance of a take is withdrawn.

        Raises
        ------
        Refused
            If the session is cancelled, deleted or being captured.
        """
        with self._database.writing() as session:
            row, now = own_session(session, key_id, session_id, lock=True), utc_now()
            refuse_closed(row)
            if row.state == SessionState.LIVE:
                raise Refused(409, "busy", "the session is being captured", {"Retry-After": "10"})
            if expires_in is not None:
                row.expires = now + expires_in
                renew_secrets(session, row.id, row.expires)
            if now >= row.expires:
                text = "the session has expired; say expires_in_s, how long its secrets shall be good from now on"
                raise Refused(409, "expired", text)
            for take in row.takes:
                take.accepted = None
            row.state, row.ended, row.failure = SessionState.CREATED, None, None
            row.erase_at = erases(row)
            return row

    def new_secret(self, key_id: str, session_id: str, holder: Holder) -> tuple[str, datetime]:
        """Make a new secret of a session; the former one opens nothing any more. Returns it, and when it expires."""
        with self._database.writing() as session:
            row, now = own_session(session, key_id, session_id, lock=True), utc_now()  # of two, the later one is good
            refuse_closed(row)
            if now >= row.expires:
                raise Refused(
                    409, "expired", f"the session expired at {row.expires:%Y-%m-%d %H:%M} UTC; ask for a retake"
                )
            revoke_secrets(session, row.id, now, (holder,))
            return issue_secret(session, row.id, holder, row.expires), row.expires

    def revoke_secret(self, key_id: str, session_id: str, holder: Holder) -> None:
        """Make one secret of a session useless; once is enough."""
        with self._database.writing() as session:
            row = own_session(session, key_id, session_id, lock=True)
            revoke_secrets(session, row.id, utc_now(), (holder,))

    def mark_deleted(self, key_id: str, session_id: str, erased: dict[str, int] | None = None) -> SessionRow:
        """Forget all that a session's record holds of a person; its label is free. ``erased`` is how much it was."""
        with self._database.writing() as session:
            row = own_session(session, key_id, session_id, lock=True)
            forget(session, row, EraseReason.REQUESTED, erased or {})
        self._database.truncate_log()
        return row


def forget(session: Session, row: SessionRow, reason: EraseReason, erased: dict[str, int]) -> None:
    """Forget, in a transaction, all that a session's record holds about a person; what is left says why, and how much.

    The session's hook is told, as its last: ``deleted`` if its platform asked for it, else ``erased``.
    """
    now, first = utc_now(), row.state != SessionState.DELETED
    row.state, row.deleted, row.ended = SessionState.DELETED, row.deleted or now, row.ended or now
    row.label = row.person = row.consent = row.consented = row.consent_file = row.failure = None
    row.consent_text = row.consent_version = row.erase_at = row.erase_claim = None
    row.takes.clear()
    forget_secrets(session, row.id)
    forget_answers(session, row.id)
    if first:
        row.erase_reason, row.erased = reason, dict(erased)
        erase_payloads(session, row.id)
        if reason is EraseReason.REQUESTED:
            put(session, row, HookKind.DELETED)
        else:
            put(session, row, HookKind.ERASED, {"reason": reason, **erased})


def refuse_closed(row: SessionRow) -> None:
    """Raise Refused if a session is cancelled or deleted."""
    if row.state in CLOSED:
        raise Refused(409, str(row.state), f"the session is {row.state}; create another")


def own_session(session: Session, key_id: str, session_id: str, *, lock: bool = False) -> SessionRow:
    """Return a session of a key; locked, no other process changes it before the transaction ends."""
    row = session.get(SessionRow, session_id, with_for_update=lock) if ID.fullmatch(session_id) else None
    if row is None or row.key_id != key_id:
        raise Refused(404, "not_found", f"this key has no session {session_id!r}")
    return row


def _in_state(state: SessionState | None) -> ColumnElement[bool]:
    if state is None:
        return SessionRow.state != SessionState.DELETED
    if state is SessionState.EXPIRED:
        unnoted = and_(SessionRow.state == SessionState.CREATED, SessionRow.expires <= utc_now())
        return or_(SessionRow.state == SessionState.EXPIRED, unnoted)
    if state is SessionState.CREATED:
        return and_(SessionRow.state == SessionState.CREATED, SessionRow.expires > utc_now())
    return SessionRow.state == state


def _cursor(row: SessionRow) -> str:
    return base64.urlsafe_b64encode(f"{row.created.isoformat()} {row.id}".encode()).decode()


def _after(cursor: str) -> ColumnElement[bool]:
    try:
        text, _, last = base64.urlsafe_b64decode(cursor.encode()).decode().partition(" ")
        created = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise no_cursor() from error
    if not ID.fullmatch(last):
        raise no_cursor()
    return or_(SessionRow.created < created, and_(SessionRow.created == created, SessionRow.id < last))


def no_cursor() -> Refused:
    """Return the refusal of a cursor that is not one."""
    return Refused(400, "bad_request", "cursor must be the next of an earlier page")
