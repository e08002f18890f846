"""The ASGI application: WHIP, the state and files of sessions, the websocket of events, the pages.

It can be mounted into another application, at any path; then that one calls :meth:`Sessions.recover` when it starts,
and :meth:`Sessions.drain` before it ends.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from take5.scoring.errors import ParameterError
from take5.stream.server import api, prompter, whip
from take5.stream.server.access import ANY, checked_token, origin_of, proxy_of, root_path_of
from take5.stream.server.access_log import AccessLog
from take5.stream.server.auth import Access, TokenAccess
from take5.stream.server.errors import Refused, refused
from take5.stream.server.events_socket import events_socket
from take5.stream.server.openings import Openings
from take5.stream.server.origins import Guard, is_public, page_policy
from take5.stream.server.proxies import Forwarded
from take5.stream.server.readiness import Readiness
from take5.stream.server.sessions import Sessions
from take5.stream.texts.languages import FOLDER, languages
from take5.stream.texts.prompts import read_folder

if TYPE_CHECKING:
    from take5.stream.platform.service import Platform

PERMISSIONS = (
    "camera=(self), microphone=(self), screen-wake-lock=(self), autoplay=(self), fullscreen=(self), "
    "display-capture=(), geolocation=(), payment=(), usb=()"
)
"""What the page may ask the browser for; in a frame of another page, what that page's ``allow`` names of it."""
PAGE_HEADERS = {
    "Permissions-Policy": PERMISSIONS,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
PUBLIC_HEADERS = {"Access-Control-Allow-Origin": ANY, "Cross-Origin-Resource-Policy": "cross-origin"}
METHOD_NOT_ALLOWED = 405
FILE_METHODS = "GET, HEAD"
CODES = {404: "not_found", METHOD_NOT_ALLOWED: "method_not_allowed"}


def create_app(
    sessions: Sessions,
    *,
    token: str | None = None,
    pages: Path | None = None,
    prompts: Path | None = None,
    origins: Sequence[str] = (),
    proxies: Sequence[str] = (),
    root_path: str = "",
    platform: "Platform | None" = None,
    access_log: bool = False,
) -> Starlette:
    """Make the application.

    Parameters
    ----------
    sessions : Sessions
        What it serves.
    token : str, optional
        Bearer token that senders and followers must show.
    pages : Path, optional
        Folder of the page, served at ``/``.
    prompts : Path, optional
        Folder of the lists of sentences to read, for ``/api/prompts``.
    origins : sequence of str
        Origins whose pages may call it, besides its own; ``*`` for all.
    proxies : sequence of str
        Addresses and networks of proxies whose ``X-Forwarded-`` headers count.
    root_path : str
        Path under which clients reach it through a proxy.
    platform : Platform, optional
        Whose programs create sessions at ``/api/v1``. Then each session has secrets of its own, and there is no token.
    access_log : bool
        Whether requests are logged, to the logger ``take5.access``.

    Raises
    ------
    ParameterError
        If the token is blank, or given together with a platform, or if an origin, a proxy or the root path is not one.
    """
    access = _access(checked_token(token), platform)
    allowed = [origin_of(text) for text in origins]
    guard = Middleware(Guard, origins=allowed, access=access)
    forwarded = Middleware(Forwarded, proxies=list(map(proxy_of, proxies)), root_path=root_path_of(root_path))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        recovering = await sessions.recover()
        yield
        await sessions.drain()
        await recovering
        if platform is not None:
            await platform.settle()

    openings = Openings()
    app = Starlette(
        routes=[
            Readiness(None if platform is None else lambda: platform.check()).route,
            *_platform_routes(platform, sessions, openings),
            *_routes(pages, allowed),
        ],
        middleware=[forwarded, *([Middleware(AccessLog)] if access_log else []), guard],
        exception_handlers={Refused: refused, HTTPException: _http_error},
        lifespan=lifespan,
    )
    app.state.sessions, app.state.access, app.state.openings = sessions, access, openings
    app.state.prompts = {} if prompts is None else read_folder(prompts)
    return app


def _access(token: str | None, platform: "Platform | None") -> Access:
    if platform is None:
        return TokenAccess(token)
    if token is not None:
        raise ParameterError("a token and a platform exclude each other: a platform's sessions have their own secrets")
    return platform.access


def _platform_routes(platform: "Platform | None", sessions: Sessions, openings: Openings) -> list[BaseRoute]:
    if platform is None:
        return []
    from take5.stream.platform.api.app import create_api  # other servers need no database's libraries

    sessions.watch = platform.watch
    platform.start(sessions, openings)
    api = Mount("/api/v1", create_api(platform, sessions, openings))
    return [api, *platform.routes]


def _routes(pages: Path | None, origins: Sequence[str] = ()) -> list[BaseRoute]:
    routes: list[BaseRoute] = [
        *(Route(path, whip.Offers) for path in ("/whip", "/whip/", "/whip/{name}", "/whip/{name}/")),
        *(Route(path, whip.Resource) for path in ("/whip/{name}/{capture}", "/whip/{name}/{capture}/")),
        Route("/api/config", api.config),
        Route("/api/ice", api.ice),
        Route("/api/prompts", prompter.languages),
        Route("/api/prompts/{language}", prompter.following),
        Route("/api/sessions/{name}", api.state),
        Route("/api/sessions/{name}/access", api.access),
        Route("/api/sessions/{name}/accept", api.accept, methods=["POST"]),
        Route("/api/sessions/{name}/save", api.save, methods=["POST"]),
        Route("/api/sessions/{name}/prompted", api.prompted, methods=["POST"]),
        Route("/api/sessions/{name}/end", api.end, methods=["POST"]),
        Route("/api/sessions/{name}/ticket", api.ticket, methods=["POST"]),
        WebSocketRoute("/api/sessions/{name}/events", events_socket),
        Route("/api/sessions/{name}/{file}", api.file),
        Route("/healthz", api.health),
    ]
    if pages is not None:
        routes.append(Mount("/texts", Texts(directory=FOLDER)))
        routes.append(Mount("/", Pages(directory=pages, html=True, framed_by=origins)))
    return routes


class Pages(StaticFiles):
    """The page's files, which may talk to this server only.

    Parameters
    ----------
    directory : Path
        Where they are.
    framed_by : sequence of str
        Origins whose pages may show the page in a frame; ``*`` for all.
    """

    below = "/"

    def __init__(self, directory: Path, *, html: bool = False, framed_by: Sequence[str] = ()) -> None:
        super().__init__(directory=directory, html=html)
        self._framed_by = framed_by

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file with the headers that keep the page to itself; public files may be loaded from everywhere."""
        response = await super().get_response(path, scope)
        policy = page_policy(scope, self._framed_by)
        response.headers.update({**PAGE_HEADERS, "Content-Security-Policy": policy})
        if is_public(self.below + path):
            response.headers.update(PUBLIC_HEADERS)
        return response


class Texts(Pages):
    """The texts for the page, one JSON file per language; the folder's other files are not served."""

    below = "/texts/"

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return ``LANGUAGE.json``."""
        if path not in {f"{language}.json" for language in languages()}:
            raise HTTPException(404)
        return await super().get_response(path, scope)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    text, headers = error.detail, dict(error.headers or {})
    if error.status_code == METHOD_NOT_ALLOWED:
        headers["Allow"] = _allowed(request) or headers.get("Allow", FILE_METHODS)
        text = f"{request.method} is not possible at this address; possible: {headers['Allow']}"
    body = {"error": text, "code": CODES.get(error.status_code, "refused")}
    return JSONResponse(body, error.status_code, headers=headers)


def _allowed(request: Request) -> str:
    """The methods of an address that is not a file's and does not state them itself."""
    routes = (route for route in request.app.routes if isinstance(route, Route))
    found = next((route for route in routes if route.matches(request.scope)[0] is not Match.NONE), None)
    return "" if found is None else ", ".join(sorted(found.methods or ()))
