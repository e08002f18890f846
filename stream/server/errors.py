"""What the server will not do, and why, as a status and a text for people."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from take5.scoring.errors import Take5Error


class Refused(Take5Error):
    """A request that is refused."""

    def __init__(self, status: int, code: str, text: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.status, self.code, self.headers = status, code, dict(headers or {})


RETRY_AFTER_S = 10


def full(text: str) -> Refused:
    """Return the refusal of a server that is full, which says when to try again."""
    return Refused(503, "full", f"{text}; try again in {RETRY_AFTER_S} s", {"Retry-After": str(RETRY_AFTER_S)})


async def refused(_: Request, error: Exception) -> Response:
    """Answer a refused request."""
    assert isinstance(error, Refused)  # noqa: S101 - registered for it alone
    body = {"error": str(error), "code": error.code}
    return JSONResponse(body, error.status, headers=error.headers)
