"""What proxies state of requests: it counts from trusted ones, and is ignored from others."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import Served, offer_of, served
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from take5.client.pages import PAGES
from take5.scoring.errors import ParameterError
from take5.stream.analysis.models import Models
from take5.stream.server.access import proxy_of, root_path_of
from take5.stream.server.proxies import HOST, Forwarded

TOKEN = "open-sesame"  # noqa: S105 - of these tests alone
BEARER = {"Authorization": f"Bearer {TOKEN}"}
STUDIO = "https://studio.example"
STATED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "studio.example",
    "X-Forwarded-Prefix": "/take5",
}


async def seen(request: Request) -> JSONResponse:
    """What the application learns of a request."""
    scope = request.scope
    told = {"client": request.client.host if request.client else None, "scheme": scope["scheme"], "path": scope["path"]}
    return JSONResponse({**told, "root": scope.get("root_path", ""), "host": scope.get(HOST)})


def learnt(
    peer: str, headers: dict[str, str], path: str = "/at", proxies: tuple[str, ...] = ("10.0.0.0/8",), root: str = ""
) -> dict[str, Any]:
    """What the application learns of a request of a peer."""
    forwarded = Middleware(Forwarded, proxies=list(proxies), root_path=root)
    app = Starlette(routes=[Route("/at", seen), Route("/api/at", seen)], middleware=[forwarded])
    return asked(app, peer, path, headers)


def asked(app: Starlette, peer: str, path: str, headers: dict[str, str]) -> dict[str, Any]:
    """What an application answers a peer."""

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(peer, 1))) as client:
            return await client.get(f"http://inner{path}", headers=headers)

    told: dict[str, Any] = asyncio.run(ask()).json()
    return told


PLAIN = {"client": "10.0.0.7", "scheme": "http", "path": "/at", "root": "", "host": None}


def test_what_a_trusted_proxy_states_counts() -> None:
    told = learnt("10.0.0.7", STATED)
    assert told == {
        "client": "203.0.113.9",
        "scheme": "https",
        "path": "/take5/at",
        "root": "/take5",
        "host": "studio.example",
    }


@pytest.mark.parametrize("peer", ["192.0.2.1", "", "::1"])
def test_what_anyone_else_states_does_not(peer: str) -> None:
    assert learnt(peer, STATED) == {**PLAIN, "client": peer}


def test_without_trusted_proxies_nothing_counts() -> None:
    assert learnt("127.0.0.1", STATED, proxies=()) == {**PLAIN, "client": "127.0.0.1"}


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Proto": "gopher"},
        {"X-Forwarded-Prefix": "take5"},
        {"X-Forwarded-Prefix": "//evil.example"},
        {"X-Forwarded-Prefix": "/a b"},
        {"X-Forwarded-Prefix": "/take5/.."},
        {"X-Forwarded-Prefix": "/"},
        {"X-Forwarded-Host": ""},
        {"X-Forwarded-For": ""},
    ],
)
def test_nonsense_is_ignored(headers: dict[str, str]) -> None:
    assert learnt("10.0.0.7", headers) == PLAIN


def test_of_several_proxies_the_last_untrusted_address_and_the_last_host_count() -> None:
    chain = {
        "X-Forwarded-For": "198.51.100.1, 203.0.113.9, 10.0.0.9",
        "X-Forwarded-Host": "evil.example, studio.example",
    }
    told = learnt("10.0.0.7", chain)
    assert (told["client"], told["host"]) == ("203.0.113.9", "studio.example")


@pytest.mark.parametrize("path", ["/at", "/take5/at"])
@pytest.mark.parametrize("headers", [{"X-Forwarded-Prefix": "/take5/"}, {}])
def test_a_prefix_may_have_been_cut_off_or_not(path: str, headers: dict[str, str]) -> None:
    root = "" if headers else "/take5"
    assert learnt("10.0.0.7", headers, path, root=root) == {**PLAIN, "path": "/take5/at", "root": "/take5"}


def test_a_prefix_that_the_servers_own_paths_have_has_been_cut_off() -> None:
    told = learnt("10.0.0.7", {"X-Forwarded-Prefix": "/api"}, "/api/at")
    assert (told["path"], told["root"]) == ("/api/api/at", "/api")


def test_the_prefix_of_a_proxy_goes_before_the_servers_own_place() -> None:
    forwarded = Middleware(Forwarded, proxies=["10.0.0.0/8"], root_path="")
    inner = Starlette(routes=[Route("/at", seen)], middleware=[forwarded])
    app = Starlette(routes=[Mount("/deep", inner)])
    told = asked(app, "10.0.0.7", "/deep/at", STATED)
    assert (told["path"], told["root"]) == ("/take5/deep/at", "/take5/deep")


@pytest.mark.parametrize("text", ["", "localhost", "10.0.0.1/8", "10.0.0.0/33", "*"])
def test_what_is_no_proxy_is_refused_by_name(text: str) -> None:
    with pytest.raises(ParameterError, match="must be an address or a network") as error:
        proxy_of(text)
    assert repr(text) in str(error.value)


@pytest.mark.parametrize("text", ["take5", "/a//b", "/a b", "/../a", "/a/.", "https://h/take5", "/a?b"])
def test_what_is_no_path_is_refused_by_name(text: str) -> None:
    with pytest.raises(ParameterError, match="must be like /take5"):
        root_path_of(text)


@pytest.mark.parametrize(("text", "path"), [("", ""), ("/", ""), ("/take5/", "/take5"), ("/a/b", "/a/b")])
def test_paths_end_without_a_slash(text: str, path: str) -> None:
    assert root_path_of(text) == path


@contextmanager
def behind(models: Models, output: Path, **options: Any) -> Iterator[Served]:
    with served(models, output, pages=PAGES, proxies=["127.0.0.1"], **options) as server:
        yield server


@pytest.fixture(scope="module")
def trusting(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with behind(models, tmp_path_factory.mktemp("trusting"), token=TOKEN) as server:
        yield server


def test_the_address_of_a_capture_has_the_prefix(trusting: Served) -> None:
    answer = trusting.post("/whip/ann", offer_of(), **STATED, **BEARER)
    assert answer.status_code == 201
    assert answer.headers["location"].startswith("/take5/whip/ann/")
    ended = httpx.delete(trusting.address + answer.headers["location"].removeprefix("/take5"), headers=STATED | BEARER)
    assert ended.status_code == 200


def test_a_page_behind_a_trusted_tls_proxy_is_the_servers_own(trusting: Served) -> None:
    config = f"{trusting.address}/api/config"
    assert httpx.get(config, headers=STATED | {"Origin": STUDIO}).status_code == 200
    for origin in ("http://studio.example", "https://evil.example", trusting.address):
        assert httpx.get(config, headers=STATED | {"Origin": origin}).json()["code"] == "foreign"
    policy = httpx.get(f"{trusting.address}/", headers=STATED).headers["content-security-policy"]
    assert "connect-src 'self' wss://studio.example;" in policy


def test_a_websocket_behind_a_trusted_tls_proxy_is_opened(trusting: Served) -> None:
    address = f"{trusting.address.replace('http', 'ws')}/api/sessions/ann/events"
    stated = STATED | BEARER
    with connect(address, additional_headers=stated | {"Origin": STUDIO}) as socket:
        assert json.loads(socket.recv(10))["type"] == "hello"
    with pytest.raises(InvalidStatus), connect(address, additional_headers=stated | {"Origin": "https://evil.example"}):
        pass


def test_without_trust_a_page_behind_a_tls_proxy_is_foreign(models: Models, tmp_path: Path) -> None:
    with served(models, tmp_path, token=TOKEN, pages=PAGES) as server:
        for headers in (STATED, STATED | {"Host": "studio.example"}):
            refused = httpx.get(f"{server.address}/api/config", headers=headers | {"Origin": STUDIO})
            assert refused.json()["code"] == "foreign"
        answer = server.post("/whip/ann", offer_of(), **STATED, **BEARER)
        assert answer.headers["location"].startswith("/whip/ann/")


def test_without_a_token_a_page_cannot_state_a_name_of_its_own_choice(models: Models, tmp_path: Path) -> None:
    """A page whose name stands for 127.0.0.1 may send any header to it, also those of a proxy."""
    with behind(models, tmp_path) as server:
        config = f"{server.address}/api/config"
        for host in ("localhost", "evil.example"):
            headers = {"Host": "evil.example", "X-Forwarded-Host": host}
            assert httpx.get(config, headers=headers).json()["code"] == "foreign"
        headers = {"Host": "127.0.0.1:8005", "X-Forwarded-Host": "evil.example"}
        assert httpx.get(config, headers=headers).json()["code"] == "foreign"
        assert httpx.get(config, headers={"X-Forwarded-Host": "localhost"}).status_code == 200


def test_a_fixed_prefix_needs_no_proxy_that_states_it(models: Models, tmp_path: Path) -> None:
    with served(models, tmp_path, pages=PAGES, root_path="/take5/") as server:
        for path in ("/", "/take5/", "/take5/app.js", "/take5/texts/en.json", "/take5/healthz", "/healthz"):
            assert httpx.get(server.address + path).status_code == 200
        answer = server.post("/take5/whip/ann", offer_of())
        assert answer.headers["location"].startswith("/take5/whip/ann/")
        assert httpx.delete(server.address + answer.headers["location"]).status_code == 200
