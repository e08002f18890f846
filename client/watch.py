"""Follow a session of a server: ``async for event in take5.client.watch(url)``."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from take5.scoring.errors import ServerError

Json = dict[str, Any]

LAST = frozenset({"clip", "error"})
"""Types of the events after which nothing comes."""

RETRIES = 5
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 5.0

REFUSALS = {
    4401: "token missing or wrong; give the server's --token",
    4404: "no such session: a name has 1 to 64 letters, digits, - and _",
    1013: "the server has too many followers; try again later",
    1008: "the server gave up: events were not read in time",
}


async def watch(url: str, token: str | None = None) -> AsyncIterator[Json]:
    """Yield a session's events, the present state first, until the last.

    If the connection is lost before that, it is made again, and ``hello`` comes again.

    Parameters
    ----------
    url : str
        A session's address: ``http://HOST/api/sessions/NAME``, its WHIP address ``http://HOST/whip/NAME``, or the
        websocket ``ws://HOST/api/sessions/NAME/events``.
    token : str, optional
        The server's bearer token.

    Yields
    ------
    dict
        One event of ``docs/events.md``.

    Raises
    ------
    ServerError
        If the server refuses, or cannot be reached several times in a row.
    """
    address = events_address(url, token)
    failures = 0
    while True:
        try:
            async with connect(address, open_timeout=10) as socket:
                async for text in socket:
                    failures = 0
                    event: Json = json.loads(text)
                    yield event
                    if event["type"] in LAST:
                        return
        except ConnectionClosed as error:
            code = error.rcvd.code if error.rcvd else None
            if code in REFUSALS:
                raise ServerError(f"{_shown(address)}: {REFUSALS[code]}") from error
            reason: Exception = error
        except InvalidURI as error:
            raise ServerError(f"{url}: is no address of a session") from error
        except (OSError, InvalidHandshake, TimeoutError) as error:
            reason = error
        else:
            return  # closed as agreed
        failures += 1
        if failures > RETRIES:
            raise ServerError(f"{_shown(address)}: cannot be followed ({reason}); is the server running?") from reason
        await asyncio.sleep(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (failures - 1)))


def events_address(url: str, token: str | None = None) -> str:
    """Return the address of the websocket of a session, whichever of its addresses is given."""
    parts = urlsplit(url)
    schemes = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
    if parts.scheme not in schemes or not parts.netloc:
        raise ServerError(f"{url}: an address begins with http://, https://, ws:// or wss://")
    path = parts.path.rstrip("/")
    root, found, name = path.partition("/whip/")
    if found:
        path = f"{root}/api/sessions/{name.partition('/')[0]}"
    if not path.endswith("/events"):
        path += "/events"
    query = parts.query or (urlencode({"token": token}) if token else "")
    return urlunsplit((schemes[parts.scheme], parts.netloc, path, query, ""))


def _shown(address: str) -> str:
    """An address without the token."""
    return urlunsplit((*urlsplit(address)[:3], "", ""))
