"""The secret that an API key had before, and how long it is still good."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("api_keys", sa.Column("earlier_hash", sa.String(64)))
    op.add_column("api_keys", sa.Column("earlier_until", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Drop them: earlier secrets are good no longer."""
    op.drop_column("api_keys", "earlier_until")
    op.drop_column("api_keys", "earlier_hash")
