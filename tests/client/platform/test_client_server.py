"""The client of the sessions API before a real server."""

import asyncio
import re
import zipfile
from collections.abc import Callable, Iterator
from inspect import signature
from pathlib import Path
from typing import Any

import httpx
import pytest
from platform_server import Program, programs
from platform_takes import Shop
from repository import ROOT
from serving import Served, served

import take5
from take5.client import AsyncTake5, Take5
from take5.client.platform import requests
from take5.client.platform.clients import Deliveries, Secrets, Sessions
from take5.client.platform.methods import Method
from take5.client.platform.requests import Listing
from take5.stream.analysis.models import Models
from take5.stream.platform.database import Database
from take5.stream.platform.failures import Failures
from take5.stream.platform.keys import Scope
from take5.stream.platform.service import Platform

Make = Callable[..., Program]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("platform")


@pytest.fixture(scope="module")
def opened(folder: Path) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{folder / 'platform.db'}")
    yield database
    database.close()


@pytest.fixture(scope="module")
def server(models: Models, folder: Path, opened: Database) -> Iterator[Served]:
    with served(models, folder / "out", platform=Platform(opened, Failures(most=10_000))) as server:
        yield server


@pytest.fixture
def shop(server: Served, opened: Database) -> Program:
    return programs(server.address, opened)()


@pytest.fixture
def client(shop: Program) -> Iterator[Take5]:
    with Take5(shop.address, shop.key) as client:
        yield client


def test_a_session_is_created_found_cancelled_and_deleted(client: Take5, server: Served) -> None:
    created = client.sessions.create(
        label="host", person="李雷", language="zh-Hans", trainers=["raw"], stop={"cap_s": 60}, expires_in_s=3600
    )
    assert (created.label, created.person, created.trainers, created.stop) == ("host", "李雷", ("raw",), {"cap_s": 60})
    assert (created.expires - created.created).total_seconds() == 3600
    assert created.secrets.person.startswith("t5person_")
    answer = server.post(f"/whip/{created.id}", "no offer", Authorization=f"Bearer {created.secrets.sender}")
    assert answer.status_code == 400  # the secret is right, the offer is not
    found = client.sessions.get(created.id)
    assert (found.id, found.state, found.created) == (created.id, "created", created.created)
    assert client.sessions.cancel(created.id).state == "cancelled"
    assert client.sessions.delete(created.id).state == "deleted"
    assert [each.id for each in client.sessions.list()] == []
    assert [each.id for each in client.sessions.list(state="deleted")] == [created.id]


def test_an_idempotency_key_returns_the_first_session(client: Take5) -> None:
    first, second = (client.sessions.create(label="once", idempotency_key="order 7") for _ in range(2))
    assert (first.id, first.secrets.person) == (second.id, second.secrets.person)


def test_a_list_is_followed_to_its_end(client: Take5) -> None:
    made = [client.sessions.create(label=f"host {number}").id for number in range(5)]
    assert [session.id for session in client.sessions.list(page_size=2)] == made[::-1]
    assert [session.id for session in client.sessions.list(label="host 3")] == [made[3]]


def test_refusals_are_told_apart_by_their_codes(client: Take5, server: Served, opened: Database) -> None:
    client.sessions.create(label="host")
    with pytest.raises(take5.RequestRefused, match="another session of this key") as raised:
        client.sessions.create(label="host")
    assert (raised.value.status, raised.value.code) == (409, "label_taken")
    with pytest.raises(take5.RequestRefused, match=r"body\.strictness") as raised:
        client.sessions.create(strictness="harsh")
    assert (raised.value.status, raised.value.code) == (422, "invalid")
    with pytest.raises(take5.RequestRefused) as raised:
        client.sessions.get("0" * 24)
    assert (raised.value.status, raised.value.code) == (404, "not_found")
    reader = programs(server.address, opened)(Scope.READ)
    with Take5(server.address, reader.key) as reading, pytest.raises(take5.RequestRefused) as raised:
        reading.sessions.create()
    assert (raised.value.status, raised.value.code) == (403, "forbidden")
    with Take5(server.address, "t5key_wrong") as wrong, pytest.raises(take5.RequestRefused) as raised:
        wrong.sessions.get("0" * 24)
    assert (raised.value.status, raised.value.code) == (401, "unauthorized")


def test_a_server_without_a_database_is_named(models: Models, tmp_path: Path) -> None:
    refused = pytest.raises(take5.RequestRefused, match="is it a take5 server with a database")
    with served(models, tmp_path) as plain, Take5(plain.address, "t5key_x") as client, refused:
        client.sessions.get("ab")


