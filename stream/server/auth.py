"""What every handler asks of a request: whose sessions, and may it."""

import secrets

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.websockets import WebSocket

from take5.stream.server.errors import Refused
from take5.stream.server.sessions import Sessions
from take5.stream.server.tickets import Tickets

TOKEN_WRONG = "token missing or wrong; send Authorization: Bearer TOKEN"  # noqa: S105 - a text
IN_ADDRESS = (  # at most as long as the reason of a websocket's close
    "?token= is not accepted, since logs keep it; send Authorization: Bearer TOKEN, "
    "or get a ticket: POST .../NAME/ticket"
)
TICKET_WRONG = "the ticket has been used or has expired; get another: POST /api/sessions/NAME/ticket"


def sessions_of(connection: HTTPConnection) -> Sessions:
    """Return the sessions of the application."""
    sessions: Sessions = connection.app.state.sessions
    return sessions


def tickets_of(connection: HTTPConnection) -> Tickets:
    """Return the tickets of the application."""
    tickets: Tickets = connection.app.state.tickets
    return tickets


def bearer(headers: Headers) -> str | None:
    """Return what a request shows: ``Authorization: Bearer TOKEN``; None if there is no such header."""
    kind, _, shown = headers.get("authorization", "").partition(" ")
    return shown.strip() if kind.lower() == "bearer" else None


def shows(headers: Headers, token: str) -> bool:
    """Whether a request shows the token."""
    shown = bearer(headers)
    return shown is not None and secrets.compare_digest(shown.encode(), token.encode())


def authorise(connection: HTTPConnection) -> None:
    """Raise Refused unless the request shows the token, if there is one."""
    token = connection.app.state.token
    if token is None:
        return
    if "token" in connection.query_params:
        raise _unauthorised(IN_ADDRESS)
    if not shows(connection.headers, token):
        raise _unauthorised(TOKEN_WRONG)


def authorise_file(request: Request) -> None:
    """Raise Refused unless the request for a file shows the token, or a ticket for that file."""
    session, file = request.path_params["name"], request.path_params["file"]
    ticket = _ticket(request)
    if ticket is None:
        authorise(request)
    elif not tickets_of(request).opens_file(ticket, session, file):
        raise _unauthorised(TICKET_WRONG)


def authorise_websocket(socket: WebSocket) -> None:
    """Raise Refused unless the handshake shows the token, or a ticket."""
    ticket = _ticket(socket)
    if ticket is None:
        authorise(socket)
    elif not tickets_of(socket).opens_websocket(ticket, socket.path_params["name"]):
        raise _unauthorised(TICKET_WRONG)


def _ticket(connection: HTTPConnection) -> str | None:
    """The ticket to judge a request by; None if a header decides, or nothing is asked for."""
    token, shown = connection.app.state.token, connection.query_params
    if token is None or "token" in shown or shows(connection.headers, token):
        return None
    return shown.get("ticket")


def _unauthorised(text: str) -> Refused:
    return Refused(401, "unauthorized", text, {"WWW-Authenticate": "Bearer"})
