"""What every handler asks of a request: whose sessions, and may it."""

import secrets

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from take5.stream.server.errors import Refused
from take5.stream.server.sessions import Sessions


def sessions_of(connection: HTTPConnection) -> Sessions:
    """Return the sessions of the application."""
    sessions: Sessions = connection.app.state.sessions
    return sessions


def shows(headers: Headers, token: str) -> bool:
    """Whether a request shows the token: ``Authorization: Bearer TOKEN``."""
    kind, _, shown = headers.get("authorization", "").partition(" ")
    return kind.lower() == "bearer" and _same(shown.strip(), token)


def _same(shown: str, token: str) -> bool:
    return secrets.compare_digest(shown.encode(), token.encode())


def authorise(connection: HTTPConnection) -> None:
    """Raise Refused unless the request shows the token, if there is one."""
    token = connection.app.state.token
    if token is None:
        return
    if not (shows(connection.headers, token) or _same(connection.query_params.get("token", ""), token)):
        text = "token missing or wrong; send Authorization: Bearer TOKEN"
        raise Refused(401, "unauthorized", text, {"WWW-Authenticate": "Bearer"})
