"""Who may do what with a platform's sessions: each secret opens its own session, for its own purpose."""

from functools import partial

from take5.stream.platform.credentials import Shown
from take5.stream.platform.database import Database
from take5.stream.platform.lookups import Lookups
from take5.stream.platform.orders import closed
from take5.stream.platform.session_secrets import PREFIXES, Holder
from take5.stream.platform.states import CLOSED
from take5.stream.platform.tables import SecretRow, SessionRow, utc_now
from take5.stream.server.errors import Refused
from take5.stream.server.grant import Act, Grant

ALLOWED = {
    Holder.PERSON: frozenset(Act),
    Holder.SENDER: frozenset({Act.SEND, Act.FOLLOW}),
    Holder.FOLLOWER: frozenset({Act.FOLLOW}),
}
WRONG = "secret missing, wrong, expired, revoked, or of another or a deleted session; send Authorization: Bearer SECRET"
NOT_ALLOWED = {
    Act.SEND: "this secret only follows; sending needs the sender's or the person's",
    Act.FOLLOW: "this secret does not follow",
    Act.DECIDE: "only the person's secret decides on a clip",
}


class SecretAccess:
    """The secrets in a database.

    Parameters
    ----------
    lookups : Lookups
        Finds them.
    """

    protected = own_secrets = True

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups

    def vouches(self, shown: str | None) -> bool:
        """Whether anything is shown: a page shows nothing by itself, and what it shows is looked up."""
        return shown is not None

    async def check(self, shown: str | None, act: Act, session: str | None, address: str | None) -> Grant:
        """Return what a secret opens; raise Refused unless it may do what is asked, with that session."""
        grant = await self._lookups.find(shown, address, partial(_opened, session), WRONG)
        if act not in grant.may:
            raise Refused(403, "forbidden", NOT_ALLOWED[act])
        return grant


def _opened(wanted: str | None, database: Database, shown: Shown) -> Grant | None:
    """What a secret opens; None if it opens nothing, or not the session that is wanted."""
    with database.reading() as session:
        row = session.get(SecretRow, shown.id)
        if row is None or not shown.matches(row.hash):
            return None
        purpose = Holder.FOLLOWER if row.only_follows else Holder(row.kind)
        if PREFIXES[purpose] != shown.prefix:
            return None
        record = session.get_one(SessionRow, row.session_id)
    left_s = (row.expires - utc_now()).total_seconds()
    if row.revoked is not None or left_s <= 0 or record.state in CLOSED or wanted not in (None, record.id):
        return None
    refusal = closed(record)
    code = None if refusal is None else refusal.code
    asks_consent = record.consent_text is not None
    return Grant(record.id, ALLOWED[purpose], row.kind, left_s, record.language, code, asks_consent)
