"""The client of the sessions API before a real server: secrets and deliveries."""

import asyncio
from collections.abc import Iterator

import pytest
from hooks_receiver import SECRET, Receiver, receiving, status
from platform_server import Program, programs
from serving import Served, eventually, served

import take5
from take5.client import AsyncTake5, Take5
from take5.client.platform.models import Hook
from take5.client.platform.requests import Holder
from take5.stream.analysis.models import Models
from take5.stream.platform.database import Database
from take5.stream.platform.failures import Failures
from take5.stream.platform.service import Platform


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{tmp_path_factory.mktemp('platform') / 'platform.db'}")
    yield database
    database.close()


@pytest.fixture(scope="module")
def server(models: Models, tmp_path_factory: pytest.TempPathFactory, opened: Database) -> Iterator[Served]:
    platform = Platform(opened, Failures(most=10_000))
    with served(models, tmp_path_factory.mktemp("out"), platform=platform) as server:
        yield server


@pytest.fixture
def shop(server: Served, opened: Database) -> Program:
    return programs(server.address, opened)()


@pytest.fixture
def client(shop: Program) -> Iterator[Take5]:
    with Take5(shop.address, shop.key) as client:
        yield client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(status(200)) as running:
        yield running


def sends(server: Served, session_id: str, secret: str) -> bool:
    """Whether a secret opens a session's WHIP address: an offer that is none is read only then."""
    answer = server.post(f"/whip/{session_id}", "no offer", Authorization=f"Bearer {secret}")
    assert answer.status_code in (400, 401)
    return answer.status_code == 400


@pytest.mark.parametrize("holder", ["person", "sender"])
def test_a_secret_is_renewed_and_revoked_alone(client: Take5, server: Served, holder: Holder) -> None:
    session = client.sessions.create()
    former: str = getattr(session.secrets, holder)
    made = client.secrets.create(session.id, holder)
    assert (made.holder, made.expires) == (holder, session.expires)
    assert (made.secret in made.link) == (holder == "person")
    assert not sends(server, session.id, former)
    assert sends(server, session.id, made.secret)
    client.secrets.revoke(session.id, holder)
    client.secrets.revoke(session.id, holder)
    assert not sends(server, session.id, made.secret)
    other = session.secrets.sender if holder == "person" else session.secrets.person
    assert sends(server, session.id, other)
    client.sessions.cancel(session.id)
    with pytest.raises(take5.RequestRefused) as raised:
        client.secrets.create(session.id, holder)
    assert raised.value.status == 409


def test_deliveries_are_listed_and_repeated(client: Take5, receiver: Receiver) -> None:
    hook: Hook = {"url": f"{receiver.url}/secret-path", "secret": SECRET.decode()}
    session = client.sessions.create(label="host", hook=hook)
    assert session.hook is not None
    assert "secret-path" not in session.hook["url"]
    client.sessions.create(label="without")

    def states() -> list[str]:
        return [each.state for each in client.deliveries.list(session=session.id, page_size=1)]

    assert eventually(lambda: states() == ["delivered"], 20)
    (delivery,) = client.deliveries.list()
    assert (delivery.session, delivery.type, delivery.next_attempt) == (session.id, "created", None)
    assert delivery.payload is not None
    assert delivery.payload["label"] == "host"
    assert [(each.code, each.error) for each in delivery.attempts] == [(200, None)]
    assert client.deliveries.replay(delivery.id).state == "pending"
    assert eventually(lambda: states() == ["delivered"], 20)
    assert len(next(client.deliveries.list(state="delivered")).attempts) == 2
    client.sessions.delete(session.id)
    assert eventually(lambda: {each.payload is None for each in client.deliveries.list()} == {True}, 20)
    with pytest.raises(take5.RequestRefused):
        client.deliveries.replay("0" * 24)


def test_the_asynchronous_client_does_the_same(shop: Program, receiver: Receiver) -> None:
    async def use() -> None:
        async with AsyncTake5(shop.address, shop.key) as client:
            session = await client.sessions.create(hook={"url": receiver.url, "secret": SECRET.decode()})
            made = await client.secrets.create(session.id, "follower")
            assert made.secret in made.link
            await client.secrets.revoke(session.id, "follower")
            assert [each.type async for each in client.deliveries.list(session=session.id)] == ["created"]

    asyncio.run(use())
