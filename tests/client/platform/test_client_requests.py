"""The client of the sessions API before answers that a real server seldom gives."""

import asyncio
import inspect
import json
import logging
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

import take5
from take5.client import AsyncTake5, Take5
from take5.client.platform import requests
from take5.client.platform.clients import AsyncDeliveries, AsyncSecrets, AsyncSessions, Deliveries, Secrets, Sessions

SERVER, KEY = "http://take5.test/under", "t5key_0123_hush"
TIME = "2026-01-02T03:04:05Z"
SESSION = {"id": "ab", "state": "created", "created": TIME, "expires": TIME, "colour_of_later_versions": "red"}
HOLDERS = ("person", "sender", "follower")
SECRETS = dict.fromkeys(HOLDERS, "hush")
LINKS = {"person": "https://x/#hush", "sender": "https://x/whip/ab", "follower": "https://x/#hush"}
CREATED = {**SESSION, "secrets": SECRETS, "links": LINKS}
Answer = httpx.Response | Exception


class Answers:
    """A server that gives these answers, one after the other."""

    def __init__(self, *answers: Answer) -> None:
        self._left, self.requests = list(answers), list[httpx.Request]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, **options: int) -> Take5:
        return Take5(SERVER, KEY, http=httpx.Client(transport=httpx.MockTransport(self)), **options)

    def async_client(self) -> AsyncTake5:
        return AsyncTake5(SERVER, KEY, http=httpx.AsyncClient(transport=httpx.MockTransport(self)))


