"""API keys: what a platform's programs show."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from take5.scoring.errors import DatabaseError, ParameterError
from take5.stream.platform.credentials import Shown, issue
from take5.stream.platform.database import Database
from take5.stream.platform.tables import ApiKeyRow, utc_now

PREFIX = "t5key"
USED_EVERY = timedelta(minutes=1)
"""How exact the time of a key's last use is."""

NAME_LETTERS = 128

MOST_OVERLAP = timedelta(days=30)
"""How long an earlier secret may stay good."""


class Scope(StrEnum):
    """What a key is good for."""

    READ = "sessions:read"
    WRITE = "sessions:write"


@dataclass(frozen=True)
class ApiKey:
    """A key, without its secret."""

    id: str
    name: str
    scopes: frozenset[Scope]
    created: datetime
    last_used: datetime | None
    revoked: datetime | None


def create_key(database: Database, name: str, scopes: Sequence[Scope] = tuple(Scope)) -> tuple[ApiKey, str]:
    """Make a key; return it and the text that its holder shows, which is not stored.

    Raises
    ------
    ParameterError
        If the name is blank or too long, or there is no scope.
    """
    if not name.strip() or len(name) > NAME_LETTERS or not name.isprintable():
        raise ParameterError(f"a key's name must have 1 to {NAME_LETTERS} printable characters, not all blank")
    if not scopes:
        raise ParameterError(f"a key needs at least one scope: {', '.join(Scope)}")
    made = issue(PREFIX)
    row = ApiKeyRow(id=made.id, name=name, hash=made.hash, scopes=sorted(set(scopes)), created=utc_now())
    with database.writing() as session:
        session.add(row)
    return _key(row), made.text


def list_keys(database: Database) -> list[ApiKey]:
    """Every key, revoked ones among them, in the order in which they were made."""
    with database.reading() as session:
        return [_key(row) for row in session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.created, ApiKeyRow.id))]


def revoke_key(database: Database, key_id: str) -> ApiKey:
    """Make a key useless, for ever; once is enough.

    Raises
    ------
    ParameterError
        If there is no such key.
    """
    with database.writing() as session:
        row = _found(session, key_id)
        row.revoked = row.revoked or utc_now()
        row.earlier_hash = row.earlier_until = None
        return _key(row)


def rotate_key(database: Database, key_id: str, overlap: timedelta = timedelta()) -> tuple[ApiKey, str]:
    """Give a key a new secret, with which its sessions stay within reach; return both as :func:`create_key` does.

    A revoked key is good again with the new secret, and with no other.

    Parameters
    ----------
    database : Database
        Where the key is.
    key_id : str
        The key.
    overlap : timedelta
        How long the secret until now stays good, unless it was revoked.

    Raises
    ------
    ParameterError
        If there is no such key, or the overlap is negative or too long.
    """
    if not timedelta() <= overlap <= MOST_OVERLAP:
        raise ParameterError(f"the old secret can stay good for 0 to {MOST_OVERLAP.days * 24} hours")
    made = issue(PREFIX, key_id)
    with database.writing() as session:
        row = _found(session, key_id)
        still_good = overlap > timedelta() and row.revoked is None
        row.earlier_hash, row.earlier_until = (row.hash, utc_now() + overlap) if still_good else (None, None)
        row.hash, row.revoked = made.hash, None
        return _key(row), made.text


def key_shown(database: Database, shown: Shown) -> ApiKey | None:
    """Return the key that is shown, and note its use; None if it is not one, or has been revoked."""
    with database.reading() as session:
        row = session.get(ApiKeyRow, shown.id)
    now = utc_now()
    if shown.prefix != PREFIX or row is None or row.revoked is not None or not _opens(shown, row, now):
        return None
    if row.last_used is None or now - row.last_used >= USED_EVERY:
        with suppress(DatabaseError), database.writing() as session:  # the request itself may not need to write
            session.execute(update(ApiKeyRow).where(ApiKeyRow.id == row.id).values(last_used=now))
    return _key(row)


def _opens(shown: Shown, row: ApiKeyRow, now: datetime) -> bool:
    """Whether it is the key's secret, or the one before it while that is good."""
    if shown.matches(row.hash):
        return True
    good = row.earlier_hash is not None and row.earlier_until is not None and now < row.earlier_until
    return good and shown.matches(row.earlier_hash or "")


def _found(session: Session, key_id: str) -> ApiKeyRow:
    row = session.get(ApiKeyRow, key_id, with_for_update=True)
    if row is None:
        raise ParameterError(f"there is no key {key_id!r}; take5 keys list shows them")
    return row


def _key(row: ApiKeyRow) -> ApiKey:
    scopes = frozenset(Scope(scope) for scope in row.scopes if scope in tuple(Scope))
    return ApiKey(row.id, row.name, scopes, row.created, row.last_used, row.revoked)
