"""Bodies of requests, read no further than they may be long."""

from typing import TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request

from take5.stream.server.errors import Refused

MAX_BODY = 4096
"""Bytes of JSON."""

MOST_DIGITS = 20
"""Of an announced length that is read as a number."""

T = TypeVar("T")


async def whole_body(request: Request, most: int) -> bytes:
    """Return the body of a request; raise Refused if it breaks off, or has or announces more than ``most`` bytes."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and len(announced) < MOST_DIGITS and int(announced) > most:
        raise _too_large(most)
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > most:
                raise _too_large(most)
    except ClientDisconnect as error:
        raise Refused(400, "bad_request", "the request ended before the end of its body") from error
    return bytes(body)


def _too_large(most: int) -> Refused:
    return Refused(413, "too_large", f"the body has more than {most} bytes")


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
    body = await whole_body(request, MAX_BODY)
    try:
        return msgspec.json.decode(body, type=kind) if body.strip() else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(422, "invalid", f"{expected} ({error})") from error
