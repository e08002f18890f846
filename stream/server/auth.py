"""What every handler asks of a request: whose sessions, and may it."""

import secrets

from starlette.requests import HTTPConnection

from take5.stream.server.errors import Refused
from take5.stream.server.sessions import Sessions


def sessions_of(connection: HTTPConnection) -> Sessions:
    """Return the sessions of the application."""
    sessions: Sessions = connection.app.state.sessions
    return sessions


def authorise(connection: HTTPConnection) -> None:
    """Raise Refused unless the request shows the token, if there is one."""
    token = connection.app.state.token
    if token is None:
        return
    kind, _, shown = connection.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer":
        shown = connection.query_params.get("token", "")
    if not secrets.compare_digest(shown.strip().encode(), token.encode()):
        text = "token missing or wrong; send Authorization: Bearer TOKEN"
        raise Refused(401, "unauthorized", text, {"WWW-Authenticate": "Bearer"})
