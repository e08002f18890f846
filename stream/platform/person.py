"""What a person's page reads besides the server's own addresses: the session's takes, and a QR code of its link."""

import io
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from take5.stream.events import ClipReady, Event, Failed, NoClip, Reported, Stopped
from take5.stream.platform.database import Database
from take5.stream.platform.session_secrets import Holder, link_of
from take5.stream.platform.tables import SessionRow, TakeRow
from take5.stream.platform.takes import known_events
from take5.stream.platform.watch import RecordWatch
from take5.stream.platform.work import DatabaseWork
from take5.stream.server.auth import authorise, bearer
from take5.stream.server.grant import Act
from take5.stream.server.origins import reached
from take5.stream.wire import Json

NO_STORE = {"Cache-Control": "no-store"}
QR_HEADERS = {**NO_STORE, "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'"}
QUIET_ZONE = 4
"""Modules of white around a QR code."""


class PersonPages:
    """The addresses of a person's page.

    Parameters
    ----------
    work : DatabaseWork
        Reads the takes.
    watch : RecordWatch
        Writes them.
    """

    def __init__(self, work: DatabaseWork, watch: RecordWatch) -> None:
        self._work, self._watch = work, watch

    @property
    def routes(self) -> list[Route]:
        """The addresses."""
        session = "/api/sessions/{name}"
        return [Route(f"{session}/takes", self._takes), Route(f"{session}/qr.svg", self._qr)]

    async def _takes(self, request: Request) -> Response:
        """Return the takes of a session, the first one first."""
        session = (await authorise(request, Act.FOLLOW)).session
        assert session is not None  # noqa: S101 - each secret opens one
        await self._watch.written(session)
        return JSONResponse({"takes": await self._work.run(_shown, self._work.database, session)}, headers=NO_STORE)

    async def _qr(self, request: Request) -> Response:
        """Return a QR code of the link that holds the secret which the request shows."""
        session = (await authorise(request, Act.DECIDE)).session
        shown = bearer(request.headers)
        assert session is not None  # noqa: S101 - as above
        assert shown is not None  # noqa: S101 - or nothing would have been found
        base = reached(request.scope) + request.scope.get("root_path", "")
        return Response(qr_code(link_of(base, session, Holder.PERSON, shown)), 200, QR_HEADERS, "image/svg+xml")


def qr_code(text: str) -> bytes:
    """Return a QR code as SVG, black on white."""
    import segno

    drawn = io.BytesIO()
    segno.make(text, micro=False).save(drawn, kind="svg", border=QUIET_ZONE, light="#fff", omitsize=True)
    return drawn.getvalue()


def _shown(database: Database, session_id: str) -> list[Json]:
    with database.reading() as session:
        row = session.get_one(SessionRow, session_id)
        return [_json(session_id, take) for take in row.takes]


def _json(session_id: str, take: TakeRow) -> Json:
    """A take as its session's person may see it: without paths."""
    events = known_events(take)
    clips = [_outcome(session_id, take, event) for event in events if isinstance(event, ClipReady | NoClip)]
    first = next((clip for clip in clips if clip["type"] == "clip"), None)
    return {
        "id": take.id,
        "state": take.state,
        "started": take.started.isoformat(timespec="seconds"),
        "ended": take.ended and take.ended.isoformat(timespec="seconds"),
        "accepted": take.accepted is not None,
        "clip": first,
        "more_clips": [clip for clip in clips if clip is not first],
        "stopped": _last(events, Stopped),
        "report": next((_outcome(session_id, take, each) for each in events if isinstance(each, Reported)), None),
        "error": _last(events, Failed),
    }


def _outcome(session_id: str, take: TakeRow, event: Event) -> Json:
    """An event with the addresses of this take's files."""
    shown = {key: value for key, value in event.json().items() if key != "path"}
    if "files" in shown:
        end = f"?take={quote(take.id, safe='')}"
        shown["files"] = {name: f"api/sessions/{session_id}/{name}{end}" for name in shown["files"]}
    return shown


def _last(events: tuple[Event, ...], kind: type[Event]) -> Json | None:
    return next((event.json() for event in events if isinstance(event, kind)), None)
