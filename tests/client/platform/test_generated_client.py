"""A client that a generator makes of the OpenAPI document alone, before a real server."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
from hooks_receiver import SECRET, receiving, status
from platform_server import Program, programs
from platform_takes import Shop
from serving import Served, eventually, served

from take5.stream.analysis.models import Models
from take5.stream.platform.database import Database
from take5.stream.platform.service import Platform

PACKAGE = "generated_take5_client"
Made = Callable[[str], Any]
METHODS = {"get", "put", "post", "delete", "patch"}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{tmp_path_factory.mktemp('platform') / 'platform.db'}")
    yield database
    database.close()


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("out")


@pytest.fixture(scope="module")
def server(models: Models, opened: Database, output: Path) -> Iterator[Served]:
    with served(models, output, platform=Platform(opened)) as server:
        yield server


@pytest.fixture(scope="module")
def shop(server: Served, opened: Database) -> Program:
    return programs(server.address, opened)()


@pytest.fixture(scope="module")
def document(server: Served) -> dict[str, Any]:
    fetched: dict[str, Any] = httpx.get(f"{server.address}/api/v1/openapi.json").json()
    return fetched


@pytest.fixture(scope="module")
def made(server: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """Imports a module of the generated package."""
    folder = tmp_path_factory.mktemp("generated")
    url, tools = f"{server.address}/api/v1/openapi.json", Path(sys.executable).parent
    options = ["--meta", "none", "--output-path", str(folder / PACKAGE), "--fail-on-warning"]
    done = subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate", "--url", url, *options],
        env={**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield lambda module: import_module(f"{PACKAGE}.{module}")


@pytest.fixture
def call(made: Made, shop: Program, document: dict[str, Any]) -> Callable[..., Any]:
    """Calls an operation by its name, and returns what its answer is parsed into."""
    (place,) = document["servers"]
    client = made("client").AuthenticatedClient(base_url=f"{shop.address}{place['url']}", token=shop.key)

    def call(operation: str, *arguments: object, tag: str = "sessions", **options: object) -> Any:
        return made(f"api.{tag}.{operation}").sync(*arguments, client=client, **options)

    return call


def test_a_session_is_created_listed_shown_cancelled_and_deleted(made: Made, call: Callable[..., Any]) -> None:
    models = made("models")
    new = models.NewSession(label="host", trainers=["raw"], stop=models.Stop(cap_s=60), expires_in_s=3600)
    created = call("create_session", body=new, idempotency_key="order 7")
    assert isinstance(created, models.CreatedSession)
    assert (created.label, created.trainers, created.state) == ("host", ["raw"], models.SessionState.CREATED)
    assert (created.expires - created.created).total_seconds() == 3600
    assert created.secrets.sender.startswith("t5sender_")
    listed = call("list_sessions", state=models.SessionState.CREATED, limit=1)
    assert [session.id for session in listed.sessions] == [created.id]
    assert call("show_session", created.id).created == created.created
    assert call("cancel_session", created.id).state == models.SessionState.CANCELLED
    assert call("delete_session", created.id).state == models.SessionState.DELETED


def test_a_take_is_accepted_downloaded_and_repeated(
    made: Made, call: Callable[..., Any], server: Served, shop: Program, output: Path
) -> None:
    models = made("models")
    session = call("create_session", body=models.NewSession())
    Shop(server, shop, output).take({"id": session.id}, "")
    (take,) = call("list_takes", session.id, tag="takes").takes
    assert (take.state, take.clip["type"]) == (models.TakeState.DONE, "clip")
    accepted = call("accept_take", session.id, body=models.Accept(take=take.id), tag="takes")
    assert (accepted.state, accepted.accepted) == (models.SessionState.ACCEPTED, take.id)
    assert call("download_clip", session.id, tag="takes").payload.read() == b"clip.mp4 "
    assert call("download_file", session.id, "source.mp4", take=take.id, tag="takes").payload.read() == b"source.mp4 "
    assert call("download_bundle", session.id, "raw", tag="takes").payload.read(2) == b"PK"
    assert isinstance(call("download_clip", session.id, seconds=7.0, tag="takes"), models.Problem)
    assert call("retake_session", session.id, tag="takes").accepted is None


def test_secrets_are_renewed_and_deliveries_listed(made: Made, call: Callable[..., Any], shop: Program) -> None:
    models = made("models")
    with receiving(status(200)) as receiver:
        hook = models.NewHook(url=receiver.url, secret=SECRET.decode())
        session = call("create_session", body=models.NewSession(hook=hook))
        assert session.links.sender == f"{shop.address}/whip/{session.id}"
        renewed = call("new_secret", session.id, models.Holder.PERSON, tag="secrets")
        assert renewed.secret in renewed.link
        assert call("revoke_secret", session.id, models.Holder.PERSON, tag="secrets") is None

        def delivered() -> Any:
            return call("list_session_deliveries", session.id, state=models.DeliveryState.DELIVERED, tag="deliveries")

        assert eventually(lambda: bool(delivered().deliveries), 20)
        (delivery,) = delivered().deliveries
        assert (delivery.session, delivery.type_, delivery.attempts[0].code) == (session.id, "created", 200)
        assert delivery.payload["session"] == session.id
        assert call("replay_delivery", delivery.id, tag="deliveries").state == models.DeliveryState.PENDING


def test_a_refusal_is_parsed_too(made: Made, call: Callable[..., Any]) -> None:
    refused = call("show_session", "0" * 24)
    assert isinstance(refused, made("models").Problem)
    assert (refused.status, refused.code) == (404, "not_found")


def test_operations_have_names_that_read_well(document: dict[str, Any]) -> None:
    names = [
        operation["operationId"]
        for operations in document["paths"].values()
        for method, operation in operations.items()
        if method in METHODS
    ]
    assert len(names) == len(set(names))
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+){1,2}", name)] == []
