"""The tables of the database, and times in them.

Secrets that open something are stored as SHA-256 of 256 random bits (:mod:`take5.stream.platform.credentials`), never
as they are. The secret of a hook signs, so it is stored as it is, until the session's deletion has been delivered.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

VERSION_TABLE = "take5_version"
"""Holds the revision of the tables."""


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


class Utc(TypeDecorator[datetime]):
    """A time in UTC; SQLite itself keeps no time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return what is stored."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return what was stored."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(DeclarativeBase):
    """Base of the tables."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's
        datetime: Utc,
        list[str]: JSON,
        dict[str, Any]: JSON,
        list[dict[str, Any]]: JSON,
    }


class ApiKeyRow(Table):
    """A platform's key; its secret before the last rotation is good until ``earlier_until``."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    hash: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[list[str]]
    created: Mapped[datetime]
    last_used: Mapped[datetime | None]
    revoked: Mapped[datetime | None]
    earlier_hash: Mapped[str | None] = mapped_column(String(64))
    earlier_until: Mapped[datetime | None]


class SessionRow(Table):
    """A session; ``label`` is its name within its key.

    ``consented`` is who has agreed to ``consent_text``, and when; with ``spoken_consent`` the person also says it, and
    ``consent_file`` is that recording on the server.

    ``retention_days`` after the last take the session is erased; null: never by itself. ``erase_at`` is when to look
    whether it is due, at the latest (:mod:`take5.stream.platform.retention`). A process that erases it claims it until
    ``erase_claim``. ``erase_reason`` is why it is, or was, erased, and ``erased`` how much of it.
    """

    __tablename__ = "sessions"
    __table_args__ = (
        UniqueConstraint("key_id", "label"),
        Index(None, "key_id", "created", "id"),
        Index(None, "state", "expires"),
        Index(None, "erase_at"),
        Index(None, "deleted"),
    )

    id: Mapped[str] = mapped_column(String(24), primary_key=True)
    key_id: Mapped[str] = mapped_column(ForeignKey("api_keys.id"))
    label: Mapped[str | None] = mapped_column(String(128))
    person: Mapped[str | None] = mapped_column(String(256))
    language: Mapped[str | None] = mapped_column(String(35))
    strictness: Mapped[str | None] = mapped_column(String(16))
    trainers: Mapped[list[str] | None]
    prepare: Mapped[bool | None]
    stop: Mapped[dict[str, Any] | None]
    consent: Mapped[str | None]
    consent_text: Mapped[str | None]
    consent_version: Mapped[str | None] = mapped_column(String(64))
    consented: Mapped[dict[str, Any] | None]
    spoken_consent: Mapped[bool] = mapped_column(server_default=false())
    consent_file: Mapped[str | None]
    expires: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16))
    failure: Mapped[str | None]
    created: Mapped[datetime]
    ended: Mapped[datetime | None]
    deleted: Mapped[datetime | None]
    hook_url: Mapped[str | None]
    hook_secret: Mapped[str | None]
    retention_days: Mapped[int | None]
    erase_at: Mapped[datetime | None]
    erase_claim: Mapped[datetime | None]
    erase_reason: Mapped[str | None] = mapped_column(String(16))
    erased: Mapped[dict[str, Any] | None]
    takes: Mapped[list["TakeRow"]] = relationship(
        order_by="TakeRow.number", lazy="selectin", cascade="all, delete-orphan", passive_deletes=True
    )


class TakeRow(Table):
    """A take of a session; ``id`` is the name of the folder that was chosen for it when it began.

    ``events`` are its clips, bundles and report as events (:mod:`take5.stream.platform.kept_events`).
    """

    __tablename__ = "takes"

    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    number: Mapped[int]
    folder: Mapped[str]
    state: Mapped[str] = mapped_column(String(16))
    failure: Mapped[str | None]
    started: Mapped[datetime]
    ended: Mapped[datetime | None]
    accepted: Mapped[datetime | None]
    events: Mapped[list[dict[str, Any]]]


class SecretRow(Table):
    """One of a session's secrets: the person's, the sender's, or the follower's.

    One that ``only_follows`` was derived from another of its ``kind``, and ends with it.
    """

    __tablename__ = "secrets"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    hash: Mapped[str] = mapped_column(String(64))
    expires: Mapped[datetime]
    revoked: Mapped[datetime | None]
    only_follows: Mapped[bool] = mapped_column(server_default=false())


class IdempotencyRow(Table):
    """A request that a key has made under an ``Idempotency-Key``, the session that it made, and its sealed answer."""

    __tablename__ = "idempotency"

    key_id: Mapped[str] = mapped_column(ForeignKey("api_keys.id"), primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    response: Mapped[bytes] = mapped_column(LargeBinary)
    created: Mapped[datetime] = mapped_column(index=True)


class DeliveryRow(Table):
    """A payload for a session's hook, and what has become of it; ``number`` is its place in the order.

    ``scheduled`` is when ``next_attempt`` was set. While an attempt is going on, ``next_attempt`` is when another
    process may assume that it has been lost. ``claims`` counts attempts that have begun, ``failures`` those that have
    failed since the delivery was created or replayed; ``give_up`` is when it need not be tried any more.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index(None, "session_id", "number"),
        Index(None, "key_id", "number"),
        Index(None, "state", "next_attempt"),
    )

    number: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), unique=True)
    key_id: Mapped[str] = mapped_column(ForeignKey("api_keys.id"))
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"))
    receiver: Mapped[str]
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    payload: Mapped[str | None]
    attempts: Mapped[list[dict[str, Any]]]
    failures: Mapped[int]
    claims: Mapped[int]
    scheduled: Mapped[datetime]
    next_attempt: Mapped[datetime]
    give_up: Mapped[datetime]
    created: Mapped[datetime]
