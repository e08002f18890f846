"""The application of the sessions API, which is mounted into the server's."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from take5.stream.platform.api.delivery_routes import router as delivery_routes
from take5.stream.platform.api.problems import http_error, invalid, problem, refused
from take5.stream.platform.api.routes import router as session_routes
from take5.stream.platform.api.schema import DescribedApi, operation_id
from take5.stream.platform.api.secret_routes import router as secret_routes
from take5.stream.platform.api.take_routes import router as take_routes
from take5.stream.platform.service import Platform
from take5.stream.server.bodies import whole_body
from take5.stream.server.errors import Refused
from take5.stream.server.openings import Openings
from take5.stream.server.sessions import Sessions

VERSION = "1"
MAX_BODY = 64 * 1024
"""Bytes of a request's body, at most."""


def create_api(platform: Platform, sessions: Sessions, openings: Openings) -> FastAPI:
    """Make the application.

    Parameters
    ----------
    platform : Platform
        What it works with.
    sessions : Sessions
        The captures of the server.
    openings : Openings
        What is open on the server.
    """
    api = DescribedApi(
        title="take5 sessions",
        version=VERSION,
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
        generate_unique_id_function=operation_id,
        exception_handlers={
            Refused: refused,
            RequestValidationError: invalid,
            HTTPException: http_error,
        },
    )
    api.add_middleware(BodyLimit)
    for routes in (session_routes, secret_routes, take_routes, delivery_routes):
        api.include_router(routes)
    api.state.platform, api.state.sessions, api.state.openings = platform, sessions, openings
    return api


class BodyLimit:
    """Refuses requests whose body is too large, before it is in memory.

    Parameters
    ----------
    app : ASGIApp
        The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read a request's body, then let the application answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            body = await whole_body(Request(scope, receive), MAX_BODY)
        except Refused as error:
            await problem(error.status, error.code, str(error))(scope, receive, send)
            return
        read = False

        async def replay() -> Message:
            nonlocal read
            if read:
                return await receive()
            read = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)
