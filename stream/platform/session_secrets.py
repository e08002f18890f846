"""The three secrets of a session: the person's, the sender's and the follower's."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from take5.stream.platform.credentials import issue
from take5.stream.platform.tables import SecretRow


class Holder(StrEnum):
    """Whose secret it is."""

    PERSON = "person"
    SENDER = "sender"
    FOLLOWER = "follower"


PREFIXES = {Holder.PERSON: "t5person", Holder.SENDER: "t5sender", Holder.FOLLOWER: "t5follower"}
ALL = tuple(Holder)


def issue_secrets(session: Session, session_id: str, expires: datetime) -> dict[Holder, str]:
    """Make a session's secrets; return the texts that their holders show, which are not stored."""
    return {holder: issue_secret(session, session_id, holder, expires) for holder in Holder}


def issue_secret(session: Session, session_id: str, holder: Holder, expires: datetime) -> str:
    """Make a secret of a session; return the text that its holder shows, which is not stored."""
    made = issue(PREFIXES[holder])
    session.add(SecretRow(id=made.id, session_id=session_id, kind=holder, hash=made.hash, expires=expires))
    return made.text


def renew_secrets(session: Session, session_id: str, expires: datetime) -> None:
    """Let a session's secrets expire at another time, but for those that are revoked."""
    rows = update(SecretRow).where(SecretRow.session_id == session_id, SecretRow.revoked.is_(None))
    session.execute(rows.values(expires=expires))


def revoke_secrets(session: Session, session_id: str, now: datetime, holders: Collection[Holder] = ALL) -> None:
    """Make a session's secrets useless, by default all of them."""
    rows = update(SecretRow).where(SecretRow.session_id == session_id, SecretRow.revoked.is_(None))
    session.execute(rows.where(SecretRow.kind.in_(holders)).values(revoked=now))


def forget_secrets(session: Session, session_id: str) -> None:
    """Forget a session's secrets: they open nothing, and never will again."""
    session.execute(delete(SecretRow).where(SecretRow.session_id == session_id))


def link_of(base: str, session_id: str, holder: Holder, secret: str) -> str:
    """Where a secret is used, on a server at an address."""
    if holder is Holder.SENDER:
        return f"{base}/whip/{session_id}"
    return f"{base}/#token={secret}&session={session_id}"
