"""Whether a server should be sent anything: its models, its database, its disk, and whether it is ending."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from take5.stream.server.auth import sessions_of

ANSWER_S = 3.0
"""Maximum time to wait for a check."""

Check = Callable[[], Awaitable[object]]
"""Raises an exception if something is not in order."""


class Readiness:
    """Answers ``/readyz``.

    Parameters
    ----------
    database : callable, optional
        Asks the platform's database something.
    """

    def __init__(self, database: Check | None = None) -> None:
        self._database = database

    @property
    def route(self) -> Route:
        """The address."""
        return Route("/readyz", self._answer)

    async def _answer(self, request: Request) -> Response:
        """Return each check; 503 unless all are in order. A full server is ready: its captures end."""
        sessions = sessions_of(request)
        free = await sessions.space.free()
        checks = {
            "models": sessions.admission.processes > 0,  # workers may have ended
            "disk": free is not None and sessions.space.usable and not sessions.space.too_low(free),
            "admission": not sessions.draining,
        }
        if self._database is not None:
            checks["database"] = await _holds(self._database)
        ready = all(checks.values())
        return JSONResponse({"ready": ready, "checks": checks}, 200 if ready else 503, {"Cache-Control": "no-store"})


async def _holds(check: Check) -> bool:
    try:
        await asyncio.wait_for(check(), ANSWER_S)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it does not hold
        return False
    return True
