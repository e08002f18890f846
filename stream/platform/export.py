"""Everything that is held about a session and its person, in one ZIP archive: the record, and all files.

There are no secrets in it, and no paths of the server.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from take5.stream.output.places import Places
from take5.stream.output.zipped import archived, files_below
from take5.stream.platform.database import Database
from take5.stream.platform.footage import found_footage, is_lock
from take5.stream.platform.hooks.addresses import host_of
from take5.stream.platform.retention import erases
from take5.stream.platform.states import TakeState
from take5.stream.platform.tables import DeliveryRow, SecretRow, SessionRow, TakeRow, utc_now
from take5.stream.platform.work import DatabaseWork
from take5.stream.server.auth import authorise, sessions_of
from take5.stream.server.errors import Refused
from take5.stream.server.grant import Act
from take5.stream.spool.folder import BROKEN, SPOOLS
from take5.stream.wire import Json

VERSION = 1
SHOWN = (
    "id",
    "label",
    "person",
    "language",
    "strictness",
    "trainers",
    "prepare",
    "stop",
    "consent",
    "consent_text",
    "consent_version",
    "spoken_consent",
    "consented",
    "state",
    "failure",
    "created",
    "expires",
    "ended",
    "deleted",
    "retention_days",
    "erase_reason",
    "erased",
)
"""Columns of a session that are exported as they are."""

PATHS = ("path", "folder")
"""Keys of events that hold a path of the server and nothing else."""


class Exports:
    """Exports what is held about sessions.

    Parameters
    ----------
    work : DatabaseWork
        Reads the records.
    """

    def __init__(self, work: DatabaseWork) -> None:
        self._work = work

    @property
    def routes(self) -> list[Route]:
        """The address for a session's person."""
        return [Route("/api/sessions/{name}/export", self._export)]

    async def response(self, session_id: str, output: Path) -> Response:
        """Return the archive, which is made while it is sent.

        Parameters
        ----------
        session_id : str
            The session.
        output : Path
            The server's output folder.
        """
        record, held = await self._work.run(_record, self._work.database, session_id, output)
        try:
            files = await asyncio.to_thread(held.files, output)
        except OSError as error:
            raise Refused(500, "not_read", f"{error.filename}: cannot be read ({error.strerror or error})") from error
        text = json.dumps(record, indent=2, ensure_ascii=False, default=datetime.isoformat)
        headers = {
            "Content-Disposition": f'attachment; filename="{session_id}-export.zip"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        entries: list[tuple[str, Path | bytes]] = [("session.json", f"{text}\n".encode()), *files]
        return StreamingResponse(archived(entries), media_type="application/zip", headers=headers)

    async def _export(self, request: Request) -> Response:
        """Return everything that is held about the session and its person."""
        session = (await authorise(request, Act.DECIDE)).session
        assert session is not None  # noqa: S101 - each secret opens one
        return await self.response(session, sessions_of(request).output)


@dataclass(frozen=True)
class _Held:
    """Where the files of a session are: what a deletion would delete, but for what is still being captured."""

    session_id: str
    takes: tuple[Path, ...]
    consent_file: Path | None
    live: frozenset[str]

    def files(self, output: Path) -> list[tuple[str, Path | bytes]]:
        """Return every file with its name in the archive."""
        found = found_footage(output, self.session_id, self.takes, self.consent_file)
        over = (path for path in found if not (is_lock(path) or path.is_symlink() or path.name in self.live))
        files = [(_name(path, file), file) for path in over for file in files_below(path)]
        for _, file in files:
            file.open("rb").close()  # an archive that has begun can only be broken off
        return list(files)


def _name(path: Path, file: Path) -> str:
    """A spool has the name of its take: the folder before it tells them apart."""
    folder = "cut-off" if path.parent.name in (SPOOLS, BROKEN) else "files"
    return f"{folder}/{file.relative_to(path.parent)}"


def _record(database: Database, session_id: str, output: Path) -> tuple[Json, _Held]:
    with database.reading() as session:
        row = session.get_one(SessionRow, session_id)
        ours = select(DeliveryRow).where(DeliveryRow.session_id == session_id).order_by(DeliveryRow.number)
        deliveries = [_delivery(each) for each in session.scalars(ours)]
        secrets = select(SecretRow).where(SecretRow.session_id == session_id).order_by(SecretRow.kind, SecretRow.id)
        takes = tuple(Path(take.folder) for take in row.takes)
        bare = partial(_without_paths, places=Places([output, *(folder.parent for folder in takes)]))
        shown = {name: getattr(row, name) for name in SHOWN} | {"failure": bare(row.failure)}
        record = {
            "version": VERSION,
            "exported": utc_now(),
            "session": {**shown, "erases": erases(row), "hook": row.hook_url and host_of(row.hook_url)},
            "secrets": [
                {"holder": each.kind, "expires": each.expires, "revoked": each.revoked}
                for each in session.scalars(secrets)
            ],
            "takes": bare([_take(take) for take in row.takes]),
            "deliveries": bare(deliveries),
        }
        live = frozenset(take.id for take in row.takes if take.state == TakeState.LIVE)
        return record, _Held(session_id, takes, None if row.consent_file is None else Path(row.consent_file), live)


def _take(take: TakeRow) -> Json:
    return {name: getattr(take, name) for name in ("id", "state", "failure", "started", "ended", "accepted", "events")}


def _delivery(row: DeliveryRow) -> Json:
    names = ("id", "kind", "state", "receiver", "created", "attempts")
    payload = None if row.payload is None else json.loads(row.payload)
    return {**{name: getattr(row, name) for name in names}, "payload": payload}


def _without_paths(value: Any, places: Places) -> Any:
    """JSON without the paths of the server in it: commands and errors name what is in its folders as from there."""
    if isinstance(value, Mapping):
        return {key: _without_paths(each, places) for key, each in value.items() if key not in PATHS}
    if isinstance(value, list):
        return [_without_paths(each, places) for each in value]
    return places.without(value) if isinstance(value, str) else value
