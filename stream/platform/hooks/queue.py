"""Which deliveries are due, and what becomes of them; any number of processes may work on one database.

A process claims a delivery before it sends it: it moves ``next_attempt`` to a time when the attempt will have ended.
Thus the deliveries of a process that is killed are sent by others, or by its successor.

Times are the wall clock's, because they outlive processes. A clock that is set back to well before a delivery was
scheduled makes it due at once, so that nothing waits for much longer than it was meant to; one that is set ahead makes
all due, once.
"""

import random
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from take5.stream.hooks.delivery import Attempt
from take5.stream.hooks.post import ANSWER_S, may_pass
from take5.stream.hooks.retry import Backoff
from take5.stream.platform.database import Database
from take5.stream.platform.hooks.kinds import LAST, DeliveryState, HookKind
from take5.stream.platform.hooks.outbox import Hook, put
from take5.stream.platform.states import SessionState
from take5.stream.platform.tables import DeliveryRow, SessionRow

BACKOFF = Backoff(1.0, 300.0)
LONGEST_ASKED_S = 3600.0
"""The longest Retry-After that is respected."""

LEAST_FAILURES = 8
"""Minimum number of failures before a delivery is given up, whatever the clock says."""

CLAIM = timedelta(seconds=ANSWER_S + 15)
"""Time after which an attempt whose end was not recorded is assumed to be lost."""

SET_BACK = timedelta(minutes=1)
"""How far in the future ``scheduled`` must be to show that the clock has been set back; less may be the difference
between two processes.
"""

LAST_ATTEMPTS = 20
"""Attempts that are kept of each delivery."""

AT_ONCE, AT_RECEIVER = 32, 4
"""Largest number of posts under way, in all and to one receiver."""

BATCH = 64


@dataclass(frozen=True)
class Claim:
    """A delivery that this process sends now.

    Attributes
    ----------
    number, claims : int
        The row, and which of its attempts this is.
    id, session_id, receiver : str
        The delivery, its session, scheme and host.
    hook : Hook
        Where to, and signed with what.
    body : str
        The payload.
    """

    number: int
    claims: int
    id: str
    session_id: str
    receiver: str
    hook: Hook
    body: str = field(repr=False)


def claim_due(database: Database, now: datetime, under_way: Collection[Claim]) -> list[Claim]:
    """Claim what is due, as far as the limits allow beside what is under way."""
    room = {receiver: AT_RECEIVER - count for receiver, count in _receivers(under_way).items()}
    sessions = {claim.session_id for claim in under_way}
    free = AT_ONCE - len(under_way)
    if free <= 0:
        return []
    with database.reading() as session:
        if session.execute(_due(now, _full(room), sessions).limit(1)).first() is None:
            return []
    claimed: list[Claim] = []
    with database.writing() as session:
        progress = True
        while progress and len(claimed) < free:
            progress = False
            for row, hook_url, hook_secret in session.execute(_due(now, _full(room), sessions).limit(BATCH)).all():
                if len(claimed) == free or room.setdefault(row.receiver, AT_RECEIVER) == 0:
                    continue
                if _superseded(session, row):
                    progress = True
                elif (claim := _claim(session, row, Hook(hook_url or "", hook_secret or ""), now)) is not None:
                    progress = True
                    room[row.receiver] -= 1
                    sessions.add(row.session_id)
                    claimed.append(claim)
    return claimed


def record(
    database: Database, claim: Claim, attempt: Attempt, asked_s: float | None, now: datetime
) -> DeliveryState | None:
    """Record an attempt; return what has become of the delivery, None if another process has it."""
    with database.writing() as session:
        row = session.get(DeliveryRow, claim.number, with_for_update=True)
        if row is None:
            return None
        row.attempts = [*row.attempts, attempt.json()][-LAST_ATTEMPTS:]
        if attempt.error is None:
            row.state = DeliveryState.DELIVERED
        elif row.state != DeliveryState.PENDING or row.claims != claim.claims:
            return None
        else:
            _fail(row, attempt, asked_s, now)
        over = row.kind in LAST and row.state != DeliveryState.PENDING
        if over:
            row.payload = None
            _forget_hook(session, row.session_id)
    if over:
        database.truncate_log()
    return DeliveryState(row.state)


