"""The takes of sessions, instead of the last one alone, and what a person has agreed to."""

import json
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

TIME = sa.DateTime(timezone=True)
CONSENT = ("consent_text", "consent_version", "consented")


def upgrade() -> None:
    """Make the table, and move what sessions knew of their last take."""
    op.create_table(
        "takes",
        sa.Column("session_id", sa.String(24), nullable=False),
        sa.Column("id", sa.String(255), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("failure", sa.String()),
        sa.Column("started", TIME, nullable=False),
        sa.Column("ended", TIME),
        sa.Column("accepted", TIME),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("session_id", "id", name="pk_takes"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_takes_session_id", ondelete="CASCADE"),
    )
    sessions = sa.table("sessions", *map(sa.column, ("id", "folder", "capture", "created", "ended")))
    rows = op.get_bind().execute(sa.select(sessions)).mappings().all()
    for row in rows:
        for number, (folder, state) in enumerate(((row["folder"], "done"), (row["capture"], "live")), 1):
            if folder is not None:
                _add(row, number, folder, state)
    for column in ("folder", "capture"):
        op.drop_column("sessions", column)
    op.add_column("sessions", sa.Column("consent_text", sa.String()))
    op.add_column("sessions", sa.Column("consent_version", sa.String(64)))
    op.add_column("sessions", sa.Column("consented", sa.JSON()))


def _add(row: sa.RowMapping, number: int, folder: str, state: str) -> None:
    take = {
        "session_id": row["id"],
        "id": Path(folder).name,
        "number": number,
        "folder": folder,
        "state": state,
        "started": row["created"],
        "ended": row["ended"],
        "events": json.dumps([]),
    }
    takes = sa.table("takes", *map(sa.column, take))
    op.get_bind().execute(sa.insert(takes).values(take))


def downgrade() -> None:
    """Keep the last take of each session."""
    for column in CONSENT:
        op.drop_column("sessions", column)
    for column in ("folder", "capture"):
        op.add_column("sessions", sa.Column(column, sa.String()))
    for column, state in (("folder", "done"), ("capture", "live")):
        op.execute(
            f"UPDATE sessions SET {column} = (SELECT folder FROM takes WHERE takes.session_id = sessions.id "  # noqa: S608 - names above
            f"AND takes.state = '{state}' ORDER BY takes.number DESC LIMIT 1)"
        )
    op.drop_table("takes")
