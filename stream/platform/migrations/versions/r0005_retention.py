"""How long the footage of sessions is kept, and what was erased."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the columns. Sessions that are there have no retention: nothing of them is erased by itself."""
    op.add_column("sessions", sa.Column("retention_days", sa.Integer()))
    op.add_column("sessions", sa.Column("erase_at", TIME))
    op.add_column("sessions", sa.Column("erase_claim", TIME))
    op.add_column("sessions", sa.Column("erase_reason", sa.String(16)))
    op.add_column("sessions", sa.Column("erased", sa.JSON()))
    op.create_index("ix_sessions_erase_at", "sessions", ["erase_at"])
    op.create_index("ix_sessions_deleted", "sessions", ["deleted"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_sessions_deleted", "sessions")
    op.drop_index("ix_sessions_erase_at", "sessions")
    for column in ("erased", "erase_reason", "erase_claim", "erase_at", "retention_days"):
        op.drop_column("sessions", column)
