"""The secrets of sessions, one by one: renewed, revoked, with links, and what they had opened."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from itertools import product
from threading import Event
from time import sleep

import httpx
import pytest
from platform_server import Json, Program, programs
from serving import Served, served
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from take5.stream.analysis.models import Models
from take5.stream.platform import access, records
from take5.stream.platform.database import Database
from take5.stream.platform.failures import Failures
from take5.stream.platform.keys import Scope
from take5.stream.platform.service import Platform
from take5.stream.platform.tables import utc_now

HOLDERS = ("person", "sender", "follower")
UNDER = "/studio"
WAITING = {"asks_consent": False, "state": "waiting"}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path_factory.mktemp('secrets') / 'platform.db'}")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def server(models: Models, database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    platform = Platform(database, Failures(most=10_000))
    with served(
        models, tmp_path_factory.mktemp("out"), under=UNDER, platform=platform, proxies=["127.0.0.2"]
    ) as running:
        yield running


@pytest.fixture
def shop(server: Served, database: Database) -> Program:
    return programs(server.address, database)()


def opens(server: Served, session: Json, secret: str) -> bool:
    headers = {"Authorization": f"Bearer {secret}"}
    answer = httpx.get(f"{server.address}/api/sessions/{session['id']}/access", headers=headers)
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


def ticket(server: Served, session: Json, secret: str) -> str:
    headers = {"Authorization": f"Bearer {secret}"}
    answer = httpx.post(f"{server.address}/api/sessions/{session['id']}/ticket", headers=headers)
    text: str = answer.json()["ticket"]
    return text


@contextmanager
def following(server: Served, session: Json, secret: str, query: str = "") -> Iterator[ClientConnection]:
    """A websocket that has had its hello."""
    headers = {} if query else {"Authorization": f"Bearer {secret}"}
    address = f"{server.address.replace('http', 'ws')}/api/sessions/{session['id']}/events{query}"
    with connect(address, additional_headers=headers) as socket:
        assert '"hello"' in str(socket.recv(10))
        yield socket


def closed(socket: ClientConnection, within_s: float = 10) -> tuple[int | None, str | None]:
    with pytest.raises(ConnectionClosed):
        socket.recv(within_s)
    return socket.close_code, socket.close_reason


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_new_secret_leaves_the_others_alone(server: Served, shop: Program, holder: str) -> None:
    session = shop.create()
    made = shop.new_secret(session, holder)
    assert made.keys() == {"holder", "secret", "expires", "link"}
    assert (made["holder"], made["expires"]) == (holder, session["expires"])
    assert opens(server, session, made["secret"])
    for other, secret in session["secrets"].items():
        assert opens(server, session, secret) == (other != holder)
    assert opens(server, session, shop.new_secret(session, holder)["secret"])
    assert not opens(server, session, made["secret"])


def test_of_new_secrets_that_are_made_at_once_one_is_good(server: Served, shop: Program) -> None:
    session = shop.create()
    with ThreadPoolExecutor(8) as pool:
        made = [*pool.map(lambda _: shop.new_secret(session, "person")["secret"], range(8))]
    assert sum(opens(server, session, secret) for secret in made) == 1


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_secret_is_revoked_alone_and_can_be_made_again(server: Served, shop: Program, holder: str) -> None:
    session = shop.create()
    for _ in range(2):
        answer = shop.request("DELETE", f"/{session['id']}/secrets/{holder}")
        assert (answer.status_code, answer.content) == (204, b"")
    for other, secret in session["secrets"].items():
        assert opens(server, session, secret) == (other != holder)
    assert opens(server, session, shop.new_secret(session, holder)["secret"])


def test_what_a_secret_may_do_is_said_with_the_language(server: Served, shop: Program) -> None:
    session, asking = shop.create(language="zh-Hans"), shop.create(consent_text="May we record you?")
    for holder, may in zip(HOLDERS, (["send", "follow", "decide"], ["send", "follow"], ["follow"]), strict=True):
        headers = {"Authorization": f"Bearer {session['secrets'][holder]}"}
        answer = httpx.get(f"{server.address}/api/sessions/{session['id']}/access", headers=headers)
        assert answer.json() == {"may": may, "language": "zh-Hans", "closed": None, **WAITING}
        assert answer.headers["cache-control"] == "no-store"
    headers = {"Authorization": f"Bearer {asking['secrets']['person']}"}
    answer = httpx.get(f"{server.address}/api/sessions/{asking['id']}/access", headers=headers)
    assert answer.json()["closed"] == "consent_missing"
    assert answer.json()["asks_consent"]


@pytest.mark.parametrize(("holder", "how"), [*product(HOLDERS, ("POST", "DELETE"))])
def test_open_websockets_and_tickets_end_with_their_secret(
    server: Served, shop: Program, holder: str, how: str
) -> None:
    session = shop.create()
    secret, other = session["secrets"][holder], session["secrets"][HOLDERS[HOLDERS.index(holder) - 1]]
    unused, kept = ticket(server, session, secret), ticket(server, session, other)
    by_ticket = f"?ticket={ticket(server, session, secret)}"
    with (
        following(server, session, secret) as shown,
        following(server, session, secret, by_ticket) as ticketed,
        following(server, session, other) as going_on,
    ):
        shop.request(how, f"/{session['id']}/secrets/{holder}")
        assert {closed(shown), closed(ticketed)} == {(4401, "the secret has been revoked")}
        with pytest.raises(TimeoutError):
            going_on.recv(0.2)
        address = f"{server.address}/api/sessions/{session['id']}/clip.mp4?ticket="
        assert httpx.get(address + unused).status_code == 401
        assert httpx.get(address + kept).status_code == 404
        shop.request("POST", f"/{session['id']}/cancel")
        assert closed(going_on) == (4401, "the session has been cancelled")


def test_a_websocket_ends_when_its_secret_expires(
    server: Served, shop: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = shop.create(expires_in_s=60)
    monkeypatch.setattr(access, "utc_now", lambda: utc_now() + timedelta(seconds=59))
    secret = session["secrets"]["follower"]
    by_ticket = f"?ticket={ticket(server, session, secret)}"
    with following(server, session, secret) as shown, following(server, session, secret, by_ticket) as ticketed:
        assert {closed(shown), closed(ticketed)} == {(4401, "the secret has expired")}


def test_no_secret_is_made_for_a_session_that_nothing_opens(shop: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    cancelled, deleted, expired = shop.create(), shop.create(), shop.create(expires_in_s=60)
    shop.request("POST", f"/{cancelled['id']}/cancel")
    shop.request("DELETE", f"/{deleted['id']}")
    monkeypatch.setattr(records, "utc_now", lambda: utc_now() + timedelta(minutes=2))
    for session, code in ((cancelled, "cancelled"), (deleted, "deleted"), (expired, "expired")):
        answer = shop.request("POST", f"/{session['id']}/secrets/person")
        assert (answer.status_code, answer.json()["code"]) == (409, code)
        assert f"the session {'' if code == 'expired' else 'is '}{code}" in answer.json()["detail"]
        assert shop.request("DELETE", f"/{session['id']}/secrets/person").status_code == 204


def test_only_a_key_that_may_write_renews_and_only_its_own(server: Served, database: Database, shop: Program) -> None:
    session = shop.create()
    reader, other = programs(server.address, database)(Scope.READ), programs(server.address, database)()
    for method in ("POST", "DELETE"):
        place = f"/{session['id']}/secrets/person"
        assert reader.request(method, place).status_code == 403
        assert other.request(method, place).status_code == 404
        assert shop.request(method, f"/{session['id']}/secrets/nobody").json()["code"] == "invalid"
    assert opens(server, session, session["secrets"]["person"])


def test_links_have_the_address_that_the_request_has_used(server: Served, shop: Program) -> None:
    session = shop.create()
    base, place = server.address, f"/#token={{}}&session={session['id']}"
    assert base.endswith(UNDER)
    assert session["links"] == {
        "person": base + place.format(session["secrets"]["person"]),
        "sender": f"{base}/whip/{session['id']}",
        "follower": base + place.format(session["secrets"]["follower"]),
    }
    for holder in HOLDERS:
        made = shop.new_secret(session, holder)
        assert made["link"] == session["links"][holder].replace(session["secrets"][holder], made["secret"])
    forwarded = {"X-Forwarded-Host": "studio.example", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/t5"}
    for sender, expected in (("127.0.0.2", f"https://studio.example/t5{UNDER}"), (None, base)):
        with httpx.Client(transport=httpx.HTTPTransport(local_address=sender)) as client:
            headers = {"Authorization": f"Bearer {shop.key}"} | forwarded
            answer = client.post(f"{base}/api/v1/sessions", json={}, headers=headers).json()
            assert answer["links"]["sender"] == f"{expected}/whip/{answer['id']}"


def test_a_repeated_creation_has_the_same_links(shop: Program) -> None:
    first, again = (
        shop.request("POST", json={}, headers={"Idempotency-Key": "links", "Host": host})
        for host in ("one.example", "two.example")
    )
    assert first.content == again.content
    assert first.json()["links"]["sender"].startswith(f"http://one.example{UNDER}/whip/")


def test_a_secret_that_is_renewed_while_the_offer_arrives_begins_nothing(shop: Program) -> None:
    session, begun, going = shop.create(), Event(), Event()
    headers = {"Authorization": f"Bearer {session['secrets']['sender']}", "Content-Type": "application/sdp"}

    def slowly() -> Iterator[bytes]:
        yield b"v=0\r\n"
        begun.set()
        going.wait(10)
        yield b"s=-\r\n"

    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(httpx.post, f"{shop.address}/whip/{session['id']}", headers=headers, content=slowly())
        assert begun.wait(5)
        sleep(0.3)
        shop.new_secret(session, "sender")
        going.set()
        answer = sent.result(20)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
