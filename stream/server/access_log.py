"""The log of requests: what was asked for, by its template, never by its address, which may hold tickets."""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("take5.access")
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
        path, status, began = scope["path"].removeprefix(scope.get("root_path", "")), 0, time.monotonic()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "websocket.close":
                status = message.get("code", 1000)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            lasted_ms, parameters = round(1000 * (time.monotonic() - began)), scope.get("path_params") or {}
            fields = {
                "method": scope.get("method", "WS"),
                "route": template(path, parameters),
                "status": status,
                "ms": lasted_ms,
                "session": next((str(parameters[name]) for name in SESSION if name in parameters), None),
            }
            log.info("%(method)s %(route)s %(status)d %(ms)d ms session=%(session)s", fields, extra={"request": fields})


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
