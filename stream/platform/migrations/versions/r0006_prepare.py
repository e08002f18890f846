"""Whether a session's bundles are prepared for training."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column. Sessions that are there state nothing: they are as the server has it."""
    op.add_column("sessions", sa.Column("prepare", sa.Boolean()))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("sessions", "prepare")
