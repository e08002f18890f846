"""The recording in which a person says the sentence of consent: checked, kept beside the takes, handed out."""

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from take5.scoring.errors import OutputError, UnreadableMedia
from take5.stream.ffmpeg.short_recording import ShortRecording, read_recording
from take5.stream.output.atomic import new_file
from take5.stream.platform.consent import consent_json, consent_row, sentence
from take5.stream.platform.database import Database
from take5.stream.platform.hooks.kinds import HookKind
from take5.stream.platform.hooks.outbox import put
from take5.stream.platform.states import SessionState
from take5.stream.platform.tables import SessionRow, utc_now
from take5.stream.platform.work import DatabaseWork
from take5.stream.server.auth import authorise, sessions_of
from take5.stream.server.bodies import whole_body
from take5.stream.server.connections import let_body_be_slow
from take5.stream.server.errors import Refused, full
from take5.stream.server.files import FILE_HEADERS
from take5.stream.server.grant import Act
from take5.stream.texts.languages import languages
from take5.stream.wire import Json

STEM = "consent"
MAX_BYTES = 8 * 1024 * 1024
LEAST_S, MOST_S = 1.0, 30.0
UPLOAD_S = 300.0
"""How long an upload may take."""

MOST_UPLOADS = 8
"""Uploads at a time on a server: each is in memory while it is checked."""

TYPES = {".webm": "video/webm", ".mp4": "video/mp4"}


class SpokenConsents:
    """The recordings of consent.

    Parameters
    ----------
    work : DatabaseWork
        Reads and writes the records.
    """

    def __init__(self, work: DatabaseWork) -> None:
        self._work = work
        self._uploading: set[str] = set()

    @property
    def routes(self) -> list[Route]:
        """The address to which a person's page sends the recording, and where the person sees it again."""
        path = "/api/sessions/{name}/consent/recording"
        return [Route(path, self._show, methods=["GET"]), Route(path, self._keep, methods=["POST"])]

    async def _show(self, request: Request) -> Response:
        """Return the recording."""
        session = (await authorise(request, Act.DECIDE)).session
        assert session is not None  # noqa: S101 - each secret opens one
        return recording_response(session, await self._work.run(_file, self._work.database, session))

    async def _keep(self, request: Request) -> Response:
        """Check a recording, and keep it; once it is kept, it stays."""
        session = (await authorise(request, Act.DECIDE)).session
        assert session is not None  # noqa: S101 - as above
        language = request.query_params.get("language", "")
        if language not in languages():
            raise Refused(422, "invalid", f"say the sentence's language: ?language= one of {', '.join(languages())}")
        await self._work.run(_expected, self._work.database, session)
        with self._upload(session):
            let_body_be_slow(request.scope)
            try:
                async with asyncio.timeout(UPLOAD_S):
                    content = await whole_body(request, MAX_BYTES)
            except TimeoutError as error:
                raise Refused(408, "timeout", f"the recording has not arrived within {UPLOAD_S:g} s") from error
            found = await asyncio.to_thread(_checked, content)
            await authorise(request, Act.DECIDE)  # the secret may have been revoked while the body arrived
            folder = sessions_of(request).output / session
            body = await self._work.run(_store, self._work.database, session, folder, content, found, language)
        return JSONResponse(body, 201, {"Cache-Control": "no-store"})

    @contextmanager
    def _upload(self, session: str) -> Iterator[None]:
        """Let a session upload one recording at a time, and the server only so many."""
        if session in self._uploading:
            raise Refused(409, "busy", "another recording of this consent is being sent", {"Retry-After": "10"})
        if len(self._uploading) >= MOST_UPLOADS:
            raise full("too many recordings of consent are being sent")
        self._uploading.add(session)
        try:
            yield
        finally:
            self._uploading.discard(session)


def recording_response(session_id: str, path: Path | None) -> Response:
    """Return the recorded consent of a session; raise Refused if there is none."""
    if path is None or not path.is_file():
        raise Refused(404, "not_found", f"session {session_id!r} has no recorded consent")
    return FileResponse(path, media_type=TYPES[path.suffix], headers=FILE_HEADERS, filename=f"{session_id}-{path.name}")


def _checked(content: bytes) -> ShortRecording:
    """Return what a recording holds; raise Refused unless it can be a consent that was said."""
    if not content:
        raise Refused(422, "recording_invalid", "send the recording as the body: WebM or MP4")
    try:
        found = read_recording(content, MOST_S)
    except UnreadableMedia as error:
        raise Refused(422, "recording_invalid", str(error)) from error
    for name, length_s in (("picture", found.picture_s), ("sound", found.sound_s)):
        if not length_s:
            raise Refused(422, "recording_invalid", f"the recording has no {name}")
        if length_s < LEAST_S:
            raise Refused(422, "recording_invalid", f"the {name} is shorter than {LEAST_S:g} s")
    if found.seconds > MOST_S:
        raise Refused(422, "recording_invalid", f"the recording is longer than {MOST_S:g} s")
    if found.silent:
        raise Refused(422, "recording_silent", "nothing can be heard in the recording")
    return found


def _wanted(row: SessionRow) -> Json:
    """Return what the person has agreed to; raise Refused unless a recording is wanted."""
    if not row.spoken_consent:
        raise Refused(404, "not_found", f"session {row.id!r} asks for no recorded consent")
    if row.consented is None:
        raise Refused(409, "consent_missing", "the person has to agree to the text first")
    if row.state == SessionState.ACCEPTED:
        raise Refused(409, "accepted", "a take of this session has been accepted")
    return row.consented


def _expected(database: Database, session_id: str) -> None:
    with database.reading() as session:
        _wanted(consent_row(session, session_id))


def _file(database: Database, session_id: str) -> Path | None:
    with database.reading() as session:
        path = consent_row(session, session_id).consent_file
        return None if path is None else Path(path)


def _store(
    database: Database, session_id: str, folder: Path, content: bytes, found: ShortRecording, language: str
) -> Json:
    """Write the file and the record. The session's row is locked, so that no deletion comes between the two."""
    digest = hashlib.sha256(content).hexdigest()
    with database.writing() as session:
        row = consent_row(session, session_id, lock=True)
        consented = _wanted(row)
        before = consented.get("spoken")
        if before is not None:
            if before["sha256"] == digest:  # the answer was lost
                return consent_json(row)
            raise Refused(409, "consent_given", "the consent has been recorded; it stays as it is")
        path = folder / f"{STEM}.{found.kind}"
        _write(path, content)
        spoken = {
            "file": path.name,
            "sha256": digest,
            "bytes": len(content),
            "seconds": round(found.seconds, 2),
            "sentence": sentence(language, consented["name"]),
            "language": language,
            "time": utc_now().isoformat(timespec="seconds"),
        }
        row.consented, row.consent_file = {**consented, "spoken": spoken}, str(path)
        put(session, row, HookKind.CONSENTED, {"consented": row.consented})
        return consent_json(row)


def _write(path: Path, content: bytes) -> None:
    """Write the file, in place of what an earlier attempt may have left."""
    try:
        with new_file(path) as temporary:
            temporary.write_bytes(content)
        for suffix in TYPES.keys() - {path.suffix}:
            path.with_suffix(suffix).unlink(missing_ok=True)
    except (OutputError, OSError) as error:
        raise Refused(507, "not_written", f"{error}; make room, and try again") from error
