"""The person agrees to a text before anything is recorded."""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from platform_server import Json, Program, programs
from serving import served

from take5.stream.analysis.models import Models
from take5.stream.platform.consent import reference
from take5.stream.platform.database import Database
from take5.stream.platform.service import Platform

TEXT = "Your face and voice are recorded to make your avatar."
DIGEST = hashlib.sha256(TEXT.encode()).hexdigest()


@pytest.fixture(scope="module")
def shop(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("consent")
    with (
        closing(Database.open(f"sqlite:///{folder / 'platform.db'}")) as database,
        served(models, folder / "out", platform=Platform(database)) as server,
    ):
        yield programs(server.address, database)()


def ask(shop: Program, session: Json, method: str, holder: str = "person", **options: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {session['secrets'][holder]}"}
    return httpx.request(method, f"{shop.address}/api/sessions/{session['id']}/consent", headers=headers, **options)


def begin(shop: Program, session: Json) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {session['secrets']['sender']}", "Content-Type": "application/sdp"}
    answer = httpx.post(f"{shop.address}/whip/{session['id']}", headers=headers, content="v=0")
    return answer.status_code, answer.json()["code"]


def test_nothing_is_recorded_before_the_person_has_agreed(shop: Program) -> None:
    session = shop.create(consent_text=TEXT, consent_version="2030-1", language="en")
    assert begin(shop, session) == (403, "consent_missing")
    shown = ask(shop, session, "GET").json()
    asked = {"text": TEXT, "version": "2030-1", "language": "en", "sha256": DIGEST}
    assert shown == {**asked, "consented": None, "spoken_consent": False, "sentences": None}
    answer = ask(shop, session, "POST", json={"name": " Ann Lee ", "sha256": DIGEST}).json()["consented"]
    assert (answer["name"], answer["version"], answer["sha256"]) == ("Ann Lee", "2030-1", DIGEST)
    assert begin(shop, session) == (422, "unsupported_media")
    assert ask(shop, session, "POST", json={"name": "Bob", "sha256": DIGEST}).json()["consented"] == answer
    recorded = shop.show(session["id"])["consented"]
    assert recorded["name"] == "Ann Lee"
    assert reference(recorded).endswith(f"text version 2030-1 sha256:{DIGEST}")


def test_a_session_without_a_text_asks_for_nothing(shop: Program) -> None:
    session = shop.create()
    assert begin(shop, session) == (422, "unsupported_media")
    assert ask(shop, session, "GET").status_code == 404


@pytest.mark.parametrize("holder", ["sender", "follower"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_only_the_person_agrees(shop: Program, holder: str, method: str) -> None:
    session = shop.create(consent_text=TEXT)
    assert ask(shop, session, method, holder, json={"name": "Ann", "sha256": DIGEST}).status_code == 403
    other = shop.create(consent_text=TEXT)
    crossed = {"id": session["id"], "secrets": other["secrets"]}
    assert ask(shop, crossed, method, json={"name": "Ann", "sha256": DIGEST}).status_code == 401
    assert shop.show(session["id"])["consented"] is None


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "invalid"),
        (b"{", 422, "invalid"),
        (b"[]", 422, "invalid"),
        (b"\xff", 422, "invalid"),
        (b'{"name": 1, "sha256": "x"}', 422, "invalid"),
        (b'{"name": " ", "sha256": "x"}', 422, "invalid"),
        (b'{"name": "a\\nb", "sha256": "x"}', 422, "invalid"),
        (b'{"name": "Ann", "sha256": "x"}', 409, "text_changed"),
        (b'{"name": "' + b"A" * 5000 + b'", "sha256": "x"}', 413, "too_large"),
        (b"[" * 4000, 422, "invalid"),
        (b'{"x":' + b"[" * 4000, 422, "invalid"),
    ],
)
def test_what_is_no_agreement_is_refused(shop: Program, body: bytes, status: int, code: str) -> None:
    session = shop.create(consent_text=TEXT)
    answer = ask(shop, session, "POST", content=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert shop.show(session["id"])["consented"] is None


def test_a_deleted_session_forgets_who_agreed(shop: Program) -> None:
    session = shop.create(consent_text=TEXT)
    ask(shop, session, "POST", json={"name": "Ann", "sha256": DIGEST})
    shop.request("DELETE", f"/{session['id']}")
    assert shop.show(session["id"])["consented"] is None
    assert ask(shop, session, "GET").status_code == 401


def test_a_page_may_not_be_told_by_another_origin(shop: Program) -> None:
    session = shop.create(consent_text=TEXT)
    headers = {"Origin": "https://evil.example", "Authorization": f"Bearer {session['secrets']['person']}"}
    place = f"{shop.address}/api/sessions/{session['id']}/consent"
    assert httpx.post(place, headers=headers, json={"name": "Ann", "sha256": DIGEST}).status_code == 403
