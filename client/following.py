"""Follow a session of a server: ``async for event in take5.client.watch(url)``."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from take5.scoring.errors import ServerError

Json = dict[str, Any]

LAST = frozenset({"clip", "error"})
"""Types of the events that end a capture; the first clip is followed by those of other lengths, bundles and report, and
by what becomes of bundles that are prepared."""

LONGEST_EVENT = 16 * 2**20
"""Largest message in bytes; ``hello`` holds every window of a recording of up to some hours."""

RETRIES = 5
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 5.0

CLOSED_AS_AGREED = 1000

UNAUTHORISED = 4401
SHOW = "give the server's --token, or one of the session's"

REFUSALS = {  # where the server does not say why
    UNAUTHORISED: f"token missing or wrong, or not valid any more; {SHOW}",
    4404: "no such session: a name has 1 to 64 letters, digits, - and _",
    1013: "the server has too many followers; try again later",
    1008: "the server gave up: events were not read in time",
}


async def watch(url: str, token: str | None = None, *, upcoming: bool = False) -> AsyncGenerator[Json, None]:
    """Yield a session's events, starting with its current state, until the last.

    A connection lost before that is restored, and ``hello`` is sent again. For a capture that is over, the only event
    is ``hello``, which holds its ``clip`` or its ``error``.

    Parameters
    ----------
    url : str
        A session's address: ``http://HOST/api/sessions/NAME``, its WHIP address ``http://HOST/whip/NAME``, or the
        websocket ``ws://HOST/api/sessions/NAME/events``.
    token : str, optional
        The server's bearer token.
    upcoming : bool
        Follow the next capture of that name, if the last one is over.

    Yields
    ------
    dict
        One event of ``docs/events.md``.

    Raises
    ------
    ServerError
        If the server refuses, cannot be reached, or is lost and cannot be reached several times in a row.
    """
    address, failures, reached, coming = events_address(url), 0, False, Coming()
    while True:
        try:
            async with _connected(_next(address, upcoming=upcoming), token) as socket:
                async for text in socket:
                    event = _event(text, address)
                    failures, reached = 0, True
                    upcoming = upcoming and event.get("state", "waiting") == "waiting"
                    yield event
                    if coming.over(event):
                        return
            if socket.close_code == CLOSED_AS_AGREED:
                return
            reason: Exception | str = f"closed with {socket.close_code}"
        except ConnectionClosed as error:
            _raise_if_refused(error, address)
            reason = error
        except InvalidURI as error:
            raise ServerError(f"{url}: is not the address of a session") from error
        except (OSError, InvalidHandshake, TimeoutError) as error:
            reason = error
        failures += 1
        if not reached or failures > RETRIES:
            raise ServerError(f"{_shown(address)}: cannot be followed ({reason}); is the server running?")
        await asyncio.sleep(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (failures - 1)))


def _connected(address: str, token: str | None) -> connect:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return connect(address, additional_headers=headers, open_timeout=10, max_size=LONGEST_EVENT)


COUNTED = frozenset({"clip", "no_clip", "bundle", "report", "prepared"})
"""Types of the events that others announce."""


class Coming:
    """Keeps track of which events of a capture are still to come."""

    def __init__(self) -> None:
        self._left = self._faults = 0
        self._begun = False
        self._prepares: dict[float | None, list[str]] = {}

    def over(self, event: Json) -> bool:
        """Handle an event; return whether it was the last."""
        kind = event["type"]
        if kind == "hello":
            self._faults = _faults(event.get("stopped") or {})
            self._begun, self._left = False, 0
            self._prepares.clear()
            ended = (event.get("clip"), *event.get("more_clips", ()), *event.get("bundles", ()), event.get("report"))
            for each in filter(None, (*ended, *event.get("prepared", ()))):
                self._count(each)
        elif kind == "stopped":
            self._faults = _faults(event)
        elif kind in COUNTED or (kind == "warning" and event.get("code") == "fault"):
            self._count(event)
            return self._left <= 0
        return bool(kind == "error")

    def _count(self, event: Json) -> None:
        """Count an event, and those that it announces: the first clip also those of other lengths, and the report."""
        if event["type"] == "clip" and not self._begun:
            self._begun = True
            self._left = len(event.get("lengths", ())) + bool(event.get("report")) + self._faults
        else:
            self._left -= 1
        if event["type"] == "clip":
            self._left += len(event.get("bundles", ()))
            self._prepares[event.get("window_s")] = event.get("prepare", [])
        elif event["type"] == "bundle" and event.get("error") is None:
            self._left += event.get("trainer") in self._prepares.get(event.get("window_s"), ())


def _faults(stopped: Json) -> int:
    """How many warnings follow the clip: one after a fault."""
    return int(stopped.get("rule") == "fault")


def _event(text: str | bytes, address: str) -> Json:
    try:
        event = json.loads(text)
    except ValueError as error:
        raise ServerError(f"{_shown(address)}: sent invalid JSON ({error}); is it a take5 server?") from error
    if not (isinstance(event, dict) and isinstance(event.get("type"), str)):
        raise ServerError(f"{_shown(address)}: sent something other than an event; is it a take5 server?")
    return event


def _raise_if_refused(error: ConnectionClosed, address: str) -> None:
    if error.rcvd is not None and error.rcvd.code in REFUSALS:
        raise ServerError(f"{_shown(address)}: {_why(error.rcvd.code, error.rcvd.reason)}") from error


def _why(code: int, said: str) -> str:
    """Why a server closes a websocket: what it says, but its remedy, which is one for programs."""
    what, remedy, _ = said.partition("; ")
    return f"{what}; {SHOW}" if code == UNAUTHORISED and remedy else said or REFUSALS[code]


def events_address(url: str) -> str:
    """Return the websocket address of a session, given any of its addresses."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it is looked at then
    except ValueError as error:
        raise ServerError(f"{url.partition('?')[0]}: is not the address of a session ({error})") from error
    schemes = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
    if parts.scheme not in schemes or not parts.netloc:
        raise ServerError(f"{url}: an address begins with http://, https://, ws:// or wss://")
    if "token" in parse_qs(parts.query, keep_blank_values=True):
        raise ServerError(f"{_shown(url)}: give the token as `token`, not in the address, where logs keep it")
    path = parts.path.rstrip("/")
    root, found, name = path.partition("/whip/")
    if found:
        path = f"{root}/api/sessions/{name.partition('/')[0]}"
    if not path.endswith("/events"):
        path += "/events"
    return urlunsplit((schemes[parts.scheme], parts.netloc, path, parts.query, ""))


def _next(address: str, *, upcoming: bool) -> str:
    """The same address, for the next capture of that name."""
    return f"{address}{'&' if urlsplit(address).query else '?'}next=1" if upcoming else address


def _shown(address: str) -> str:
    """An address without its query, which may hold a ticket."""
    return urlunsplit((*urlsplit(address)[:3], "", ""))
