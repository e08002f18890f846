"""What a person's page reads: the session's takes with their files, one of them to accept, a QR code of the link."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from platform_server import Json, programs
from platform_takes import Shop
from serving import served

from take5.stream.analysis.models import Models
from take5.stream.platform.database import Database
from take5.stream.platform.person import qr_code
from take5.stream.platform.service import Platform


@pytest.fixture(scope="module")
def shop(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("person")
    with (
        closing(Database.open(f"sqlite:///{folder / 'platform.db'}")) as database,
        served(models, folder / "out", platform=Platform(database)) as server,
    ):
        yield Shop(server, programs(server.address, database)(), folder / "out")


def ask(shop: Shop, session: Json, method: str, path: str, holder: str = "person", **options: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {session['secrets'][holder]}"}
    return httpx.request(method, f"{shop.server.address}/{path}", headers=headers, **options)


def below(session: Json, path: str) -> str:
    return f"api/sessions/{session['id']}{path}"


def test_a_person_sees_the_takes_without_paths_and_plays_each(shop: Shop) -> None:
    session = shop.program.create()
    assert ask(shop, session, "GET", below(session, "/takes")).json() == {"takes": []}
    first, last = shop.take(session, ""), shop.take(session, "-2")
    answer = ask(shop, session, "GET", below(session, "/takes"), "follower")
    assert answer.headers["cache-control"] == "no-store"
    assert str(shop.output) not in answer.text
    one, two = answer.json()["takes"]
    assert (one["id"], two["id"], one["state"], one["accepted"]) == (first.name, last.name, "done", False)
    assert one["stopped"]["rule"] == "ended"
    assert one["more_clips"][0]["window_s"] == 10
    assert one["report"]["files"]["report.html"].endswith(f"/report.html?take={first.name}")
    assert ask(shop, session, "GET", one["clip"]["files"]["clip.mp4"]).content == b"clip.mp4 "
    assert ask(shop, session, "GET", two["clip"]["files"]["clip.mp4"]).content == b"clip.mp4 -2"
    for path in ("/clip.mp4?take=x", f"/deliveries.json?take={first.name}", f"/clip.mp4?take=../{first.name}"):
        assert ask(shop, session, "GET", below(session, path)).status_code == 404


def test_a_ticket_is_for_one_file_of_one_take(shop: Shop) -> None:
    session = shop.program.create()
    first, last = shop.take(session, ""), shop.take(session, "-2")
    ticket = ask(shop, session, "POST", below(session, "/ticket")).json()["ticket"]
    clip = f"{shop.server.address}/{below(session, '/clip.mp4')}?ticket={ticket}&take="
    assert httpx.get(clip + first.name).content == b"clip.mp4 "
    assert httpx.get(clip + first.name).status_code == 200
    assert httpx.get(clip + last.name).status_code == 401
    assert httpx.get(clip.removesuffix("&take=")).status_code == 401


def test_a_person_accepts_an_earlier_take(shop: Shop) -> None:
    session = shop.program.create()
    first, last = shop.take(session, ""), shop.take(session, "-2")
    accepted = ask(shop, session, "POST", below(session, "/accept"), json={"take": first.name})
    assert (accepted.status_code, accepted.json()["accepted"]) == (200, True)
    assert shop.program.show(session["id"])["accepted"] == first.name
    assert [take["accepted"] for take in ask(shop, session, "GET", below(session, "/takes")).json()["takes"]] == [
        True,
        False,
    ]
    assert ask(shop, session, "POST", below(session, "/accept"), json={"take": last.name}).status_code == 200
    assert not (first / "accepted.json").exists()
    assert shop.program.show(session["id"])["accepted"] == last.name


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"take": "x"}', 404, "not_found"),
        (b"{", 422, "invalid"),
        (b"[]", 422, "invalid"),
        (b'{"take":' * 500, 422, "invalid"),
        (b'{"unknown":' + b"[" * 4000, 422, "invalid"),
        (b"x" * 5000, 413, "too_large"),
    ],
)
def test_what_cannot_be_accepted(shop: Shop, body: bytes, status: int, code: str) -> None:
    session = shop.program.create()
    shop.take(session, "")
    answer = ask(shop, session, "POST", below(session, "/accept"), content=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert shop.program.show(session["id"])["accepted"] is None


def test_a_secret_sees_no_other_sessions_takes(shop: Shop) -> None:
    session, other = shop.program.create(), shop.program.create()
    take = shop.take(other, "")
    crossed = {"id": other["id"], "secrets": session["secrets"]}
    for method, path in (("GET", "/takes"), ("GET", f"/clip.mp4?take={take.name}"), ("GET", "/qr.svg")):
        assert ask(shop, crossed, method, below(other, path)).status_code == 401
    assert ask(shop, session, "GET", below(session, f"/clip.mp4?take={take.name}")).status_code == 404
    answer = ask(shop, session, "POST", below(session, "/accept"), json={"take": take.name})
    assert answer.status_code == 404
    shop.program.request("DELETE", f"/{session['id']}/secrets/person")
    assert ask(shop, session, "GET", below(session, "/takes")).status_code == 401


def test_the_qr_code_is_the_persons_own_link(shop: Shop) -> None:
    session = shop.program.create()
    answer = ask(shop, session, "GET", below(session, "/qr.svg"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content == qr_code(session["links"]["person"])
    assert ask(shop, session, "GET", below(session, "/qr.svg"), "sender").status_code == 403