def good(body: object = SESSION, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=body)


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    body = json.dumps({"error": "it is so", "code": code})
    return httpx.Response(status, text=body, headers={"Content-Type": "application/problem+json", **headers})


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between attempts, which take no time here."""
    paused: list[float] = []

    async def pause(seconds: float) -> None:
        paused.append(seconds)

    monkeypatch.setattr("time.sleep", paused.append)
    monkeypatch.setattr("asyncio.sleep", pause)
    return paused


def test_keys_that_a_later_server_adds_are_ignored() -> None:
    session = Answers(good()).client().sessions.get("ab")
    assert (session.id, session.state, session.created.year, session.label) == ("ab", "created", 2026, None)


def test_a_request_has_the_key_in_its_header_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = Answers(good())
    client = server.client()
    client.sessions.get("a/b")
    (request,) = server.requests
    assert str(request.url) == "http://take5.test/under/api/v1/sessions/a%2Fb"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    shown = f"{client!r} {client.sessions._transport.settings!r} {caplog.text} {request!r}"
    assert "hush" not in shown
    assert "GET http://take5.test" in shown


@pytest.mark.parametrize("session_id", ["", ".", ".."])
def test_what_is_not_an_id_is_not_sent(session_id: str) -> None:
    with pytest.raises(take5.ParameterError, match="is not an id"):
        Answers().client().sessions.delete(session_id)


def test_secrets_are_not_shown_by_repr() -> None:
    created = Answers(good(CREATED, 201)).client().sessions.create()
    assert created.secrets.sender == SECRETS["sender"]
    assert "hush" not in repr(created)
    call = requests.create_session(hook={"url": "https://shop.test", "secret": "hush"})
    assert "hush" not in repr(call)


@pytest.mark.parametrize(
    ("server", "key", "fault"),
    [
        ("take5.test", KEY, "must be like https://HOST"),
        ("ftp://take5.test", KEY, "must be like https://HOST"),
        ("https://take5.test:port", KEY, "must be like https://HOST"),
        ("https://me:hush@take5.test", KEY, "must not have a user name or a password"),
        ("https://take5.test/?token=1", KEY, "must be like https://HOST"),
        (SERVER, "", "set TAKE5_API_KEY"),
        (SERVER, "hush\nhush", "set TAKE5_API_KEY"),
        (None, KEY, "set TAKE5_SERVER"),
    ],
)
def test_an_impossible_address_or_key_is_refused_at_once(
    server: str | None, key: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TAKE5_SERVER", raising=False)
    with pytest.raises(take5.ParameterError, match=fault) as raised:
        Take5(server, key)
    assert "hush" not in str(raised.value)


def test_the_environment_has_what_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAKE5_SERVER", "https://take5.test/")
    monkeypatch.setenv("TAKE5_API_KEY", KEY)
    with Take5() as client:
        assert repr(client) == "Take5('https://take5.test')"


def test_a_refusal_has_its_status_code_and_pause() -> None:
    with pytest.raises(take5.RequestRefused, match="it is so") as raised:
        Answers(problem(409, "busy", **{"Retry-After": "10"})).client().sessions.delete("ab")
    refused = raised.value
    assert (refused.status, refused.code, refused.text, refused.retry_after) == (409, "busy", "it is so", 10)
    assert str(pickle.loads(pickle.dumps(refused))) == "it is so"  # noqa: S301 - made here


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (httpx.Response(404, text="<html>"), "404 Not Found, not from the sessions API; is it"),
        (httpx.Response(404, json={"detail": "Not Found"}), "404 Not Found, not from the sessions API; is it"),
        (httpx.Response(301, headers={"Location": "https://else.test/"}), "redirects to https://else.test/"),
    ],
)
def test_the_answer_of_another_server_is_reported_as_such(answer: httpx.Response, fault: str) -> None:
    with pytest.raises(take5.RequestRefused, match=fault) as raised:
        Answers(answer).client().sessions.get("ab")
    assert raised.value.code == "unknown"


@pytest.mark.parametrize("answer", [httpx.Response(200, text="<html>"), good({"id": 5}), good([])])
def test_an_answer_of_another_form_is_one_of_take5s_errors(answer: httpx.Response) -> None:
    with pytest.raises(take5.ServerError, match="cannot be read"):
        Answers(answer).client().sessions.get("ab")


def test_a_server_that_is_busy_is_asked_again_when_it_says(pauses: list[float]) -> None:
    busy = problem(503, "database_busy", **{"Retry-After": "7"})
    assert Answers(busy, busy, good()).client().sessions.retake("ab").id == "ab"
    assert pauses == [7, 7]


def test_a_server_that_stays_busy_is_given_up(pauses: list[float]) -> None:
    server = Answers(*(problem(503, "database_busy") for _ in range(4)))
    with pytest.raises(take5.RequestRefused):
        server.client().sessions.get("ab")
    assert len(pauses) == 3
    assert 0.375 <= pauses[0] <= 0.5
    assert 1.5 <= pauses[2] <= 2


def test_a_server_that_wants_a_long_pause_is_not_asked_again(pauses: list[float]) -> None:
    with pytest.raises(take5.RequestRefused) as raised:
        Answers(problem(429, "too_many_failures", **{"Retry-After": "3600"})).client().sessions.get("ab")
    assert (raised.value.retry_after, pauses) == (3600, [])


def test_a_lost_connection_repeats_what_cannot_be_done_twice_with_one_idempotency_key() -> None:
    lost = httpx.ReadError("gone")
    server = Answers(lost, httpx.Response(502), good(CREATED, 201))
    server.client().sessions.create(label="host", person=None)
    keys = {request.headers["idempotency-key"] for request in server.requests}
    assert len(keys) == 1
    assert [json.loads(request.content) for request in server.requests] == [{"label": "host"}] * 3


def test_a_lost_connection_does_not_repeat_what_could_be_done_twice() -> None:
    for answer in (httpx.ReadError("gone"), httpx.Response(502)):
        server = Answers(answer, good())
        with pytest.raises(take5.ServerError):
            server.client().deliveries.replay("d1")
        assert len(server.requests) == 1


def test_a_server_that_cannot_be_reached_is_one_of_take5s_errors() -> None:
    unreachable = [httpx.ConnectError("refused") for _ in range(2)]
    with pytest.raises(take5.ServerUnreachable, match=r"no answer \(refused\); is the server running"):
        Answers(*unreachable).client(retries=1).deliveries.replay("d1")


def test_a_list_follows_its_pages() -> None:
    pages = [
        {"sessions": [{**SESSION, "id": "a"}, {**SESSION, "id": "b"}], "next": "c1"},
        {"sessions": [{**SESSION, "id": "c"}], "next": None},
    ]
    server = Answers(*map(good, pages))
    found = server.client().sessions.list(state="done", page_size=2)
    assert next(found).id == "a"
    assert len(server.requests) == 1
    assert [session.id for session in found] == ["b", "c"]
    assert [dict(request.url.params) for request in server.requests] == [
        {"state": "done", "limit": "2"},
        {"state": "done", "limit": "2", "cursor": "c1"},
    ]


def test_takes_deliveries_and_secrets_are_read() -> None:
    clip = {"type": "clip", "I": 1.5}
    bundle = {"trainer": "raw", "seconds": 5.0, "path": "raw"}
    take = {"id": "t", "state": "done", "accepted": True, "clip": clip, "files": ["clip.mp4"], "bundles": [bundle]}
    (found,) = Answers(good({"takes": [take]})).client().sessions.takes("ab")
    assert (found.clip, found.files, found.bundles[0].trainer, found.ended) == (clip, ("clip.mp4",), "raw", None)
    body = {"holder": "person", "secret": "hush", "expires": TIME, "link": "https://take5.test/#token=hush"}
    made = Answers(good(body, 201)).client().secrets.create("ab", "person")
    assert made.secret == body["secret"]
    assert "hush" not in repr(made)
    Answers(httpx.Response(204)).client().secrets.revoke("ab", "sender")
    delivery = {"id": "d", "session": "ab", "type": "best", "state": "failed", "created": TIME}
    server = Answers(good({"deliveries": [delivery], "next": None}))
    assert [each.state for each in server.client().deliveries.list(session="ab", state="failed")] == ["failed"]
    assert server.requests[0].url.path == "/under/api/v1/sessions/ab/deliveries"


def broken() -> httpx.Response:
    def content() -> Iterator[bytes]:
        yield b"half"
        raise httpx.ReadError("gone")

    return httpx.Response(200, content=content())


def test_a_download_is_whole_or_not_there(tmp_path: Path, pauses: list[float]) -> None:
    server, target = Answers(broken(), httpx.Response(200, content=b"whole")), tmp_path / "new" / "clip.mp4"
    assert server.client().sessions.download_clip("ab", target, take="t") == target
    assert (target.read_bytes(), len(pauses)) == (b"whole", 1)
    assert server.requests[0].url.params["take"] == "t"
    other = tmp_path / "other.mp4"
    with pytest.raises(take5.ServerUnreachable):
        Answers(broken()).client(retries=0).sessions.download_clip("ab", other)
    with pytest.raises(take5.RequestRefused):
        Answers(problem(404, "not_found")).client().sessions.download_bundle("ab", "raw", other)
    assert [path.name for path in tmp_path.rglob("*")] == ["new", "clip.mp4"]


def test_a_download_replaces_a_file_only_when_asked(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("mine")
    with pytest.raises(take5.OutputExists):
        Answers().client().sessions.download_report("ab", tmp_path)
    server = Answers(httpx.Response(200, content=b"theirs"))
    assert server.client().sessions.download_report("ab", tmp_path, force=True) == target
    assert target.read_text() == "theirs"


def test_the_asynchronous_client_does_the_same(tmp_path: Path, pauses: list[float]) -> None:
    async def use() -> None:
        busy, page = problem(503, "database_busy"), {"sessions": [SESSION], "next": None}
        server = Answers(busy, good(), good(page), httpx.Response(200, content=b"clip"))
        async with server.async_client() as client:
            assert (await client.sessions.get("ab")).id == "ab"
            assert [session.id async for session in client.sessions.list()] == ["ab"]
            fetched = await client.sessions.download_clip("ab", tmp_path)
            assert (fetched.name, fetched.read_bytes()) == ("ab.mp4", b"clip")
        with pytest.raises(take5.ServerUnreachable):
            await Answers(httpx.ReadTimeout("late")).async_client().deliveries.replay("d")

    asyncio.run(use())
    assert len(pauses) == 1


def test_both_clients_have_the_same_methods_with_their_own_documentation() -> None:
    for blocking, awaiting in ((Sessions, AsyncSessions), (Secrets, AsyncSecrets), (Deliveries, AsyncDeliveries)):
        names = [name for name in vars(blocking) if not name.startswith("_")]
        assert names == [name for name in vars(awaiting) if not name.startswith("_")]
    create: Callable[..., object] = Answers().client().sessions.create
    assert "idempotency_key" in inspect.signature(create).parameters
    assert (create.__doc__ or "").startswith("Create a session.")
