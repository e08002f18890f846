"""The three secrets of a session: the person's, the sender's and the follower's."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import update
from sqlalchemy.orm import Session

from take5.stream.platform.credentials import issue
from take5.stream.platform.tables import SecretRow


class Kind(StrEnum):
    """Whose secret it is."""

    PERSON = "person"
    SENDER = "sender"
    FOLLOWER = "follower"


PREFIXES = {Kind.PERSON: "t5person", Kind.SENDER: "t5sender", Kind.FOLLOWER: "t5follower"}


def issue_secrets(session: Session, session_id: str, expires: datetime) -> dict[Kind, str]:
    """Make a session's secrets; return the texts that their holders show, which are not stored."""
    texts = {}
    for kind, prefix in PREFIXES.items():
        made = issue(prefix)
        session.add(SecretRow(id=made.id, session_id=session_id, kind=kind, hash=made.hash, expires=expires))
        texts[kind] = made.text
    return texts


def renew_secrets(session: Session, session_id: str, expires: datetime) -> None:
    """Let a session's secrets expire at another time, but for those that are revoked."""
    rows = update(SecretRow).where(SecretRow.session_id == session_id, SecretRow.revoked.is_(None))
    session.execute(rows.values(expires=expires))


def revoke_secrets(session: Session, session_id: str, now: datetime) -> None:
    """Make a session's secrets useless."""
    rows = update(SecretRow).where(SecretRow.session_id == session_id, SecretRow.revoked.is_(None))
    session.execute(rows.values(revoked=now))
