"""The log of requests: what was asked for, by its template, never by its address, which may hold tickets."""

import logging
import re
import time

from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from take5.stream.server.entry import NAME

log = logging.getLogger("take5.access")
FAULTS = {"http": 500, "websocket": 1006}
"""What a fault of the server's is answered with, after it has passed here: an error, or a lost connection."""

SESSION = ("name", "session_id")
"""Parameters of paths that name a session."""


class AccessLog:
    """Logs each request when it has been answered, and each websocket when it has ended.

    Parameters
    ----------
    app : ASGIApp
        The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, and log it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        base, status, began = scope.get("root_path", ""), 0, time.monotonic()
        path = scope["path"].removeprefix(base)

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "websocket.close":
                status = message.get("code", 1000)
            await send(message)

        async def heard() -> Message:
            nonlocal status
            message = await receive()
            if message["type"] == "websocket.disconnect":
                status = message.get("code") or 1005  # the follower has left
            return message

        try:
            await self._app(scope, heard, watched)
        except Exception:
            status = status or FAULTS[scope["type"]]
            raise
        finally:
            lasted_ms, parameters = round(1000 * (time.monotonic() - began)), scope.get("path_params") or {}
            named = next((str(parameters[name]) for name in SESSION if name in parameters), "")
            fields = {
                "method": scope.get("method", "WS"),
                "route": _route(scope, base) or template(path, parameters),
                "status": status,
                "ms": lasted_ms,
                "session": named if NAME.fullmatch(named) else None,  # else anyone could write lines of their own
            }
            log.info("%(method)s %(route)s %(status)d %(ms)d ms session=%(session)s", fields, extra={"request": fields})


def _route(scope: Scope, base: str) -> str | None:
    """The path of the route that answered, where Starlette tells it."""
    route = scope.get("route")
    if not isinstance(route, Route | WebSocketRoute):
        return None
    return re.sub(r":\w+}", "}", scope.get("root_path", "").removeprefix(base) + route.path)


def template(path: str, parameters: dict[str, object]) -> str:
    """Return a path with the names of its parameters in place of their values; "-" for one that no route has."""
    if not parameters:
        return path if path in PLAIN else "-"
    names = {str(value): name for name, value in parameters.items()}
    return "/".join(f"{{{names[part]}}}" if part in names else part for part in path.split("/"))


PLAIN = {
    "/",
    "/whip",
    "/api/config",
    "/api/ice",
    "/api/prompts",
    "/api/v1/sessions",
    "/api/v1/deliveries",
    "/healthz",
    "/readyz",
}
"""Paths without parameters; the page's files and what is not there are "-"."""
