"""Who may do what: one object decides, for a server with one token or for a platform's sessions (:class:`Access`)."""

import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.websockets import WebSocket

from take5.stream.server.errors import Refused
from take5.stream.server.grant import Act, Grant
from take5.stream.server.openings import Openings
from take5.stream.server.sessions import Sessions
from take5.stream.server.tickets import Tickets

TOKEN_WRONG = "token missing or wrong; send Authorization: Bearer TOKEN"  # noqa: S105 - a text
IN_ADDRESS = (  # at most as long as the reason of a websocket's close
    "?token= is not accepted, since logs keep it; send Authorization: Bearer TOKEN, "
    "or get a ticket: POST .../NAME/ticket"
)
TICKET_WRONG = "the ticket has been used or has expired; get another: POST /api/sessions/NAME/ticket"


class Access(Protocol):
    """Decides who may do what."""

    @property
    def protected(self) -> bool:
        """Whether something must be shown."""
        ...

    @property
    def own_secrets(self) -> bool:
        """Whether each session has secrets of its own."""
        ...

    def vouches(self, shown: str | None) -> bool:
        """Whether a page of another origin may try to send with what it shows."""
        ...

    async def check(self, shown: str | None, act: Act, session: str | None, address: str | None) -> Grant:
        """Return what a request may do; raise Refused unless what it shows allows the act.

        Parameters
        ----------
        shown : str or None
            What the request shows as ``Authorization: Bearer``.
        act : Act
            What it wants to do.
        session : str or None
            The session that it names.
        address : str or None
            The IP address that it comes from.
        """
        ...


class TokenAccess:
    """One token opens everything; without one, everything is open.

    Parameters
    ----------
    token : str or None
        The token.
    """

    own_secrets = False

    def __init__(self, token: str | None) -> None:
        self._token = token

    @property
    def protected(self) -> bool:
        """Whether there is a token."""
        return self._token is not None

    def vouches(self, shown: str | None) -> bool:
        """Whether the token is shown."""
        return self._token is not None and shown is not None and _equal(shown, self._token)

    async def check(self, shown: str | None, act: Act, session: str | None, address: str | None) -> Grant:  # noqa: ARG002
        """Return a grant for everything; raise Refused unless the token is shown, if there is one."""
        if self.protected and not self.vouches(shown):
            raise unauthorised(TOKEN_WRONG)
        return Grant(session)


def sessions_of(connection: HTTPConnection) -> Sessions:
    """Return the sessions of the application."""
    sessions: Sessions = connection.app.state.sessions
    return sessions


def tickets_of(connection: HTTPConnection) -> Tickets:
    """Return the tickets of the application."""
    return openings_of(connection).tickets


def openings_of(connection: HTTPConnection) -> Openings:
    """Return what is open on the application."""
    openings: Openings = connection.app.state.openings
    return openings


def access_of(connection: HTTPConnection) -> Access:
    """Return who decides on the application's requests."""
    access: Access = connection.app.state.access
    return access


def bearer(headers: Headers) -> str | None:
    """Return what a request shows: ``Authorization: Bearer TOKEN``; None if there is no such header."""
    kind, _, shown = headers.get("authorization", "").partition(" ")
    return shown.strip() if kind.lower() == "bearer" else None


async def authorise(connection: HTTPConnection, act: Act) -> Grant:
    """Return what a request may do; raise Refused unless it may do what it wants to.

    What is opened under the grant must be noted before the event loop does anything else.
    """
    access, openings = access_of(connection), openings_of(connection)
    if access.protected and "token" in connection.query_params:
        raise unauthorised(IN_ADDRESS)
    address = connection.client.host if connection.client else None
    while True:
        turn = openings.turn
        grant = await access.check(bearer(connection.headers), act, connection.path_params.get("name"), address)
        if turn == openings.turn:  # or what was shown may have been revoked meanwhile
            return grant


async def authorise_file(request: Request) -> None:
    """Raise Refused unless the request for a file may follow, or shows a ticket for that file."""
    session, file = request.path_params["name"], request.path_params["file"]
    if (take := request.query_params.get("take")) is not None:
        file = f"{take}/{file}"
    await _authorise_or(request, lambda ticket: tickets_of(request).opens_file(ticket, session, file))


async def authorise_websocket(socket: WebSocket) -> Grant:
    """Return what a handshake may do; raise Refused unless it may follow, or shows a ticket."""
    session = socket.path_params["name"]
    return await _authorise_or(socket, lambda ticket: tickets_of(socket).opens_websocket(ticket, session))


async def _authorise_or(connection: HTTPConnection, opens: Callable[[str], Grant | None]) -> Grant:
    """Return what a request may do; raise Refused unless it may follow, or its ticket opens what it is for."""
    ticket = connection.query_params.get("ticket")
    if ticket is None or not access_of(connection).protected or "token" in connection.query_params:
        return await authorise(connection, Act.FOLLOW)
    if bearer(connection.headers) is not None:
        with suppress(Refused):
            return await authorise(connection, Act.FOLLOW)
    grant = opens(ticket)
    if grant is None:
        raise unauthorised(TICKET_WRONG)
    return grant


def unauthorised(text: str) -> Refused:
    """Return the refusal of a request that shows nothing, or something wrong."""
    return Refused(401, "unauthorized", text, {"WWW-Authenticate": "Bearer"})


def _equal(shown: str, token: str) -> bool:
    return secrets.compare_digest(shown.encode(), token.encode())
