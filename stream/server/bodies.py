"""Bodies of requests that are JSON."""

from typing import TypeVar

import msgspec
from starlette.requests import Request

from take5.stream.server.errors import Refused

MAX_BODY = 4096
"""Bytes."""

T = TypeVar("T")


async def json_body(request: Request, kind: type[T], expected: str) -> T | None:
    """Return the body of a request; None if it has none.

    Parameters
    ----------
    request : Request
        The request.
    kind : type
        What the body is read as.
    expected : str
        What to send, for a request that sends something else.

    Raises
    ------
    Refused
        If the body is too large, or not of this kind.
    """
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY:
            raise Refused(413, "too_large", f"the body has more than {MAX_BODY} bytes")
    try:
        return msgspec.json.decode(body, type=kind) if body.strip() else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(422, "invalid", f"{expected} ({error})") from error
