"""Writes deliveries in the transaction that changes a session, so that neither is there without the other."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from take5.stream.hooks.notice import NOTICE_VERSION
from take5.stream.platform.hooks.addresses import host_of
from take5.stream.platform.hooks.kinds import LAST, DeliveryState, HookKind
from take5.stream.platform.states import SessionState
from take5.stream.platform.tables import DeliveryRow, SessionRow, utc_now

PATIENCE = timedelta(hours=24)
"""How long a delivery is tried, from its creation."""

NOTHING_MORE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Hook:
    """Where a session's events are posted to, and what signs them."""

    url: str = field(repr=False)
    secret: str = field(repr=False)


def put(session: Session, row: SessionRow, kind: HookKind, details: Mapping[str, Any] = NOTHING_MORE) -> None:
    """Write a delivery for a session's hook; nothing if the session has none, or has been deleted.

    Parameters
    ----------
    session : Session
        SQLAlchemy's; the transaction that changes the session.
    row : SessionRow
        The session.
    kind : HookKind
        What happens.
    details : mapping
        Further keys of the payload, of JSON's types; none of them may be one that every payload has.
    """
    if row.hook_url is None or (row.state == SessionState.DELETED and kind not in LAST):
        return
    session.execute(select(SessionRow.id).where(SessionRow.id == row.id).with_for_update())  # keeps numbers in order
    now, delivery_id = utc_now(), uuid4().hex
    common = {
        "version": NOTICE_VERSION,
        "type": str(kind),
        "id": delivery_id,
        "session": row.id,
        "label": row.label,
        "time": now.isoformat(timespec="milliseconds"),
    }
    session.add(
        DeliveryRow(
            id=delivery_id,
            key_id=row.key_id,
            session_id=row.id,
            receiver=host_of(row.hook_url),
            kind=kind,
            state=DeliveryState.PENDING,
            payload=json.dumps({**common, **details, **common}),
            attempts=[],
            failures=0,
            claims=0,
            scheduled=now,
            next_attempt=now,
            give_up=now + PATIENCE,
            created=now,
        )
    )
    session.flush()


def erase_payloads(session: Session, session_id: str) -> None:
    """Erase what a session's deliveries hold; those that are pending are not sent any more."""
    ours = update(DeliveryRow).where(DeliveryRow.session_id == session_id)
    session.execute(ours.where(DeliveryRow.state == DeliveryState.PENDING).values(state=DeliveryState.ERASED))
    session.execute(ours.values(payload=None))
