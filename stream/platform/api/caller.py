"""Who calls the API: the key that a request shows, and whether it may."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from fastapi import Request
from fastapi.security import HTTPBearer

from take5.stream.platform.keys import ApiKey, Scope, key_shown
from take5.stream.platform.service import Platform
from take5.stream.server.auth import bearer
from take5.stream.server.errors import Refused
from take5.stream.server.openings import Openings
from take5.stream.server.origins import reached

WRONG = "API key missing, wrong or revoked; send Authorization: Bearer KEY"
MOUNTED = "/api/v1"
"""Where the API is on the server."""

SCHEME = HTTPBearer(auto_error=False, description="An API key, from `take5 keys create`.")
"""For the schema; what a header holds is read below."""


@dataclass(frozen=True)
class Caller:
    """An API key, and the text that was shown."""

    key: ApiKey
    secret: str = field(repr=False)


def platform_of(request: Request) -> Platform:
    """Return the platform of the application."""
    platform: Platform = request.app.state.platform
    return platform


def openings_of(request: Request) -> Openings:
    """Return what is open on the server."""
    openings: Openings = request.app.state.openings
    return openings


def base_of(request: Request) -> str:
    """The server's address, as the request has reached it."""
    path: str = request.scope.get("root_path", "")
    return reached(request.scope) + path.removesuffix(MOUNTED)


def caller_with(scope: Scope) -> Callable[[Request], Awaitable[Caller]]:
    """Return what finds the caller of a request, and refuses one whose key has not this scope."""

    async def caller(request: Request) -> Caller:
        text, address = bearer(request.headers), request.client.host if request.client else None
        key = await platform_of(request).lookups.find(text, address, key_shown, WRONG)
        assert text is not None  # noqa: S101 - or nothing would have been found
        if scope not in key.scopes:
            raise Refused(403, "forbidden", f"this key lacks the scope {scope}")
        return Caller(key, text)

    return caller