def expire_sessions(database: Database, now: datetime) -> None:
    """Note which sessions have expired without a sender, each once."""
    over = and_(SessionRow.state == SessionState.CREATED, SessionRow.expires <= now)
    with database.reading() as session:
        expired = session.scalars(select(SessionRow.id).where(over).limit(BATCH)).all()
    for session_id in expired:
        with database.writing() as session:
            row = session.get(SessionRow, session_id, with_for_update=True)
            if row is not None and row.state == SessionState.CREATED and row.expires <= now:
                row.state = SessionState.EXPIRED
                put(session, row, HookKind.EXPIRED)


def _forget_hook(session: Session, session_id: str) -> None:
    """Forget where a deleted session's events went to, and what signed them."""
    row = update(SessionRow).where(SessionRow.id == session_id)
    session.execute(row.values(hook_url=None, hook_secret=None))


def _due(
    now: datetime, full: Collection[str], sessions: Collection[str]
) -> Select[DeliveryRow, str | None, str | None]:
    """Select the first pending delivery of each session, if it is due."""
    earlier = aliased(DeliveryRow)
    waits = exists().where(
        earlier.session_id == DeliveryRow.session_id,
        earlier.state == DeliveryState.PENDING,
        earlier.number < DeliveryRow.number,
    )
    return (
        select(DeliveryRow, SessionRow.hook_url, SessionRow.hook_secret)
        .join(SessionRow, SessionRow.id == DeliveryRow.session_id)
        .where(
            DeliveryRow.state == DeliveryState.PENDING,
            or_(DeliveryRow.next_attempt <= now, DeliveryRow.scheduled > now + SET_BACK),
            DeliveryRow.receiver.not_in(full),
            DeliveryRow.session_id.not_in(sessions),
            SessionRow.hook_url.is_not(None),
            ~waits,
        )
        .order_by(DeliveryRow.next_attempt, DeliveryRow.number)
    )


def _superseded(session: Session, row: DeliveryRow) -> bool:
    """Give up a ``best`` that another ``best`` follows directly; return whether it is one."""
    if row.kind != HookKind.BEST:
        return False
    later = select(DeliveryRow.kind, DeliveryRow.state).where(
        DeliveryRow.session_id == row.session_id, DeliveryRow.number > row.number
    )
    following = session.execute(later.order_by(DeliveryRow.number).limit(1)).first()
    if following is None or tuple(following) != (HookKind.BEST, DeliveryState.PENDING):
        return False
    row.state, row.payload = DeliveryState.SUPERSEDED, None
    session.flush()
    return True


def _claim(session: Session, row: DeliveryRow, hook: Hook, now: datetime) -> Claim | None:
    """Claim a delivery; None if another process was faster."""
    unclaimed = (
        DeliveryRow.number == row.number,
        DeliveryRow.state == DeliveryState.PENDING,
        DeliveryRow.claims == row.claims,
    )
    values = {"claims": row.claims + 1, "scheduled": now, "next_attempt": now + CLAIM}
    claimed = update(DeliveryRow).where(*unclaimed).values(values).returning(DeliveryRow.claims)
    claims = session.scalars(claimed.execution_options(synchronize_session=False)).first()
    if claims is None or row.payload is None:
        return None
    return Claim(row.number, claims, row.id, row.session_id, row.receiver, hook, row.payload)


def _fail(row: DeliveryRow, attempt: Attempt, asked_s: float | None, now: datetime) -> None:
    row.failures += 1
    if not may_pass(attempt) or (row.failures >= LEAST_FAILURES and now >= row.give_up):
        row.state = DeliveryState.FAILED
        return
    asked_s = None if asked_s is None else min(asked_s, LONGEST_ASKED_S)
    wait_s = BACKOFF.wait_s(row.failures, random.random(), asked_s)  # noqa: S311 - no secret
    row.scheduled, row.next_attempt = now, now + timedelta(seconds=wait_s)


def _receivers(under_way: Collection[Claim]) -> Mapping[str, int]:
    return Counter(claim.receiver for claim in under_way)


def _full(room: Mapping[str, int]) -> list[str]:
    return [receiver for receiver, left in room.items() if left <= 0]
