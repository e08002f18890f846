"""A session followed from Python: against a server that does what the test says."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module
from threading import Thread
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from take5.client import watch
from take5.client.following import RETRIES, Coming, events_address
from take5.scoring.errors import ServerError

Part = Callable[[ServerConnection], Awaitable[None]]
Json = dict[str, Any]

WITHIN_S = 20.0


def event(kind: str, **more: object) -> Json:
    return {"type": kind, "v": 1, "time_s": 0.0, **more}


HELLO, WAITING = event("hello", state="receiving"), event("hello", state="waiting")
PROGRESS, CLIP, ERROR = event("progress"), event("clip", path="x"), event("error", code="internal", text="no")


def tells(*events: Json, then: Part | None = None) -> Part:
    """What the server does with a connection: says these, and closes, or does something else."""

    async def part(connection: ServerConnection) -> None:
        for told in events:
            await connection.send(json.dumps(told))
        if then is not None:
            await then(connection)

    return part


def closes(code: int, reason: str = "") -> Part:
    async def part(connection: ServerConnection) -> None:
        await connection.close(code, reason)

    return part


async def breaks(connection: ServerConnection) -> None:
    connection.transport.abort()


async def waits(connection: ServerConnection) -> None:
    await connection.wait_closed()


@asynccontextmanager
async def served(*parts: Part) -> AsyncIterator[tuple[str, list[str]]]:
    """A server that does one part a connection, and the last one again and again; its address and the paths asked.

    A token that is shown stands before its path.
    """
    paths: list[str] = []

    async def handle(connection: ServerConnection) -> None:
        assert connection.request is not None
        shown = connection.request.headers.get("Authorization")
        paths.append(" ".join(filter(None, [shown, connection.request.path])))
        await parts[min(len(paths), len(parts)) - 1](connection)

    async with serve(handle, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"http://127.0.0.1:{port}/whip/me", paths


def followed(*parts: Part, shown: str | None = None, upcoming: bool = False) -> tuple[list[Json], list[str]]:
    """All events of a session that the token ``shown`` gives, and the paths that were asked for."""

    async def follow() -> tuple[list[Json], list[str]]:
        async with asyncio.timeout(WITHIN_S), served(*parts) as (url, paths):
            return [told async for told in watch(url, shown, upcoming=upcoming)], paths

    return asyncio.run(follow())


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("take5.client.following"), "FIRST_WAIT_S", 0.0)


@pytest.mark.parametrize("last", [CLIP, ERROR])
def test_events_come_until_the_last_one(last: Json) -> None:
    events, paths = followed(tells(HELLO, PROGRESS, last, then=waits))
    assert events == [HELLO, PROGRESS, last]
    assert paths == ["/api/sessions/me/events"]


FIVE = event("clip", window_s=5.0, bundles=["raw"], report=True, lengths=[10.0, 30.0])
TEN = event("clip", window_s=10.0, bundles=["raw"], report=True)
THIRTY = event("no_clip", window_s=30.0)
RAW, REPORT = event("bundle", trainer="raw"), event("report")


def test_of_several_lengths_every_clip_and_bundle_comes() -> None:
    ending = [FIVE, TEN, THIRTY, RAW, RAW, REPORT]
    assert followed(tells(HELLO, *ending, then=waits))[0] == [HELLO, *ending]
    late = event("hello", clip=FIVE, more_clips=[TEN, THIRTY], bundles=[RAW], report=None)
    assert followed(tells(late, RAW, REPORT, then=waits))[0] == [late, RAW, REPORT]
    alone = event("clip", lengths=[10.0])
    assert followed(tells(HELLO, alone, THIRTY, then=waits))[0] == [HELLO, alone, THIRTY]


def test_of_a_capture_that_is_over_there_is_only_its_state() -> None:
    over = event("hello", state="ready", clip=CLIP)
    assert followed(tells(over, then=closes(1000)))[0] == [over]


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("loss", [breaks, closes(1001), closes(1011), closes(1012)])
def test_a_connection_that_is_lost_is_made_again(loss: Part) -> None:
    events, paths = followed(tells(HELLO, PROGRESS, then=loss), tells(HELLO, CLIP))
    assert events == [HELLO, PROGRESS, HELLO, CLIP]
    assert len(paths) == 2


@pytest.mark.usefixtures("_impatient")
def test_losses_that_are_not_in_a_row_are_forgiven() -> None:
    lossy = [tells(HELLO, then=breaks)] * (RETRIES + 2)
    assert followed(*lossy, tells(CLIP))[0] == [HELLO] * (RETRIES + 2) + [CLIP]


@pytest.mark.usefixtures("_impatient")
def test_after_several_losses_in_a_row_it_gives_up() -> None:
    with pytest.raises(ServerError, match="cannot be followed"):
        followed(tells(HELLO, then=breaks), breaks)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (4401, "token missing or wrong"),
        (4404, "no such session: a name has 1 to 64"),
        (1013, "too many followers"),
        (1008, "not read in time"),
    ],
)
def test_what_the_server_refuses_is_said_and_not_tried_again(code: int, text: str) -> None:
    with pytest.raises(ServerError, match=text) as refused:
        followed(closes(code), tells(CLIP), shown="a secret")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("code", "said", "told"),
    [
        (4401, "the session has been deleted", "the session has been deleted"),
        (
            4401,
            "secret wrong; send Authorization: Bearer SECRET",
            "secret wrong; give the server's --token, or one of the",
        ),
        (1013, "too many secrets were wrong; try again in 9 s", "too many secrets were wrong; try again in 9 s"),
    ],
)
def test_a_server_that_says_why_it_refuses_is_quoted(code: int, said: str, told: str) -> None:
    with pytest.raises(ServerError, match=f"/events: {told}"):
        followed(tells(HELLO, then=closes(code, said)), tells(CLIP))


@pytest.mark.parametrize("url", ["http://[::1/whip/me?ticket=secret", "http://localhost:abc/whip/me?ticket=secret"])
def test_an_address_that_cannot_be_read_is_an_error(url: str) -> None:
    with pytest.raises(ServerError, match="is not the address of a session") as refused:
        events_address(url)
    assert "secret" not in str(refused.value)


def test_a_server_that_was_never_there_is_an_error_at_once() -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as nobody:
        port = nobody.server_port

    async def follow() -> None:
        async for _ in watch(f"http://127.0.0.1:{port}/whip/me", "secret"):
            pass

    with pytest.raises(ServerError, match=f"ws://127.0.0.1:{port}/api/sessions/me/events: cannot be followed") as lost:
        asyncio.run(follow())
    assert "secret" not in str(lost.value)


def test_a_server_of_something_else_is_an_error() -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as other:
        answering = Thread(target=other.handle_request)
        answering.start()

        async def follow() -> None:
            async for _ in watch(f"http://127.0.0.1:{other.server_port}/whip/me"):
                pass

        with pytest.raises(ServerError, match="cannot be followed"):
            asyncio.run(follow())
        answering.join()


@pytest.mark.parametrize("said", ["no JSON", "[]", "{}", '{"type": 5}'])
def test_what_is_no_event_is_an_error(said: str) -> None:
    async def part(connection: ServerConnection) -> None:
        await connection.send(said)

    with pytest.raises(ServerError, match="is it a take5 server"):
        followed(part)


@pytest.mark.usefixtures("_impatient")
def test_the_upcoming_capture_is_asked_for_until_it_has_begun() -> None:
    events, paths = followed(
        tells(WAITING, then=breaks), tells(HELLO, then=breaks), tells(HELLO, CLIP), upcoming=True, shown="a b"
    )
    assert events == [WAITING, HELLO, HELLO, CLIP]
    plain = "Bearer a b /api/sessions/me/events"
    assert paths == [f"{plain}?next=1", f"{plain}?next=1", plain]


@pytest.mark.usefixtures("_impatient")
def test_a_capture_that_begins_while_it_is_followed_has_begun() -> None:
    connecting = event("state", state="connecting")
    _, paths = followed(tells(WAITING, connecting, then=breaks), tells(HELLO, CLIP), upcoming=True)
    assert [path.endswith("?next=1") for path in paths] == [True, False]


def test_the_state_of_a_long_capture_is_no_too_long_message() -> None:
    long = event("hello", state="receiving", windows=["x" * 1000] * 3000)
    assert followed(tells(long, CLIP))[0] == [long, CLIP]


def test_who_stops_following_hangs_up() -> None:
    async def follow() -> None:
        gone = asyncio.Event()

        async def until_gone(connection: ServerConnection) -> None:
            await connection.wait_closed()
            gone.set()

        async with asyncio.timeout(WITHIN_S), served(tells(HELLO, then=until_gone)) as (url, _):
            async with aclosing(watch(url)) as events:
                assert await anext(events) == HELLO
            await gone.wait()

    asyncio.run(follow())


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://h:1/whip/me", "ws://h:1/api/sessions/me/events"),
        ("https://h/whip/me/abc", "wss://h/api/sessions/me/events"),
        ("https://h/deep/whip/me", "wss://h/deep/api/sessions/me/events"),
        ("http://h:1/api/sessions/me", "ws://h:1/api/sessions/me/events"),
        ("http://h:1/api/sessions/me/", "ws://h:1/api/sessions/me/events"),
        ("ws://h:1/api/sessions/me/events", "ws://h:1/api/sessions/me/events"),
    ],
)
def test_every_address_of_a_session_leads_to_its_events(url: str, address: str) -> None:
    assert events_address(url) == address


def test_what_an_address_asks_for_is_kept() -> None:
    assert events_address("http://h/whip/me?x=1") == "ws://h/api/sessions/me/events?x=1"


@pytest.mark.parametrize("query", ["token=secret", "x=1&token=secret", "token="])
def test_a_token_in_an_address_is_an_error(query: str) -> None:
    with pytest.raises(ServerError, match="not in the address, where logs keep it") as error:
        events_address(f"http://h/whip/me?{query}")
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("url", ["localhost:8005", "ftp://h/whip/me", "http:///whip/me", ""])
def test_an_address_that_is_none_is_an_error(url: str) -> None:
    with pytest.raises(ServerError, match="an address begins with http"):
        events_address(url)


def last(*events: Json) -> list[bool]:
    coming = Coming()
    return [coming.over(event) for event in events]


def test_bundles_that_are_prepared_come_last_but_for_those_that_failed() -> None:
    clip: Json = {"type": "clip", "bundles": ["synctalk", "raw"], "report": False, "prepare": ["synctalk"]}
    bundle: Json = {"type": "bundle", "trainer": "synctalk", "error": None}
    raw, prepared = {**bundle, "trainer": "raw"}, {"type": "prepared", "trainer": "synctalk"}
    assert last(clip, bundle, raw, prepared) == [False, False, False, True]
    assert last(clip, {**bundle, "error": "full"}, raw) == [False, False, True]
    hello = {"type": "hello", "clip": clip, "bundles": [bundle, raw], "prepared": []}
    assert last(hello, prepared) == [False, True]


def test_after_a_fault_its_warning_is_the_last_event() -> None:
    stopped = {"type": "stopped", "rule": "fault"}
    clip: Json = {"type": "clip", "bundles": [], "report": False}
    warning = {"type": "warning", "code": "fault"}
    assert last({"type": "warning", "code": "loss"}, stopped, clip, warning) == [False, False, False, True]
    assert last({"type": "hello", "stopped": stopped, "clip": None}, clip, warning) == [False, False, True]
    assert last({"type": "stopped", "rule": "cap"}, clip) == [False, True]
    bundled = {**clip, "bundles": ["raw"]}
    assert last(stopped, bundled, warning, {"type": "bundle"}) == [False, False, False, True]
