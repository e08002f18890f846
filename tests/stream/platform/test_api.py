"""The sessions API on a real server: create, list, show, cancel, delete."""

import base64
import json
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from platform_server import Program, programs
from serving import Served, served
from sqlalchemy import text

from take5.scoring.errors import DatabaseUnreachable
from take5.stream.analysis.models import Models
from take5.stream.platform import keys, records, tables
from take5.stream.platform.api.app import MAX_BODY
from take5.stream.platform.database import Database
from take5.stream.platform.failures import Failures
from take5.stream.platform.keys import Scope, rotate_key
from take5.stream.platform.service import Platform

FIELDS = {
    "label": "spring-host",
    "person": "李雷",
    "language": "zh-Hans",
    "strictness": "strict",
    "trainers": ["synctalk", "instag"],
    "stop": {"cap_s": 120, "share": 0.9},
    "consent": "contract 17",
    "expires_in_s": 3600,
}
Make = Callable[..., Program]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("platform")


@pytest.fixture(scope="module")
def opened(folder: Path) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{folder / 'platform.db'}", busy_s=0.5)
    yield database
    database.close()


@pytest.fixture(scope="module")
def server(models: Models, folder: Path, opened: Database) -> Iterator[Served]:
    with served(models, folder / "out", platform=Platform(opened, Failures(most=10_000))) as server:
        yield server


@pytest.fixture
def make(server: Served, opened: Database) -> Make:
    return programs(server.address, opened)


@pytest.fixture
def shop(make: Make) -> Program:
    return make()


def problem(answer: httpx.Response, status: int, code: str) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, "about:blank")
    assert body["error"] == body["detail"]
    detail: str = body["detail"]
    return detail


def test_a_session_is_created_with_three_secrets_and_shown_without(shop: Program) -> None:
    created = shop.create(**FIELDS)
    secrets, _ = created.pop("secrets"), created.pop("links")
    assert len(created["id"]) == 24
    assert secrets.keys() == {"person", "sender", "follower"}
    assert len(set(secrets.values())) == 3
    given = {name: value for name, value in FIELDS.items() if name != "expires_in_s"}
    assert given.items() <= created.items()
    assert (created["state"], created["folder"], created["ended"]) == ("created", None, None)
    assert shop.show(created["id"]) == created


def test_no_secret_is_in_the_database(shop: Program, folder: Path) -> None:
    answer = shop.request("POST", json={}, headers={"Idempotency-Key": "1"})
    stored = b"".join(path.read_bytes() for path in folder.glob("platform.db*"))
    assert answer.json()["id"].encode() in stored
    for secret in (*answer.json()["secrets"].values(), shop.key):
        assert secret.split("_", 2)[2].encode() not in stored  # PREFIX_ID_RANDOM; the last may hold a _


def test_what_is_left_out_is_as_the_server_has_it(shop: Program) -> None:
    created = shop.create()
    for name in ("label", "person", "language", "strictness", "trainers", "stop", "consent"):
        assert created[name] is None


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"label": ""}, "body.label"),
        ({"label": "a\nb"}, "printable"),
        ({"strictness": "harsh"}, "body.strictness"),
        ({"trainers": ["nerf"]}, "unknown trainer 'nerf'"),
        ({"language": "xx"}, "there are no texts in 'xx'"),
        ({"stop": {"cap_s": -1}}, "cap_s=-1.0 must be"),
        ({"stop": {"cap": 1}}, "body.stop.cap"),
        ({"stop": {"cap_s": 590, "idle_s": 30}}, "600 s at most on this server"),
        ({"expires_in_s": 5}, "body.expires_in_s"),
        ({"colour": "red"}, "body.colour"),
    ],
)
def test_a_field_that_breaks_a_rule_is_named(shop: Program, fields: dict[str, object], text: str) -> None:
    answer = shop.request("POST", json=fields)
    assert text in problem(answer, 422, "invalid")
    assert answer.json().get("errors") or "on this server" in text


def test_a_label_names_one_session_of_a_key(shop: Program, make: Make) -> None:
    first = shop.create(label="host")
    assert "'host'" in problem(shop.request("POST", json={"label": "host"}), 409, "label_taken")
    assert make().create(label="host")["id"] != first["id"]
    assert [each["id"] for each in shop.request("GET", "?label=host").json()["sessions"]] == [first["id"]]


