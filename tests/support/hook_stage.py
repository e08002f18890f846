"""Sessions with hooks in a database, and senders before it whose clock a test moves."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hooks_receiver import SECRET, Receiver
from serving import eventually
from sqlalchemy import select

from take5.stream.platform.database import Database
from take5.stream.platform.hooks.kinds import DeliveryState, HookKind
from take5.stream.platform.hooks.outbox import Hook, put
from take5.stream.platform.hooks.sender import HookSender
from take5.stream.platform.keys import create_key
from take5.stream.platform.records import Records, Wanted, add
from take5.stream.platform.tables import DeliveryRow, SessionRow, utc_now

HOUR = timedelta(hours=1)
PENDING, DELIVERED, FAILED = DeliveryState.PENDING, DeliveryState.DELIVERED, DeliveryState.FAILED


@dataclass
class MovedClock:
    """The time, ahead of the real one."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


class HookStage:
    """A database with a key."""

    def __init__(self, database: Database) -> None:
        self.database, self.clock = database, MovedClock()
        self.key_id = create_key(database, "test")[0].id

    def session(
        self, url: str | None, label: str | None = None, expires_in: timedelta = HOUR, consent_text: str | None = None
    ) -> str:
        """Add a session; ``created`` is its first delivery."""
        hook = None if url is None else Hook(url, SECRET.decode())
        wanted = Wanted(label=label, expires_in=expires_in, consent_text=consent_text, hook=hook)
        with self.database.writing() as session:
            return add(session, self.key_id, wanted)[0].id

    def put(self, session_id: str, kind: HookKind, **details: Any) -> None:
        """Let something happen to a session."""
        with self.database.writing() as session:
            put(session, session.get_one(SessionRow, session_id), kind, details)

    def delete(self, session_id: str) -> None:
        """Delete a session's record."""
        Records(self.database).mark_deleted(self.key_id, session_id)

    def rows(self, session_id: str | None = None) -> list[DeliveryRow]:
        """Return the deliveries, in their order."""
        ordered = select(DeliveryRow).order_by(DeliveryRow.number)
        if session_id is not None:
            ordered = ordered.where(DeliveryRow.session_id == session_id)
        with self.database.reading() as session:
            return list(session.scalars(ordered))

    def states(self, session_id: str | None = None) -> list[str]:
        """Return what has become of the deliveries."""
        return [row.state for row in self.rows(session_id)]

    def tries(self, number: int = 0) -> int:
        """Return how many attempts one of them has had."""
        return len(self.rows()[number].attempts)

    @contextmanager
    def sending(self, answer_s: float = 10.0) -> Iterator[HookSender]:
        """Run a sender until the block ends."""
        sender = HookSender(self.database, self.clock, poll_s=0.02, answer_s=answer_s)
        sender.start()
        try:
            yield sender
        finally:
            sender.close(1.0)

    def settled(self) -> bool:
        """Whether nothing is pending any more, soon."""
        return eventually(lambda: PENDING not in self.states(), 20)


def received(receiver: Receiver) -> list[Any]:
    """Return the payloads that have come, in their order."""
    return [json.loads(post.body) for post in receiver.posts]


def types(receiver: Receiver) -> list[str]:
    """Return their types."""
    return [payload["type"] for payload in received(receiver)]
