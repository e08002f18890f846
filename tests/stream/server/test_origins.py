"""Which web pages may call the server: every address, asked by honest and by foreign ones."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from serving import Served, offer_of, served
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from take5.client.pages import PAGES
from take5.scoring.errors import ParameterError
from take5.stream.analysis.models import Models
from take5.stream.server.access import checked_token, is_loopback, origin_of

TOKEN = "open-sesame"  # noqa: S105 - of these tests alone
FRIEND, FOREIGN = "https://studio.example", "https://evil.example"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
READ = (
    "/",
    "/api/config",
    "/api/ice",
    "/api/sessions/ann",
    "/api/sessions/ann/clip.mp4",
    "/healthz",
    "/api/prompts",
    "/style.css",
)
PUBLIC = ("/take5-capture.js", "/whip.js", "/texts/en.json")
"""Files that pages of every origin may load."""
WRITTEN = (
    ("POST", "/whip"),
    ("POST", "/whip/ann"),
    ("DELETE", "/whip/ann/1"),
    ("POST", "/api/sessions/ann/ticket"),
    ("POST", "/api/sessions/ann/accept"),
    ("POST", "/api/sessions/ann/save"),
    ("POST", "/api/sessions/ann/prompted"),
)
EVERY = [*(("GET", path) for path in READ), *WRITTEN]


@pytest.fixture(scope="module")
def without_token(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(models, tmp_path_factory.mktemp("open"), pages=PAGES, origins=[FRIEND]) as server:
        yield server


@pytest.fixture(scope="module")
def with_token(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(models, tmp_path_factory.mktemp("token"), pages=PAGES, token=TOKEN, origins=[FRIEND]) as server:
        yield server


def asked(server: Served, method: str, path: str, **headers: str) -> httpx.Response:
    return httpx.request(method, server.address + path, headers={k.replace("_", "-"): v for k, v in headers.items()})


def is_foreign(answer: httpx.Response) -> bool:
    return answer.status_code == 403 and answer.json()["code"] == "foreign"


@pytest.mark.parametrize(("method", "path"), EVERY)
def test_a_page_of_another_origin_gets_nothing(without_token: Served, method: str, path: str) -> None:
    for origin in (FOREIGN, "null", "http://127.0.0.1", without_token.address.replace("http", "https")):
        answer = asked(without_token, method, path, Origin=origin)
        assert is_foreign(answer)
        assert "--allow-origin" in answer.json()["error"]
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(("method", "path"), EVERY)
def test_a_name_that_is_not_the_servers_gets_nothing(without_token: Served, method: str, path: str) -> None:
    """A page may let its own name stand for 127.0.0.1: then its origin is the server's."""
    for host in ("evil.example", "127.0.0.1.evil.example:80", "localhost.evil.example", "a b", "[::1"):
        answer = asked(without_token, method, path, Host=host, Origin=f"http://{host}")
        assert is_foreign(answer)


@pytest.mark.parametrize(("method", "path"), EVERY)
@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost:8005", "[::1]:8005", "192.0.2.7", "studio.example"])
def test_its_own_pages_and_programs_get_what_there_is(without_token: Served, method: str, path: str, host: str) -> None:
    assert not is_foreign(asked(without_token, method, path, Host=host))
    assert not is_foreign(asked(without_token, method, path, Host=host, Origin=f"http://{host}"))
    answer = asked(without_token, method, path, Host=host, Origin=FRIEND)
    assert not is_foreign(answer)
    assert answer.headers["access-control-allow-origin"] == FRIEND


@pytest.mark.parametrize(("method", "path"), EVERY)
def test_with_a_token_senders_may_come_from_anywhere_and_readers_may_not(
    with_token: Served, method: str, path: str
) -> None:
    whip = path.startswith("/whip")
    assert is_foreign(asked(with_token, method, path, Origin=FOREIGN))
    assert is_foreign(asked(with_token, method, path, Origin=FOREIGN, Authorization="Bearer wrong"))
    answer = asked(with_token, method, path, Origin=FOREIGN, **BEARER)
    assert is_foreign(answer) == (not whip)
    assert answer.headers.get("access-control-allow-origin") == ("*" if whip else None)
    assert not is_foreign(asked(with_token, method, path, Host="take5.example", Origin="http://take5.example"))


