"""Consent that is said aloud, and secrets that only follow."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("sessions", sa.Column("spoken_consent", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("sessions", sa.Column("consent_file", sa.String()))
    op.add_column("secrets", sa.Column("only_follows", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Drop them, and the secrets that only follow: without the column they would do more."""
    op.execute("DELETE FROM secrets WHERE only_follows")
    op.drop_column("secrets", "only_follows")
    op.drop_column("sessions", "consent_file")
    op.drop_column("sessions", "spoken_consent")