def test_a_server_that_is_not_running_is_unreachable() -> None:
    with Take5("http://127.0.0.1:9", "t5key_x", retries=0) as client, pytest.raises(take5.ServerUnreachable):
        client.sessions.get("ab")


def test_many_tasks_share_an_asynchronous_client(shop: Program) -> None:
    async def use() -> None:
        async with AsyncTake5(shop.address, shop.key) as client:
            made = await asyncio.gather(*(client.sessions.create(label=f"task {number}") for number in range(5)))
            listed = [session.id async for session in client.sessions.list(page_size=2)]
            assert sorted(listed) == sorted(session.id for session in made)
            states = await asyncio.gather(*(client.sessions.delete(session.id) for session in made))
            assert {each.state for each in states} == {"deleted"}

    asyncio.run(use())


def test_takes_are_listed_downloaded_accepted_and_repeated(
    client: Take5, server: Served, shop: Program, folder: Path, tmp_path: Path
) -> None:
    session = client.sessions.create()
    assert client.sessions.takes(session.id) == ()
    with pytest.raises(take5.RequestRefused, match="has no clip yet"):
        client.sessions.download_clip(session.id, tmp_path)
    stage = Shop(server, shop, folder / "out")
    for name in ("", "-2"):
        stage.take({"id": session.id}, name)
    first, last = client.sessions.takes(session.id)
    assert (first.state, first.accepted, first.files) == (
        "done",
        False,
        ("clip-10s.mp4", "clip.mp4", "report.html", "source.mp4"),
    )
    assert first.clip is not None
    assert (first.clip["type"], first.ended is not None) == ("clip", True)
    assert [(each.trainer, each.seconds, each.error) for each in first.bundles] == [
        ("raw", 5.0, None),
        ("synctalk", 5.0, "no face"),
    ]
    sessions = client.sessions
    assert sessions.download_clip(session.id, tmp_path).read_bytes() == b"clip.mp4 -2"
    assert sessions.accept(session.id, take=first.id).accepted == first.id
    assert sessions.get(session.id).state == "accepted"
    assert sessions.download_clip(session.id, tmp_path / "accepted.mp4").read_bytes() == b"clip.mp4 "
    assert sessions.download_clip(session.id, tmp_path, seconds=10, force=True).read_bytes() == b"clip-10s.mp4 "
    assert sessions.download_report(session.id, tmp_path, take=last.id).read_bytes() == b"report.html -2"
    assert sessions.download_file(session.id, "source.mp4", tmp_path).name == "source.mp4"
    bundle = sessions.download_bundle(session.id, "raw", tmp_path)
    assert (bundle.name, zipfile.ZipFile(bundle).testzip()) == ("raw.zip", None)
    again = sessions.retake(session.id, expires_in_s=3600)
    assert (again.state, again.accepted) == ("created", None)
    assert sessions.accept(session.id).accepted == last.id
    assert len(sessions.delete(session.id).deleted) == 2


def test_the_example_of_the_documents_runs(
    client: Take5,
    server: Served,
    shop: Program,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    session = client.sessions.create()
    Shop(server, shop, folder / "out").take({"id": session.id}, "")
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "platform.md").read_text("utf-8"), re.DOTALL)
    monkeypatch.setenv("TAKE5_API_KEY", shop.key)
    monkeypatch.chdir(tmp_path)
    exec(example.replace("https://take5.example.org", server.address), {})  # noqa: S102 - of this repository
    page, refusal = capsys.readouterr().out.splitlines()
    assert page.startswith(f"{server.address}/#token=t5person_")
    assert refusal.startswith("409 label_taken another session of this key has the label")
    assert (tmp_path / "clips" / f"{session.id}.mp4").read_bytes() == b"clip.mp4 "
    assert client.sessions.get(session.id).state == "accepted"


def test_every_route_has_a_method_and_every_method_a_route(server: Served) -> None:
    document = httpx.get(f"{server.address}/api/v1/openapi.json").json()
    routes = {
        (method.upper(), re.sub(r"{\w+}", "ID", path))
        for path, methods in document["paths"].items()
        for method in methods
    }
    builders = [
        method._build
        for group in (Sessions, Secrets, Deliveries)
        for method in vars(group).values()
        if isinstance(method, Method)
    ]
    sent = {route_of(build) for build in builders} | {route_of(lambda: requests.list_deliveries(session="ID"))}
    assert sent == routes


def route_of(build: Callable[..., Any]) -> tuple[str, str]:
    """The method and the path of what a function builds, with ID for each thing that it needs."""
    needed = [each for each in signature(build).parameters.values() if each.kind is each.POSITIONAL_OR_KEYWORD]
    built = build(*("ID" for _ in needed))
    first = built.first if isinstance(built, Listing) else built
    return getattr(first, "method", "GET"), first.path
