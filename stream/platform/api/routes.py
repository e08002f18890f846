"""The sessions of a key: create, list, show, cancel, delete."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from sqlalchemy.exc import IntegrityError
from starlette.responses import Response

from take5.scoring.errors import OutputError
from take5.stream.platform.api.caller import SCHEME, Caller, base_of, caller_with, openings_of, platform_of
from take5.stream.platform.api.models import CreatedSession, DeletedSession, NewSession, Session, SessionPage, Text
from take5.stream.platform.api.problems import MEDIA_TYPE, Problem
from take5.stream.platform.database import Database
from take5.stream.platform.erasure import DELETED
from take5.stream.platform.footage import delete_footage
from take5.stream.platform.idempotency import Repeatable
from take5.stream.platform.keys import Scope
from take5.stream.platform.orders import order_for
from take5.stream.platform.records import Wanted, add
from take5.stream.platform.session_secrets import Holder
from take5.stream.platform.states import SessionState
from take5.stream.server.errors import Refused
from take5.stream.server.sessions import Sessions

REPLAYED = "Idempotent-Replayed"
ERRORS: dict[int | str, dict[str, Any]] = {
    "default": {"model": Problem, "content": {MEDIA_TYPE: {}}, "description": "Refused."}
}
Reader = Annotated[Caller, Depends(caller_with(Scope.READ))]
Writer = Annotated[Caller, Depends(caller_with(Scope.WRITE))]
router = APIRouter(prefix="/sessions", tags=["sessions"], dependencies=[Depends(SCHEME)], responses=ERRORS)


@router.post("", status_code=201, response_model=CreatedSession)
async def create(
    request: Request,
    caller: Writer,
    new: NewSession,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> Response:
    """Create a session. With an Idempotency-Key, a repeated request gets the first one's answer for a day."""
    platform, wanted = platform_of(request), new.wanted()
    if wanted.retention_days is None:
        wanted = replace(wanted, retention_days=platform.retention.days)
    order_for(wanted, sessions_of(request).order)  # refuses what this server does not do
    repeatable = None
    if idempotency_key is not None:
        repeatable = Repeatable(caller.key.id, caller.secret, idempotency_key, new.signed())
    database, base = platform.work.database, base_of(request)
    body, replayed = await platform.work.run(_create, database, caller.key.id, wanted, base, repeatable)
    headers = {"Cache-Control": "no-store", **({REPLAYED: "true"} if replayed else {})}
    return Response(body, 201, headers, "application/json")


def _create(
    database: Database, key_id: str, wanted: Wanted, base: str, repeatable: Repeatable | None
) -> tuple[bytes, bool]:
    """Create a session, unless it has been; return the answer, and whether it is an earlier one."""
    try:
        with database.writing() as session:
            before = None if repeatable is None else repeatable.answered(session)
            if before is not None:
                return before, True
            row, secrets = add(session, key_id, wanted)
            answer = CreatedSession.with_secrets(row, secrets, base).model_dump_json().encode()
            if repeatable is not None:
                repeatable.remember(session, row.id, answer)
            return answer, False
    except (IntegrityError, Refused):  # the same request may have been answered at this very moment
        with database.reading() as session:
            before = None if repeatable is None else repeatable.answered(session)
        if before is None:
            raise
        return before, True


@router.get("")
async def list_sessions(
    request: Request,
    caller: Reader,
    state: SessionState | None = None,
    label: Text | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> SessionPage:
    """List the key's sessions, the latest first; the deleted ones only with `state=deleted`."""
    platform = platform_of(request)
    rows, following = await platform.work.run(platform.records.page, caller.key.id, limit, cursor, state, label)
    return SessionPage(sessions=[Session.of(row) for row in rows], next=following)


@router.get("/{session_id}")
async def show(request: Request, caller: Reader, session_id: str) -> Session:
    """Show a session."""
    platform = platform_of(request)
    return Session.of(await platform.work.run(platform.records.get, caller.key.id, session_id))


@router.post("/{session_id}/cancel")
async def cancel(request: Request, caller: Writer, session_id: str) -> Session:
    """Cancel a session: its secrets open nothing any more, and a capture ends. Files stay until it is deleted."""
    platform = platform_of(request)
    row = await platform.work.run(platform.records.cancel, caller.key.id, session_id)
    openings_of(request).revoke(row.id, tuple(Holder), "the session has been cancelled")
    sessions_of(request).hang_up(row.id)
    return Session.of(row)


@router.delete("/{session_id}")
async def delete(request: Request, caller: Writer, session_id: str) -> DeletedSession:
    """Cancel a session, wait for its capture to end, and delete its footage and what is known of the person."""
    platform, sessions = platform_of(request), sessions_of(request)
    row = await platform.work.run(platform.records.cancel, caller.key.id, session_id)
    openings_of(request).revoke(row.id, tuple(Holder), DELETED)
    if not await sessions.remove(row.id):
        raise Refused(409, "busy", "the session's clip is still being written; try again", {"Retry-After": "10"})
    recorded = [Path(take.folder) for take in row.takes]
    consent_file = None if row.consent_file is None else Path(row.consent_file)
    try:
        footage = await platform.work.run(partial(delete_footage, sessions.output, row.id, recorded, consent_file))
    except OutputError as error:
        raise Refused(500, "not_deleted", str(error)) from error
    counts = {"takes": len(recorded), **footage.counts}
    row = await platform.work.run(platform.records.mark_deleted, caller.key.id, session_id, counts)
    return DeletedSession(id=row.id, state=SessionState(row.state), deleted=list(footage.paths))


def sessions_of(request: Request) -> Sessions:
    """Return the sessions of the server."""
    sessions: Sessions = request.app.state.sessions
    return sessions
