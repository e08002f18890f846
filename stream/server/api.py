"""The state and the files of sessions."""

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from take5.stream.server.auth import access_of, authorise, authorise_file, sessions_of, tickets_of
from take5.stream.server.bodies import json_body
from take5.stream.server.entry import checked_name
from take5.stream.server.errors import Refused
from take5.stream.server.files import file_response, is_file
from take5.stream.server.grant import Act
from take5.stream.server.tickets import UNUSED_S
from take5.stream.texts.languages import languages


class Choice(msgspec.Struct):
    """What a person sends who accepts a take."""

    take: str | None = None


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
    decides = access_of(request)
    return JSONResponse({**known, "token_required": decides.protected, "platform": decides.own_secrets})


async def ice(request: Request) -> Response:
    """Return STUN and TURN servers with credentials, for a sender that is about to make its connection."""
    await authorise(request, Act.SEND)
    servers = sessions_of(request).ice
    body = {"ice_servers": [access.json() for access in servers.access()], "expires_in": servers.valid_s}
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


async def state(request: Request) -> Response:
    """Return a session's state, as ``hello`` does."""
    await authorise(request, Act.FOLLOW)
    return JSONResponse((await sessions_of(request).find(request.path_params["name"])).feed.hello())


async def access(request: Request) -> Response:
    """Return what a request may do with a session, the language of the session's person, and where the session is."""
    grant = await authorise(request, Act.FOLLOW)
    may = [act.value for act in Act if act in grant.may]
    state = await sessions_of(request).state(request.path_params["name"])
    about = {"asks_consent": grant.asks_consent, "state": state}
    body = {"may": may, "language": grant.language, "closed": grant.closed, **about}
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


async def ticket(request: Request) -> Response:
    """Return a ticket for the session's websocket, or for one of its files."""
    grant = await authorise(request, Act.FOLLOW)
    issued = tickets_of(request).issue(checked_name(request.path_params["name"]), grant)
    return JSONResponse({"ticket": issued, "expires_in": int(UNUSED_S)}, headers={"Cache-Control": "no-store"})


async def file(request: Request) -> Response:
    """Return one of the files of a session's last clip, or of the take that is asked for."""
    await authorise_file(request)
    session, name, take = request.path_params["name"], request.path_params["file"], request.query_params.get("take")
    path = await sessions_of(request).file(session, name, take) if is_file(name) else None
    if path is None:
        raise Refused(404, "not_found", f"session {session!r} has no {name}; it comes when the clip is ready")
    return file_response(path)


async def accept(request: Request) -> Response:
    """Record that the clip has been accepted, or that of the take that the body of a platform's person names."""
    await authorise(request, Act.DECIDE)
    choice = (
        await json_body(request, Choice, 'send nothing, or {"take": ID}') if access_of(request).own_secrets else None
    )
    take = None if choice is None else choice.take
    return JSONResponse((await sessions_of(request).accept(request.path_params["name"], take)).json())


async def end(request: Request) -> Response:
    """End the session's capture, whichever device sends it; the best clip is saved."""
    await authorise(request, Act.DECIDE)
    sessions_of(request).end(request.path_params["name"])
    return Response(status_code=204)


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
    return JSONResponse({**taken, "processes": places.processes, "cost": round(places.cost, 2), **room})


async def prompted(request: Request) -> Response:
    """Let the stop rules start over: from now on the person speaks in another way."""
    await authorise(request, Act.DECIDE)
    name = request.path_params["name"]
    capture = sessions_of(request).entry(name).capture
    if capture is None:
        raise Refused(404, "not_found", f"session {name!r} has no capture that is going on")
    capture.restart()
    return Response(status_code=204)
