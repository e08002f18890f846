"""The state and the files of sessions."""

import json
import re
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from take5.scoring.errors import OutputError
from take5.stream.output.atomic import new_file
from take5.stream.report.write import PAGE
from take5.stream.server.auth import Act, access_of, authorise, authorise_file, sessions_of, tickets_of
from take5.stream.server.entry import checked_name
from take5.stream.server.errors import Refused
from take5.stream.server.tickets import UNUSED_S
from take5.stream.texts.languages import languages

FILES = {
    "clip.mp4": "video/mp4",
    "clip.wav": "audio/wav",
    "idle.mp4": "video/mp4",
    "idle.wav": "audio/wav",
    "report.html": "text/html",
    "report.png": "image/png",
    "source.mp4": "video/mp4",
    "source.webm": "video/webm",
    "report.json": "application/json",
}

OF_LENGTH = re.compile(r"-[0-9.]+s(?=\.[a-z0-9]+$)")
"""What the name of a file of another length than the first has more, such as ``clip-10s.mp4``."""

FILE_HEADERS = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
REPORT_HEADERS = {
    **FILE_HEADERS,
    "Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",  # its address may hold a ticket
}
"""The report shows its own pictures in its own style, and loads nothing."""


async def config(request: Request) -> Response:
    """Return what a page needs to know."""
    sessions = sessions_of(request)
    about = sessions.about.json()
    known = {
        "picture": sessions.options.picture,
        "stop": about.pop("rules"),
        **about,
        "lengths": list(sessions.seconds),
        "lengths_by_default": list(sessions.seconds_by_default),
        "languages": languages(),
    }
    return JSONResponse({**known, "token_required": access_of(request).protected})


async def ice(request: Request) -> Response:
    """Return STUN and TURN servers with credentials, for a sender that is about to make its connection."""
    await authorise(request, Act.SEND)
    network = sessions_of(request).network
    body = {"ice_servers": [access.json() for access in network.access()], "expires_in": network.valid_s}
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


async def state(request: Request) -> Response:
    """Return a session's state, as ``hello`` does."""
    await authorise(request, Act.FOLLOW)
    return JSONResponse(sessions_of(request).entry(request.path_params["name"]).feed.hello())


async def ticket(request: Request) -> Response:
    """Return a ticket for the session's websocket, or for one of its files."""
    await authorise(request, Act.FOLLOW)
    issued = tickets_of(request).issue(checked_name(request.path_params["name"]))
    return JSONResponse({"ticket": issued, "expires_in": int(UNUSED_S)}, headers={"Cache-Control": "no-store"})


async def file(request: Request) -> Response:
    """Return one of the files of a session's last clip."""
    await authorise_file(request)
    entry = sessions_of(request).entry(request.path_params["name"])
    name = request.path_params["file"]
    kind = FILES.get(OF_LENGTH.sub("", name))
    path = None if kind is None else entry.file(name)
    if path is None:
        raise Refused(404, "not_found", f"session {entry.feed.name!r} has no {name}; it comes when the clip is ready")
    if not path.is_file():
        raise Refused(404, "not_found", f"{name} has been moved or removed on the server")
    return FileResponse(path, media_type=kind, headers=REPORT_HEADERS if name == PAGE else FILE_HEADERS)


async def accept(request: Request) -> Response:
    """Record that the clip has been accepted."""
    await authorise(request, Act.DECIDE)
    entry = sessions_of(request).entry(request.path_params["name"])
    clip = entry.clip
    if clip is None:
        raise Refused(404, "not_found", f"session {entry.feed.name!r} has no clip to accept")
    if not entry.folder.is_dir():
        raise Refused(404, "not_found", f"{entry.folder} has been moved or removed on the server")
    try:
        await run_in_threadpool(_write_accepted, entry.folder / "accepted.json")
    except OutputError as error:
        raise Refused(507, "not_written", f"{error}; make room, and try again") from error
    return JSONResponse((entry.accept() or clip).json())


def _write_accepted(path: Path) -> None:
    with new_file(path) as temporary:
        temporary.write_text(json.dumps({"accepted": True}) + "\n")


async def save(request: Request) -> Response:
    """Try now to write a clip that could not be written."""
    await authorise(request, Act.DECIDE)
    clip = await sessions_of(request).save(request.path_params["name"])
    return JSONResponse(clip.json())


async def health(request: Request) -> Response:
    """Return how many captures are going on, and whether there is room for another and its clip."""
    sessions = sessions_of(request)
    places, free = sessions.admission, await sessions.space.free()
    room = {"free_bytes": free, "disk_full": sessions.space.too_low(free)}
    taken = {"live": places.captures, "pending": places.pending, "capacity": places.capacity}
    return JSONResponse({**taken, "cost": round(places.cost, 2), **room})


async def prompted(request: Request) -> Response:
    """Let the stop rules start over: from now on the person speaks in another way."""
    await authorise(request, Act.DECIDE)
    name = request.path_params["name"]
    capture = sessions_of(request).entry(name).capture
    if capture is None:
        raise Refused(404, "not_found", f"session {name!r} has no capture that is going on")
    capture.restart()
    return Response(status_code=204)
