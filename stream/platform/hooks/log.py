"""The log of a key's deliveries, and their replay."""

import re
from collections.abc import Sequence

from sqlalchemy import select

from take5.stream.platform.database import Database
from take5.stream.platform.hooks.kinds import DeliveryState
from take5.stream.platform.hooks.outbox import PATIENCE
from take5.stream.platform.records import no_cursor, own_session
from take5.stream.platform.tables import DeliveryRow, utc_now
from take5.stream.server.errors import Refused

CURSOR_DIGITS = 18
ID = re.compile(r"[0-9a-f]{32}")


class DeliveryLog:
    """The deliveries in a database.

    Parameters
    ----------
    database : Database
        Where.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self,
        key_id: str,
        limit: int,
        cursor: str | None,
        state: DeliveryState | None,
        session_id: str | None = None,
    ) -> tuple[Sequence[DeliveryRow], str | None]:
        """Return deliveries of a key, the latest first, and where the next page begins.

        Parameters
        ----------
        key_id : str
            Whose.
        limit : int
            How many, at most.
        cursor : str, optional
            Where the page before has ended.
        state : DeliveryState, optional
            Only those in this state.
        session_id : str, optional
            Only those of this session.

        Raises
        ------
        Refused
            If the key has no such session, or the cursor is not one.
        """
        conditions = [DeliveryRow.key_id == key_id]
        if state is not None:
            conditions.append(DeliveryRow.state == state)
        if session_id is not None:
            conditions.append(DeliveryRow.session_id == session_id)
        if cursor is not None:
            conditions.append(DeliveryRow.number < _number(cursor))
        ordered = select(DeliveryRow).where(*conditions).order_by(DeliveryRow.number.desc()).limit(limit + 1)
        with self._database.reading() as session:
            if session_id is not None:
                own_session(session, key_id, session_id)
            rows = session.scalars(ordered).all()
        return rows[:limit], str(rows[limit - 1].number) if len(rows) > limit else None

    def replay(self, key_id: str, delivery_id: str) -> DeliveryRow:
        """Let a delivery be sent again, for as long as a new one; one that is pending stays as it is.

        Raises
        ------
        Refused
            If the key has no such delivery, or its payload has been erased.
        """
        with self._database.writing() as session:
            found = select(DeliveryRow).where(DeliveryRow.id == delivery_id, DeliveryRow.key_id == key_id)
            row = session.scalars(found.with_for_update()).first() if ID.fullmatch(delivery_id) else None
            if row is None:
                raise Refused(404, "not_found", f"this key has no delivery {delivery_id!r}")
            if row.payload is None:
                raise Refused(409, "erased", "there is nothing left to send: the payload has been erased")
            if row.state != DeliveryState.PENDING:
                now = utc_now()
                row.state, row.failures = DeliveryState.PENDING, 0
                row.scheduled, row.next_attempt, row.give_up = now, now, now + PATIENCE
            return row


def _number(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= CURSOR_DIGITS):
        raise no_cursor()
    return int(cursor)
