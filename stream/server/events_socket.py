"""The websocket of events: the present state, then what happens, until the last event."""

import asyncio
import json
import math
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from take5.stream.server.auth import authorise_websocket, openings_of, sessions_of
from take5.stream.server.errors import Refused
from take5.stream.server.feed import Feed, Follower
from take5.stream.server.grant import Grant

CLOSE_CODES = {401: 4401, 404: 4404, 429: 1013, 503: 1013}
READ_NOT = 1008
"""Close code for a follower that does not read."""

OVER_CODE, EXPIRED = 4401, "the secret has expired"
"""How a websocket is closed whose grant ends by itself."""

READ_EVERY_S = 0.1
"""Time between reading two messages of a follower."""


async def events_socket(socket: WebSocket) -> None:
    """Follow a session: ``WS /api/sessions/NAME/events``."""
    await socket.accept()
    try:
        grant = await authorise_websocket(socket)
        with openings_of(socket).websocket(grant) as revoked:
            await _follow(socket, grant, revoked)
    except Refused as error:
        await socket.close(CLOSE_CODES.get(error.status, 1008), str(error)[:120])


async def _follow(socket: WebSocket, grant: Grant, revoked: asyncio.Future[str]) -> None:
    sessions = sessions_of(socket)
    entry, follower = await sessions.follow(socket.path_params["name"])
    try:
        sending = _send(socket, entry.feed, follower, fresh="next" in socket.query_params)
        await _until_gone(socket, sending, grant, revoked)
    finally:
        sessions.unfollow(entry, follower)


async def _until_gone(
    socket: WebSocket, sending: Coroutine[None, None, None], grant: Grant, revoked: asyncio.Future[str]
) -> None:
    """Send until the last event, until the follower goes, or until its grant ends."""
    tasks = {asyncio.ensure_future(sending), asyncio.ensure_future(_gone(socket))}
    left_s = None if grant.left_s == math.inf else max(0.0, grant.left_s)
    waited: set[asyncio.Future[Any]] = {*tasks, revoked}
    await asyncio.wait(waited, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
    ended = [task for task in tasks if task.done()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in ended:
        task.result()
    if not ended:
        with suppress(WebSocketDisconnect, RuntimeError):  # it has gone meanwhile
            await socket.close(OVER_CODE, revoked.result() if revoked.done() else EXPIRED)


async def _gone(socket: WebSocket) -> None:
    """Read, slowly, and ignore what a follower says, until it goes."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        await asyncio.sleep(READ_EVERY_S)


async def _send(socket: WebSocket, feed: Feed, follower: Follower, *, fresh: bool) -> None:
    try:
        over = feed.now.complete and not fresh
        first = feed.capture + (fresh and feed.now.decided)
        await socket.send_text(json.dumps(feed.hello(fresh=fresh)))
        while not over and not follower.gone:
            for message in await follower.read():
                if (
                    message.capture >= first
                ):  # bundles of an earlier clip are not for a follower that waits for the next
                    if message.text:
                        await socket.send_text(message.text)
                    over |= message.last
                    if over:
                        break
        await socket.close(READ_NOT if follower.gone else 1000)
    except (WebSocketDisconnect, RuntimeError):
        return  # it has gone meanwhile
