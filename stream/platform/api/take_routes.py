"""The takes of a session: list, download, accept, ask for another."""

import asyncio
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response, StreamingResponse

from take5.scoring.parameters import FPS
from take5.stream.output.zipped import zipped
from take5.stream.platform.api.caller import SCHEME, platform_of
from take5.stream.platform.api.models import Session
from take5.stream.platform.api.routes import ERRORS, Reader, Writer, sessions_of
from take5.stream.platform.api.take_models import Accept, Retake, Take, Takes
from take5.stream.platform.records import refuse_closed
from take5.stream.platform.spoken_consent import recording_response
from take5.stream.platform.tables import SessionRow, TakeRow
from take5.stream.platform.takes import Known, chosen_take, has_clip
from take5.stream.report.write import PAGE
from take5.stream.server.errors import Refused
from take5.stream.server.files import file_response, is_file

router = APIRouter(prefix="/sessions/{session_id}", tags=["takes"], dependencies=[Depends(SCHEME)], responses=ERRORS)
TakeId = Annotated[
    str | None, Query(alias="take", description="By default the accepted one, else the last with a clip.")
]
Seconds = Annotated[
    float | None,
    Query(gt=0, le=60, description="Length of its window; by default the first."),
]
FILE = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}

AS_BEFORE, LAST_WITH_CLIP = Retake(expires_in_s=None), Accept(take=None)
"""What requests without a body ask for. Were null a body, generated clients could not leave it out."""


@router.post("/retake")
async def retake_session(request: Request, caller: Writer, session_id: str, body: Retake = AS_BEFORE) -> Session:
    """Let a sender begin again, also after a take has been accepted or the secrets have expired; takes stay."""
    platform, sessions = platform_of(request), sessions_of(request)
    records, key_id = platform.records, caller.key.id

    async def accepted_takes() -> list[Path]:
        row = await platform.work.run(records.get, key_id, session_id)
        return [Path(take.folder) for take in row.takes if take.accepted is not None]

    async def record() -> SessionRow:
        return await platform.work.run(records.retake, key_id, session_id, body.expires_in)

    return Session.of(await sessions.decisions.withdraw(session_id, accepted_takes, record))


@router.post("/accept")
async def accept(request: Request, caller: Writer, session_id: str, body: Accept = LAST_WITH_CLIP) -> Session:
    """Accept a take: no sender may begin until another is asked for."""
    platform, sessions = platform_of(request), sessions_of(request)
    row = await platform.work.run(platform.records.get, caller.key.id, session_id)
    refuse_closed(row)
    take = _take(row, body.take)
    if not has_clip(take):
        raise Refused(409, "no_clip", f"take {take.id!r} has no clip")
    await sessions.decisions.accept(row.id, Path(take.folder))
    return Session.of(await platform.work.run(platform.records.get, caller.key.id, session_id))


@router.get("/consent/recording", response_class=Response, responses={200: FILE})
async def download_consent(request: Request, caller: Reader, session_id: str) -> Response:
    """Return the recording in which the person says the sentence of consent."""
    platform = platform_of(request)
    row = await platform.work.run(platform.records.get, caller.key.id, session_id)
    return recording_response(row.id, None if row.consent_file is None else Path(row.consent_file))


@router.get("/export", response_class=Response, responses={200: FILE})
async def export(request: Request, caller: Reader, session_id: str) -> Response:
    """Download everything that is held about a session and its person, as a ZIP archive."""
    platform = platform_of(request)
    row = await platform.work.run(platform.records.get, caller.key.id, session_id)
    return await platform.exports.response(row.id, sessions_of(request).output)


@router.get("/takes")
async def list_takes(request: Request, caller: Reader, session_id: str) -> Takes:
    """List the takes of a session, the first one first."""
    platform = platform_of(request)
    row = await platform.work.run(platform.records.get, caller.key.id, session_id)
    return Takes(takes=[Take.of(take) for take in row.takes])


@router.get("/clip", response_class=Response, responses={200: FILE})
async def download_clip(
    request: Request, caller: Reader, session_id: str, take: TakeId = None, seconds: Seconds = None
) -> Response:
    """Download a clip: MP4, 25 frames a second, sound in AAC."""
    found = await _found(request, caller.key.id, session_id, take)
    wanted = None if seconds is None else round(seconds * FPS)
    clips = (each for each in Known.of(found).clips if wanted in (None, each.window_frames))
    names = (name for clip in clips for name in clip.files if name.startswith("clip") and name.endswith(".mp4"))
    return _file(found, next(names, None), "clip")


@router.get("/report", response_class=Response, responses={200: FILE})
async def download_report(request: Request, caller: Reader, session_id: str, take: TakeId = None) -> Response:
    """Download the report for people, one HTML file."""
    found = await _found(request, caller.key.id, session_id, take)
    return _file(found, PAGE if PAGE in Known.of(found).files else None, "report")


@router.get("/files/{name}", response_class=Response, responses={200: FILE})
async def download_file(request: Request, caller: Reader, session_id: str, name: str, take: TakeId = None) -> Response:
    """Download one of a take's `files`."""
    found = await _found(request, caller.key.id, session_id, take)
    return _file(found, name if is_file(name) and name in Known.of(found).files else None, f"file {name!r}")


@router.get("/bundles/{trainer}", response_class=Response, responses={200: FILE})
async def download_bundle(
    request: Request, caller: Reader, session_id: str, trainer: str, take: TakeId = None, seconds: Seconds = None
) -> Response:
    """Download a trainer's bundle, as a ZIP archive."""
    found = await _found(request, caller.key.id, session_id, take)
    bundle = Known.of(found).bundle(trainer, None if seconds is None else round(seconds * FPS))
    path = None if bundle is None else Path(bundle.path)
    if path is None or not await asyncio.to_thread(path.exists):
        raise Refused(404, "not_found", f"take {found.id!r} has no bundle for {trainer!r}, or it has been moved")
    headers = {"Content-Disposition": f'attachment; filename="{found.id}-{trainer}.zip"', "Cache-Control": "no-store"}
    return StreamingResponse(zipped(path), media_type="application/zip", headers=headers)


async def _found(request: Request, key_id: str, session_id: str, take: str | None) -> TakeRow:
    platform = platform_of(request)
    return _take(await platform.work.run(platform.records.get, key_id, session_id), take)


def _take(row: SessionRow, take: str | None) -> TakeRow:
    """Return a take of a session, by default the accepted one, else the last with a clip."""
    found = chosen_take(row) if take is None else next((each for each in row.takes if each.id == take), None)
    if found is None:
        raise Refused(404, "not_found", f"session {row.id!r} has no " + (f"take {take!r}" if take else "clip yet"))
    return found


def _file(take: TakeRow, name: str | None, what: str) -> Response:
    if name is None:
        raise Refused(404, "not_found", f"take {take.id!r} has no {what}")
    return file_response(Path(take.folder) / name, f"{take.id}-{name}")
