"""Tickets: what they open, how often, how long, and that nothing else opens without the token."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from serving import Served, served
from set_clock import Clock
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from take5.scoring.motion import Motion
from take5.scoring.score import WindowScore
from take5.stream.analysis.models import Models
from take5.stream.events import ClipReady
from take5.stream.server.grant import Grant
from take5.stream.server.tickets import FILE_S, MAX_TICKETS, UNUSED_S, Tickets

TOKEN = "open-sesame"  # noqa: S105 - of these tests alone
BEST = WindowScore(start=300, D=145.4, motion=Motion(0.1181, 0.1203, 0.0912, mouth_moves=True), views=1)
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tickets(clock: Clock) -> Tickets:
    return Tickets(clock)


@pytest.fixture(scope="module")
def server(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(models, tmp_path_factory.mktemp("tickets"), token=TOKEN) as server:
        yield server


def issued(server: Served, name: str = "ann") -> str:
    answer = httpx.post(f"{server.address}/api/sessions/{name}/ticket", headers=BEARER)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.json().keys() == {"ticket", "expires_in"}
    assert answer.json()["expires_in"] == UNUSED_S
    ticket: str = answer.json()["ticket"]
    return ticket


def test_a_ticket_opens_one_websocket(tickets: Tickets) -> None:
    ticket = tickets.issue("ann")
    assert tickets.opens_websocket(ticket, "ann")
    assert not tickets.opens_websocket(ticket, "ann")
    assert not tickets.opens_file(ticket, "ann", "clip.mp4")


def test_a_ticket_ends_with_its_grant(tickets: Tickets, clock: Clock) -> None:
    grant = Grant("ann", holder="person", left_s=20.0)
    unused, websocket, file = (tickets.issue("ann", grant) for _ in range(3))
    assert tickets.opens_file(file, "ann", "clip.mp4")
    clock.now += 15
    opened = tickets.opens_websocket(websocket, "ann")
    assert opened is not None
    assert opened.left_s == 5.0
    clock.now += 5
    assert not tickets.opens_file(file, "ann", "clip.mp4")
    assert not tickets.opens_websocket(unused, "ann")


def test_tickets_are_revoked_by_session_and_holder(tickets: Tickets) -> None:
    kept = [("ann", "sender"), ("ben", "person")]
    gone, *others = (tickets.issue(name, Grant(name, holder=holder)) for name, holder in [("ann", "person"), *kept])
    tickets.revoke("ann", ("person", "follower"))
    assert not tickets.opens_websocket(gone, "ann")
    for ticket, (name, _) in zip(others, kept, strict=True):
        assert tickets.opens_websocket(ticket, name)


def test_a_ticket_opens_one_file_for_some_minutes(tickets: Tickets, clock: Clock) -> None:
    ticket = tickets.issue("ann")
    for _ in range(5):
        assert tickets.opens_file(ticket, "ann", "clip.mp4")
    assert not tickets.opens_file(ticket, "ann", "source.mp4")
    assert not tickets.opens_websocket(ticket, "ann")
    clock.now += FILE_S - 1
    assert tickets.opens_file(ticket, "ann", "clip.mp4")
    clock.now += 1
    assert not tickets.opens_file(ticket, "ann", "clip.mp4")


def test_a_ticket_that_is_not_used_expires(tickets: Tickets, clock: Clock) -> None:
    first, second = tickets.issue("ann"), tickets.issue("ann")
    clock.now += UNUSED_S - 1
    assert tickets.opens_websocket(first, "ann")
    clock.now += 1
    assert not tickets.opens_websocket(second, "ann")
    assert not tickets.opens_file(second, "ann", "clip.mp4")
    assert tickets.issue("ann")
    assert len(tickets) == 1


def test_a_ticket_belongs_to_one_session(tickets: Tickets) -> None:
    ticket = tickets.issue("ann")
    assert not tickets.opens_websocket(ticket, "bob")
    assert not tickets.opens_file(ticket, "bob", "clip.mp4")
    assert not tickets.opens_websocket("", "ann")
    assert tickets.opens_websocket(ticket, "ann")


def test_the_oldest_ticket_makes_room(tickets: Tickets) -> None:
    first, second, *_ = [tickets.issue("ann") for _ in range(MAX_TICKETS + 1)]
    assert len(tickets) == MAX_TICKETS
    assert not tickets.opens_websocket(first, "ann")
    assert tickets.opens_websocket(second, "ann")


def test_the_token_gets_a_ticket_for_the_websocket(server: Served) -> None:
    query = f"?ticket={issued(server)}"
    assert server.events("ann", until=("hello",), query=query)
    with pytest.raises(ConnectionClosed) as closed:
        server.events("ann", query=query)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401
    assert "has been used or has expired" in closed.value.rcvd.reason


def test_the_token_in_a_header_opens_the_websocket(server: Served) -> None:
    address = f"{server.address.replace('http', 'ws')}/api/sessions/ann/events"
    with connect(address, additional_headers=BEARER) as socket:
        assert '"hello"' in str(socket.recv(10))


@pytest.mark.parametrize("query", ["", "?ticket=", "?ticket=x", f"?token={TOKEN}"])
def test_a_websocket_without_either_is_closed(server: Served, query: str) -> None:
    with pytest.raises(ConnectionClosed) as closed:
        server.events("ann", query=query)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401
    if "token" in query:
        assert closed.value.rcvd.reason.endswith("get a ticket: POST .../NAME/ticket")


def test_a_ticket_reads_a_file_in_pieces_and_no_other(server: Served, tmp_path: Path) -> None:
    entry, _ = asyncio.run_coroutine_threadsafe(server.sessions.follow("cut"), server.loop).result(10)
    entry.folder = tmp_path
    files = {name: f"api/sessions/cut/{name}" for name in ("clip.mp4", "clip.wav")}
    for name in files:
        (entry.folder / name).write_bytes(b"0123456789")
    entry.feed.now.last[ClipReady] = ClipReady(600, BEST, 125, str(entry.folder), files)
    clip, other = (f"{server.address}/api/sessions/cut/{name}" for name in files)
    params = {"ticket": issued(server, "cut")}
    for first in (0, 4):
        answer = httpx.get(clip, params=params, headers={"Range": f"bytes={first}-"})
        assert (answer.status_code, answer.content) == (206, b"0123456789"[first:])
    assert httpx.head(clip, params=params).status_code == 200
    assert httpx.get(other, params=params).status_code == 401
    assert httpx.get(other, params={"ticket": issued(server, "ann")}).status_code == 401
    assert httpx.get(other, headers=BEARER).status_code == 200


def test_a_ticket_opens_nothing_else(server: Served) -> None:
    for method, path in (
        ("GET", "/api/sessions/ann"),
        ("POST", "/api/sessions/ann/ticket"),
        ("POST", "/api/sessions/ann/accept"),
        ("POST", "/api/sessions/ann/save"),
        ("POST", "/api/sessions/ann/prompted"),
        ("POST", "/whip/ann"),
        ("DELETE", "/whip/ann/1"),
    ):
        answer = httpx.request(method, server.address + path, params={"ticket": issued(server)})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/sessions/ann"),
        ("GET", "/api/sessions/ann/clip.mp4"),
        ("POST", "/api/sessions/ann/ticket"),
        ("POST", "/api/sessions/ann/accept"),
        ("POST", "/whip"),
        ("POST", "/whip/ann"),
        ("DELETE", "/whip/ann/1"),
    ],
)
@pytest.mark.parametrize("headers", [{}, BEARER])
def test_a_token_in_an_address_is_refused_with_what_to_do_instead(
    server: Served, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = httpx.request(method, server.address + path, params={"token": TOKEN}, headers=headers)
    assert answer.status_code == 401
    for part in ("?token= is not accepted", "Authorization: Bearer TOKEN", "ticket"):
        assert part in answer.json()["error"]


def test_a_malformed_name_has_no_tickets(server: Served) -> None:
    assert httpx.post(f"{server.address}/api/sessions/no!name/ticket", headers=BEARER).status_code == 404
    assert httpx.get(f"{server.address}/api/sessions/ann/ticket", headers=BEARER).status_code == 404


def test_without_a_token_no_ticket_is_needed_and_any_is_good(models: Models, tmp_path: Path) -> None:
    with served(models, tmp_path) as server:
        assert httpx.post(f"{server.address}/api/sessions/ann/ticket").status_code == 200
        for query in ("", "?ticket=x"):
            assert server.events("ann", until=("hello",), query=query)
