"""The secrets of a session, one by one: a new one, and none."""

from fastapi import APIRouter, Depends, Request, Response

from take5.stream.platform.api.caller import SCHEME, base_of, openings_of, platform_of
from take5.stream.platform.api.models import NewSecret
from take5.stream.platform.api.routes import ERRORS, Writer
from take5.stream.platform.session_secrets import Holder, link_of

router = APIRouter(
    prefix="/sessions/{session_id}/secrets", tags=["secrets"], dependencies=[Depends(SCHEME)], responses=ERRORS
)


@router.post("/{holder}", status_code=201)
async def new_secret(
    request: Request, response: Response, caller: Writer, session_id: str, holder: Holder
) -> NewSecret:
    """Give the person, the sender or the follower of a session a new secret; the former one opens nothing any more."""
    platform = platform_of(request)
    secret, expires = await platform.work.run(platform.records.new_secret, caller.key.id, session_id, holder)
    openings_of(request).revoke(session_id, (holder,))
    response.headers["Cache-Control"] = "no-store"
    link = link_of(base_of(request), session_id, holder, secret)
    return NewSecret(holder=holder, secret=secret, expires=expires, link=link)


@router.delete("/{holder}", status_code=204)
async def revoke_secret(request: Request, caller: Writer, session_id: str, holder: Holder) -> None:
    """Revoke one secret of a session; the others go on. It may be repeated."""
    platform = platform_of(request)
    await platform.work.run(platform.records.revoke_secret, caller.key.id, session_id, holder)
    openings_of(request).revoke(session_id, (holder,))