def test_a_sender_of_another_origin_is_accepted_with_the_token(with_token: Served) -> None:
    preflight = {"Origin": FOREIGN, "Access-Control-Request-Method": "POST"}
    preflight["Access-Control-Request-Headers"] = "authorization,content-type"
    allowed = httpx.options(f"{with_token.address}/whip/far", headers=preflight)
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, "*")
    answer = with_token.post("/whip/far", offer_of(), Origin=FOREIGN, **BEARER)
    assert answer.status_code == 201
    assert "location" in answer.headers["access-control-expose-headers"].lower()
    assert httpx.delete(with_token.address + answer.headers["location"], headers=BEARER).status_code == 200
    read = httpx.options(f"{with_token.address}/api/sessions/far", headers=preflight)
    assert is_foreign(read)


def test_what_a_page_elsewhere_embeds_is_refused_and_a_link_is_not(without_token: Served) -> None:
    for mode, foreign in (("no-cors", True), ("navigate", False)):
        answer = asked(without_token, "GET", "/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode=mode)
        assert is_foreign(answer) == foreign


def test_websockets_of_other_pages_are_refused(without_token: Served) -> None:
    url = without_token.address.replace("http", "ws") + "/api/sessions/ann/events"
    with pytest.raises(InvalidStatus) as refused, connect(url, origin=Origin(FOREIGN)):
        pass
    assert refused.value.response.status_code == 403
    for origin in (None, Origin(without_token.address), Origin(FRIEND)):
        with connect(url, origin=origin) as socket:
            assert '"hello"' in str(socket.recv(10))


def test_the_page_may_talk_to_the_server_it_came_from_and_to_no_other(without_token: Served) -> None:
    policy = asked(without_token, "GET", "/").headers["content-security-policy"]
    (connects,) = [part.strip() for part in policy.split(";") if "connect-src" in part]
    host = without_token.address.removeprefix("http://")
    assert connects == f"connect-src 'self' ws://{host}"


def test_all_may_be_allowed(models: Models, tmp_path: Path) -> None:
    with served(models, tmp_path, origins=["*"]) as server:
        answer = asked(server, "GET", "/healthz", Host="evil.example", Origin=FOREIGN)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://Studio.Example", "https://studio.example"),
        ("https://studio.example:443/", "https://studio.example"),
        ("http://10.0.0.2:8080", "http://10.0.0.2:8080"),
        ("http://[::1]:80", "http://[::1]"),
        ("*", "*"),
    ],
)
def test_origins_are_written_as_browsers_do(text: str, origin: str) -> None:
    assert origin_of(text) == origin


@pytest.mark.parametrize(
    "text", ["", "studio.example", "ftp://a", "https://a/page", "https://a:x", "http://u@a", "null"]
)
def test_what_is_no_origin_is_refused_by_name(text: str) -> None:
    with pytest.raises(ParameterError, match="must be like") as error:
        origin_of(text)
    assert repr(text) in str(error.value)


@pytest.mark.parametrize(("token", "fault"), [("", "empty"), (" \t", "empty"), ("a\nb", "printable"), (" a", "blanks")])
def test_a_token_that_protects_nothing_is_refused(token: str, fault: str) -> None:
    with pytest.raises(ParameterError, match=fault):
        checked_token(token)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),  # noqa: S104 - nothing listens
        ("192.0.2.7", False),
        ("x.invalid", False),
    ],
)
def test_addresses_that_others_can_reach(host: str, loopback: bool) -> None:
    assert is_loopback(host) == loopback


@pytest.mark.parametrize("path", PUBLIC)
def test_the_files_of_the_element_may_be_loaded_by_every_page_and_by_its_own_names_alone(
    without_token: Served, with_token: Served, path: str
) -> None:
    for server in (without_token, with_token):
        for headers in ({"Origin": FOREIGN}, {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, {}):
            answer = httpx.get(server.address + path, headers=headers)
            assert answer.status_code == 200
            assert answer.headers["access-control-allow-origin"] == "*"
            assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert is_foreign(asked(server, "POST", path, Origin=FOREIGN))
    assert is_foreign(asked(without_token, "GET", path, Host="evil.example", Origin="http://evil.example"))
    assert is_foreign(asked(with_token, "GET", "/index.html", Origin=FOREIGN))


def test_the_page_says_who_may_frame_it_and_what_it_may_use(without_token: Served, with_token: Served) -> None:
    for server in (without_token, with_token):
        answer = httpx.get(server.address)
        assert answer.headers["content-security-policy"].endswith(f"frame-ancestors 'self' {FRIEND}")
        assert answer.headers["permissions-policy"].startswith("camera=(self), microphone=(self)")
        assert "cross-origin-resource-policy" not in answer.headers
