"""API keys, sessions, their secrets, and answers to requests that may be repeated."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("last_used", TIME),
        sa.Column("revoked", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(24), nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("label", sa.String(128)),
        sa.Column("person", sa.String(256)),
        sa.Column("language", sa.String(35)),
        sa.Column("strictness", sa.String(16)),
        sa.Column("trainers", sa.JSON()),
        sa.Column("stop", sa.JSON()),
        sa.Column("consent", sa.String()),
        sa.Column("expires", TIME, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("failure", sa.String()),
        sa.Column("folder", sa.String()),
        sa.Column("capture", sa.String()),
        sa.Column("created", TIME, nullable=False),
        sa.Column("ended", TIME),
        sa.Column("deleted", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.id"], name="fk_sessions_key_id"),
        sa.UniqueConstraint("key_id", "label", name="uq_sessions_key_id_label"),
    )
    op.create_index("ix_sessions_key_id_created_id", "sessions", ["key_id", "created", "id"])
    op.create_table(
        "secrets",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("session_id", sa.String(24), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.Column("revoked", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_secrets"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_secrets_session_id", ondelete="CASCADE"),
    )
    op.create_index("ix_secrets_session_id", "secrets", ["session_id"])
    op.create_table(
        "idempotency",
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("idempotency_key", sa.String(255), nullable=False),
        sa.Column("request_hash", sa.String(64), nullable=False),
        sa.Column("session_id", sa.String(24), nullable=False),
        sa.Column("response", sa.LargeBinary(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.PrimaryKeyConstraint("key_id", "idempotency_key", name="pk_idempotency"),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.id"], name="fk_idempotency_key_id"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_idempotency_session_id", ondelete="CASCADE"),
    )
    op.create_index("ix_idempotency_session_id", "idempotency", ["session_id"])
    op.create_index("ix_idempotency_created", "idempotency", ["created"])


def downgrade() -> None:
    """Drop them."""
    for table in ("idempotency", "secrets", "sessions", "api_keys"):
        op.drop_table(table)
