"""Hooks of sessions, and their deliveries."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TIME = sa.DateTime(timezone=True)
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""SQLite numbers rows by itself only in a column of this type."""


def upgrade() -> None:
    """Add them."""
    op.add_column("sessions", sa.Column("hook_url", sa.String()))
    op.add_column("sessions", sa.Column("hook_secret", sa.String()))
    op.create_index("ix_sessions_state_expires", "sessions", ["state", "expires"])
    op.create_table(
        "deliveries",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("session_id", sa.String(24), nullable=False),
        sa.Column("receiver", sa.String(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("payload", sa.String()),
        sa.Column("attempts", sa.JSON(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.Column("scheduled", TIME, nullable=False),
        sa.Column("next_attempt", TIME, nullable=False),
        sa.Column("give_up", TIME, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_deliveries"),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.id"], name="fk_deliveries_key_id"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_deliveries_session_id", ondelete="CASCADE"),
        sa.UniqueConstraint("id", name="uq_deliveries_id"),
    )
    op.create_index("ix_deliveries_session_id_number", "deliveries", ["session_id", "number"])
    op.create_index("ix_deliveries_key_id_number", "deliveries", ["key_id", "number"])
    op.create_index("ix_deliveries_state_next_attempt", "deliveries", ["state", "next_attempt"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("deliveries")
    op.drop_index("ix_sessions_state_expires", "sessions")
    op.drop_column("sessions", "hook_secret")
    op.drop_column("sessions", "hook_url")
