"""A secret that only follows, for the holder of one that does more: what a sender's page gives to an overlay.

It is derived from the secret that is shown, so it is the same each time it is asked for, and ends with it.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode

from sqlalchemy.exc import IntegrityError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from take5.stream.platform.credentials import ID_BYTES, SECRET_BYTES, read
from take5.stream.platform.database import Database
from take5.stream.platform.session_secrets import PREFIXES, Holder
from take5.stream.platform.tables import SecretRow
from take5.stream.platform.work import DatabaseWork
from take5.stream.server.auth import authorise, bearer, unauthorised
from take5.stream.server.grant import Act

PURPOSE = b"take5 follower"


class FollowerSecrets:
    """Derives secrets that only follow.

    Parameters
    ----------
    work : DatabaseWork
        Keeps what is needed to know them again.
    """

    def __init__(self, work: DatabaseWork) -> None:
        self._work = work

    @property
    def routes(self) -> list[Route]:
        """The address."""
        return [Route("/api/sessions/{name}/follower", self._derive, methods=["POST"])]

    async def _derive(self, request: Request) -> Response:
        """Return a secret that only follows; the one that is shown if it does not do more."""
        grant = await authorise(request, Act.FOLLOW)
        shown = bearer(request.headers)
        assert shown is not None  # noqa: S101 - or nothing would have been granted
        secret = shown if grant.may == {Act.FOLLOW} else await self._work.run(_derive, self._work.database, shown)
        return JSONResponse({"secret": secret}, headers={"Cache-Control": "no-store"})


def follower_of(shown: str) -> str:
    """Return the text of the secret that is derived from another one."""
    made = hmac.digest(shown.encode(), PURPOSE, hashlib.sha512)
    public, rest = made[:ID_BYTES], made[-SECRET_BYTES:]
    return f"{PREFIXES[Holder.FOLLOWER]}_{public.hex()}_{urlsafe_b64encode(rest).decode().rstrip('=')}"


def _derive(database: Database, shown: str) -> str:
    """Keep the derived secret beside that which is shown, unless it is there; return its text."""
    text, source = follower_of(shown), read(shown)
    derived = read(text)
    assert source is not None  # noqa: S101 - it was found in the database
    assert derived is not None  # noqa: S101 - made above
    try:
        with database.writing() as session:
            row = session.get(SecretRow, source.id, with_for_update=True)
            if row is None or row.revoked is not None:
                raise unauthorised("the secret has been revoked")
            if session.get(SecretRow, derived.id) is None:
                fields = {"kind": row.kind, "session_id": row.session_id, "expires": row.expires}
                session.add(SecretRow(id=derived.id, hash=derived.hash, only_follows=True, **fields))
    except IntegrityError:  # another request has kept it at this very moment
        pass
    return text