def test_pages_hold_every_session_once_the_latest_first(shop: Program) -> None:
    made = [shop.create()["id"] for _ in range(5)]
    found, cursor = [], ""
    while cursor is not None:
        page = shop.request("GET", "", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        assert len(page["sessions"]) <= 2
        found += [each["id"] for each in page["sessions"]]
        cursor = page["next"]
        shop.create()  # while it is paged
    assert found == made[::-1]
    for wrong in ("x", "é", "MjAzMA=="):
        assert problem(shop.request("GET", "", params={"cursor": wrong}), 400, "bad_request") or wrong


def test_sessions_are_listed_by_state(shop: Program) -> None:
    first, second, third = (shop.create()["id"] for _ in range(3))
    shop.request("POST", f"/{first}/cancel")
    shop.request("DELETE", f"/{second}")
    listed = {
        state: [each["id"] for each in shop.request("GET", f"?state={state}").json()["sessions"]]
        for state in ("created", "cancelled", "deleted", "expired", "live")
    }
    assert listed == {"created": [third], "cancelled": [first], "deleted": [second], "expired": [], "live": []}
    assert [each["id"] for each in shop.request("GET").json()["sessions"]] == [third, first]
    problem(shop.request("GET", "?state=gone"), 422, "invalid")


def test_a_session_expires(shop: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    created = shop.create(expires_in_s=60)
    later = tables.utc_now() + timedelta(seconds=61)
    monkeypatch.setattr(records, "utc_now", lambda: later)
    monkeypatch.setattr("take5.stream.platform.api.models.utc_now", lambda: later)
    assert shop.show(created["id"])["state"] == "expired"
    assert [each["id"] for each in shop.request("GET", "?state=expired").json()["sessions"]] == [created["id"]]
    assert shop.request("GET", "?state=created").json()["sessions"] == []


def test_the_sessions_of_another_key_are_not_there(shop: Program, make: Make) -> None:
    other, session_id = make(), shop.create()["id"]
    for method, path in (("GET", ""), ("POST", "/cancel"), ("DELETE", "")):
        problem(other.request(method, f"/{session_id}{path}"), 404, "not_found")
    assert other.request("GET").json()["sessions"] == []
    assert shop.show(session_id)["state"] == "created"


def test_a_key_does_what_its_scopes_allow(make: Make) -> None:
    reader, writer = make(Scope.READ), make(Scope.WRITE)
    session_id = writer.create()["id"]
    assert "sessions:write" in problem(reader.request("POST", json={}), 403, "forbidden")
    problem(reader.request("DELETE", f"/{session_id}"), 403, "forbidden")
    assert reader.request("GET").status_code == 200
    assert "sessions:read" in problem(writer.request("GET"), 403, "forbidden")


def test_without_a_valid_key_nothing_is_there(server: Served, shop: Program, opened: Database) -> None:
    wrong = Program(server.address, shop.key[:-1] + ("a" if shop.key[-1] != "a" else "b"))
    revoked = programs(server.address, opened)()
    keys.revoke_key(opened, revoked.key.split("_")[1])
    for program in (wrong, revoked, Program(server.address, "x")):
        for method, path in (("GET", ""), ("POST", ""), ("GET", "/1"), ("DELETE", "/1"), ("POST", "/1/cancel")):
            answer = program.request(method, path, **({"json": {}} if (method, path) == ("POST", "") else {}))
            problem(answer, 401, "unauthorized")
            assert answer.headers["www-authenticate"] == "Bearer"
    assert httpx.get(f"{server.address}/api/v1/sessions").status_code == 401


def test_a_repeated_request_creates_one_session_and_has_the_same_answer(shop: Program, make: Make) -> None:
    headers = {"Idempotency-Key": "order 66"}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: shop.request("POST", json=FIELDS, headers=headers), range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sorted(answer.headers.get("idempotent-replayed", "") for answer in answers) == ["", "true", "true", "true"]
    assert len(shop.request("GET").json()["sessions"]) == 1
    problem(shop.request("POST", json={"label": "x"}, headers=headers), 422, "idempotency_mismatch")
    assert make().request("POST", json=FIELDS, headers=headers).json()["id"] != answers[0].json()["id"]
    problem(shop.request("POST", json=FIELDS), 409, "label_taken")


def test_a_rotated_key_reaches_its_sessions_with_its_new_secret_only(shop: Program, opened: Database) -> None:
    headers = {"Idempotency-Key": "order 67"}
    made = shop.request("POST", json={}, headers=headers).json()
    _, secret = rotate_key(opened, shop.key.split("_")[1])
    problem(shop.request("GET"), 401, "unauthorized")
    rotated = Program(shop.address, secret)
    assert [each["id"] for each in rotated.request("GET").json()["sessions"]] == [made["id"]]
    assert made["id"] in problem(rotated.request("POST", json={}, headers=headers), 409, "idempotency_sealed")
    assert rotated.request("DELETE", f"/{made['id']}").status_code == 200


def test_a_cancelled_session_stays_cancelled(shop: Program) -> None:
    session_id = shop.create()["id"]
    first = shop.request("POST", f"/{session_id}/cancel").json()
    assert (first["state"], first["ended"] is None) == ("cancelled", False)
    assert shop.request("POST", f"/{session_id}/cancel").json() == first


def test_a_deleted_session_leaves_neither_footage_nor_person(shop: Program, server: Served) -> None:
    created, other = shop.create(**FIELDS), shop.create()
    output = server.sessions.output
    mine = [output / f"20300102-030405-{created['id']}{end}" for end in ("", "-2")]
    spools = [output / ".spool" / f"20300102-030406-{created['id']}", output / ".spool/broken" / mine[0].name]
    half = output / f".20300102-030407-{created['id']}-77-{'0' * 32}.partial"
    theirs = output / f"20300102-030405-{other['id']}"
    for each in (*mine, *spools, half, theirs):
        each.mkdir(parents=True)
        (each / "clip.mp4").write_bytes(b"me")
    answer = shop.request("DELETE", f"/{created['id']}").json()
    assert answer == {"id": created["id"], "state": "deleted", "deleted": list(map(str, [*mine, *spools]))}
    assert not any(created["id"] in str(path) for path in output.rglob("*"))
    assert (theirs / "clip.mp4").exists()
    shown = shop.show(created["id"])
    assert [shown[name] for name in ("label", "person", "consent", "folder")] == [None] * 4
    assert shop.request("DELETE", f"/{created['id']}").json() == {**answer, "deleted": []}
    assert shop.create(label=FIELDS["label"])


def test_what_cannot_be_deleted_is_said_and_can_be_tried_again(
    shop: Program, server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = shop.create()["id"]
    take = server.sessions.output / f"20300102-030405-{session_id}"
    take.mkdir(parents=True)
    with monkeypatch.context() as broken:
        broken.setattr("shutil.rmtree", refuse)
        assert str(take) in problem(shop.request("DELETE", f"/{session_id}"), 500, "not_deleted")
    assert shop.show(session_id)["state"] == "cancelled"
    assert shop.request("DELETE", f"/{session_id}").json()["deleted"] == [str(take)]


def refuse(path: Path) -> None:
    raise PermissionError(13, "Permission denied", str(path))


def test_a_locked_database_gives_503_and_works_again(shop: Program, folder: Path) -> None:
    with sqlite3.connect(folder / "platform.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        answer = shop.request("POST", json={})
        problem(answer, 503, "database_busy")
        assert answer.headers["retry-after"] == "10"
        assert shop.request("GET").status_code == 200
        other.execute("ROLLBACK")
    other.close()
    assert shop.create()


def test_a_database_that_is_gone_gives_503_without_its_address(
    shop: Program, opened: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        raise DatabaseUnreachable(f"{opened.name}: gone")

    monkeypatch.setattr(opened, "reading", gone)
    assert "platform.db" not in problem(shop.request("GET"), 503, "database_unreachable")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 60_000, 400),
        (b'{"label":' * 5000, 400),
        (b'{"trainers": [' + b'"raw",' * 8000 + b'"raw"]}', 422),
        (b'{"stop": {"cap_s": NaN}}', 422),
        (b'{"expires_in_s": 1e400}', 422),
        (b'{"person": "\\ud800"}', 422),
        (b'{"consent": "\\u0000"}', 422),
        (b'{"consent_text": "a\\u0000b"}', 422),
        (b'{"hook": {"url": "http://a", "secret": "0123456789abcdef\\u0000"}}', 422),
        (b"\xff\xfe", 422),
        (b"null", 422),
        (b"x" * 70_000, 413),
    ],
)
def test_a_body_that_is_no_session_is_refused(shop: Program, body: bytes, status: int) -> None:
    answer = shop.request("POST", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


@pytest.mark.parametrize("created", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2030-01-01"])
@pytest.mark.parametrize("last", ["x", "\0", "0" * 24])
def test_no_cursor_that_was_made_up_is_an_error_of_the_server(shop: Program, created: str, last: str) -> None:
    cursor = base64.urlsafe_b64encode(f"{created} {last}".encode()).decode()
    status = 200 if (created, last) == ("2030-01-01", "0" * 24) else 400
    assert shop.request("GET", params={"cursor": cursor}).status_code == status


@pytest.mark.parametrize("session", ["%00", "x" * 5000, "A" * 24, "..%2f..", "%F0%9F%98%80"])
def test_what_cannot_be_an_id_is_not_there(shop: Program, session: str) -> None:
    assert shop.request("GET", f"/{session}").status_code == 404


def test_requests_of_no_use_are_problems_too(shop: Program) -> None:
    problem(shop.request("GET", "/1/clip"), 404, "not_found")
    problem(shop.request("PUT"), 405, "method_not_allowed")
    problem(shop.request("POST", content=b"{", headers={"Content-Type": "application/json"}), 422, "invalid")
    problem(shop.request("POST", content=b" " * (MAX_BODY + 1)), 413, "too_large")


def test_the_schema_says_all_of_it(server: Served) -> None:
    schema = httpx.get(f"{server.address}/api/v1/openapi.json").json()
    assert {(path, method) for path, methods in schema["paths"].items() for method in methods} == {
        ("/sessions", "get"),
        ("/sessions", "post"),
        ("/sessions/{session_id}", "get"),
        ("/sessions/{session_id}", "delete"),
        ("/sessions/{session_id}/cancel", "post"),
        ("/sessions/{session_id}/consent/recording", "get"),
        ("/sessions/{session_id}/retake", "post"),
        ("/sessions/{session_id}/accept", "post"),
        ("/sessions/{session_id}/export", "get"),
        ("/sessions/{session_id}/takes", "get"),
        ("/sessions/{session_id}/clip", "get"),
        ("/sessions/{session_id}/report", "get"),
        ("/sessions/{session_id}/files/{name}", "get"),
        ("/sessions/{session_id}/bundles/{trainer}", "get"),
        ("/sessions/{session_id}/deliveries", "get"),
        ("/deliveries", "get"),
        ("/deliveries/{delivery_id}/replay", "post"),
        ("/sessions/{session_id}/secrets/{holder}", "post"),
        ("/sessions/{session_id}/secrets/{holder}", "delete"),
    }
    assert "Problem" in json.dumps(schema["paths"]["/sessions"]["post"]["responses"]["default"])


def test_without_a_database_there_is_no_api(models: Models, tmp_path: Path) -> None:
    with served(models, tmp_path) as server:
        assert httpx.get(f"{server.address}/api/v1/sessions").status_code == 404


def test_a_request_that_is_repeated_after_the_deletion_tells_nothing_of_the_person(
    shop: Program, opened: Database
) -> None:
    headers = {"Idempotency-Key": "once"}
    first = shop.request("POST", json=FIELDS, headers=headers).json()
    shop.request("DELETE", f"/{first['id']}")
    with opened.reading() as session:
        query = text("SELECT count(*) FROM idempotency WHERE session_id = :id")
        assert session.execute(query, {"id": first["id"]}).scalar_one() == 0
    assert shop.request("POST", json=FIELDS, headers=headers).json()["id"] != first["id"]


def test_deletion_says_nothing_of_the_person(opened: Database) -> None:
    with opened.reading() as session:
        rows = session.execute(text("SELECT person, label, consent FROM sessions WHERE state = 'deleted'")).all()
    assert rows
    assert {tuple(row) for row in rows} == {(None, None, None)}
