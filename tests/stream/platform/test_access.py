"""Who may do what on a platform's server: every route with every secret, expected and seen."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from pathlib import Path

import httpx
import pytest
from access_stage import HOLDERS, OPEN, OWN, ROUTES, Stage, staged
from platform_server import Program
from starlette.routing import Mount, Route, WebSocketRoute
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from take5.scoring.errors import ParameterError
from take5.stream.analysis.models import Models
from take5.stream.platform import access
from take5.stream.platform.database import Database
from take5.stream.platform.service import Platform
from take5.stream.platform.tables import utc_now
from take5.stream.server.app import _routes, create_app
from take5.stream.server.readiness import Readiness


@pytest.fixture(scope="module")
def stage(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(models, tmp_path_factory.mktemp("access")) as made:
        yield made


@pytest.mark.parametrize(("route", "holder"), [*product(ROUTES, HOLDERS)])
def test_a_secret_does_on_its_session_what_it_is_for(stage: Stage, route: tuple[str, str], holder: str) -> None:
    status = stage.status(*route, stage.a, stage.a["secrets"][holder])
    if holder in ROUTES[route]:
        assert status in (200, 404, 415, 422), status  # what is not there yet, or no offer, or no agreement
    else:
        assert status == 403


@pytest.mark.parametrize(("route", "holder"), [*product(sorted(set(ROUTES) - OWN), HOLDERS)])
def test_a_secret_opens_nothing_of_another_session(stage: Stage, route: tuple[str, str], holder: str) -> None:
    assert stage.status(*route, stage.b, stage.a["secrets"][holder]) == 401
    assert stage.status(*route, stage.a, stage.b["secrets"][holder]) == 401


@pytest.mark.parametrize(("route", "holder"), [*product(ROUTES, HOLDERS)])
def test_a_cancelled_sessions_secrets_open_nothing(stage: Stage, route: tuple[str, str], holder: str) -> None:
    for session in (stage.cancelled, stage.a):
        assert stage.status(*route, session, stage.cancelled["secrets"][holder]) == 401


@pytest.mark.parametrize(("route", "holder"), [*product(ROUTES, HOLDERS)])
def test_a_new_secret_takes_the_place_of_the_former_one(stage: Stage, route: tuple[str, str], holder: str) -> None:
    assert stage.status(*route, stage.renewed, stage.renewed["former"][holder]) == 401
    assert (stage.status(*route, stage.renewed, stage.renewed["secrets"][holder]) == 403) == (
        holder not in ROUTES[route]
    )


@pytest.mark.parametrize(("route", "holder"), [*product(ROUTES, HOLDERS)])
def test_a_revoked_secret_opens_nothing(stage: Stage, route: tuple[str, str], holder: str) -> None:
    assert stage.status(*route, stage.revoked, stage.revoked["secrets"][holder]) == 401


@pytest.mark.parametrize("route", ROUTES)
def test_nothing_else_opens_a_session(stage: Stage, route: tuple[str, str]) -> None:
    secret = stage.a["secrets"]["person"]
    kind, public, rest = secret.split("_", 2)
    follower = stage.a["secrets"]["follower"]
    for shown in (
        None, "x", secret[:-1], secret + "a", rest, f"{kind}_{public}_{'a' * 43}", stage.program.key,
        follower.replace("t5follower", "t5person"), f"{kind}_{public}_{follower[-43:]}",
    ):  # fmt: skip
        assert stage.status(*route, stage.a, shown) == 401, shown


@pytest.mark.parametrize(("route", "holder"), [*product(ROUTES, HOLDERS)])
def test_a_secret_expires(stage: Stage, route: tuple[str, str], holder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    later = utc_now() + timedelta(days=7, seconds=1)
    monkeypatch.setattr(access, "utc_now", lambda: later)
    assert stage.status(*route, stage.a, stage.a["secrets"][holder]) == 401


def test_every_route_is_in_the_table(stage: Stage) -> None:
    known = {path for _, path in ROUTES} | OPEN
    routes = [Readiness().route, *_routes(None), *stage.platform.routes]
    found = {route.path.rstrip("/") for route in routes if isinstance(route, Route | WebSocketRoute)}
    assert found == known
    assert not any(isinstance(route, Mount) for route in _routes(None))


def test_the_secrets_of_sessions_open_no_api(stage: Stage) -> None:
    for holder, (method, path) in product(HOLDERS, (("GET", ""), ("GET", f"/{stage.a['id']}"), ("DELETE", "/1"))):
        program = Program(stage.server.address, stage.a["secrets"][holder])
        assert program.request(method, path).status_code == 401


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_ticket_opens_its_session_alone(stage: Stage, holder: str) -> None:
    def ticket() -> str:
        headers = {"Authorization": f"Bearer {stage.a['secrets'][holder]}"}
        answer = httpx.post(f"{stage.server.address}/api/sessions/{stage.a['id']}/ticket", headers=headers)
        return f"?ticket={answer.json()['ticket']}"

    events = "/api/sessions/{name}/events"
    assert stage.status("WS", events + ticket(), stage.a, None) == 200
    assert stage.status("WS", events + ticket(), stage.b, None) == 401
    assert stage.status("GET", "/api/sessions/{name}/clip.mp4" + ticket(), stage.a, None) == 404
    assert stage.status("GET", "/api/sessions/{name}/clip.mp4" + ticket(), stage.b, None) == 401
    assert stage.status("GET", "/api/sessions/{name}" + ticket(), stage.a, None) == 401


@pytest.mark.parametrize("path", ["/whip/{name}", "/api/sessions/{name}/ticket"])
def test_a_secret_in_an_address_is_refused(stage: Stage, path: str) -> None:
    assert stage.status("POST", f"{path}?token={stage.a['secrets']['person']}", stage.a, None) == 401


def test_no_log_has_a_secret(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    fresh = stage.program.create(label="logged")
    for route, secret in product(ROUTES, fresh["secrets"].values()):
        stage.status(*route, fresh, secret)
        stage.status(*route, stage.b, secret)
    stage.program.request("DELETE", f"/{fresh['id']}")
    ours = "\n".join(each.getMessage() for each in caplog.records if not each.name.startswith(("httpx", "websockets")))
    for secret in (*fresh["secrets"].values(), stage.program.key):
        assert secret[-43:] not in ours


def test_a_page_needs_a_secret_and_may_send_from_elsewhere_with_one(stage: Stage) -> None:
    assert httpx.get(f"{stage.server.address}/api/config").json()["token_required"] is True
    foreign = {"Origin": "https://shop.example"}
    whip = f"{stage.server.address}/whip/{stage.a['id']}"
    assert httpx.post(whip, headers=foreign).status_code == 403
    shown = {"Authorization": f"Bearer {stage.a['secrets']['person']}"}
    answer = httpx.post(whip, headers=foreign | shown)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (415, "*")
    assert httpx.get(f"{stage.server.address}/api/sessions/{stage.a['id']}", headers=foreign | shown).status_code == 403


def test_a_token_and_a_platform_exclude_each_other(stage: Stage, tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'x.db'}")
    with pytest.raises(ParameterError, match="exclude each other"):
        create_app(stage.server.sessions, token="x", platform=Platform(database))  # noqa: S106 - of this test
    database.close()


def test_a_follower_that_waits_is_sent_away_when_the_session_is_deleted(stage: Stage) -> None:
    session = stage.program.create(stop={"cap_s": 33})
    headers = {"Authorization": f"Bearer {session['secrets']['follower']}"}
    address = f"{stage.server.address.replace('http', 'ws')}/api/sessions/{session['id']}/events"
    with connect(address, additional_headers=headers) as socket:
        assert '"cap_s": 33.0' in str(socket.recv(10))
        assert stage.program.request("DELETE", f"/{session['id']}").status_code == 200
        with pytest.raises(ConnectionClosed):
            socket.recv(10)
        assert (socket.close_code, socket.close_reason) == (4401, "the session has been deleted")
    assert session["id"] not in stage.server.sessions._names
