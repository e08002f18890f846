"""What a sender's page gives to its overlay: a secret that only follows, and ends with the sender's."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import pytest
from platform_server import Json, Program, programs
from serving import served

from take5.stream.analysis.models import Models
from take5.stream.platform.database import Database
from take5.stream.platform.service import Platform


@pytest.fixture(scope="module")
def shop(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("followers")
    with (
        closing(Database.open(f"sqlite:///{folder / 'platform.db'}")) as database,
        served(models, folder / "out", platform=Platform(database)) as server,
    ):
        yield programs(server.address, database)()


def ask(shop: Program, session: Json, method: str, path: str, secret: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx.request(method, f"{shop.address}/api/sessions/{session['id']}/{path}", headers=headers)


def follower_for(shop: Program, session: Json, secret: str) -> str:
    answer = ask(shop, session, "POST", "follower", secret)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    made: str = answer.json()["secret"]
    return made


@pytest.mark.parametrize("holder", ["sender", "person"])
def test_it_only_follows_and_is_the_same_each_time(shop: Program, holder: str) -> None:
    session = shop.create()
    secret = session["secrets"][holder]
    with ThreadPoolExecutor(4) as pool:
        (made,) = set(pool.map(lambda _: follower_for(shop, session, secret), range(8)))
    assert made.startswith("t5follower_")
    assert made not in session["secrets"].values()
    assert ask(shop, session, "GET", "access", made).json()["may"] == ["follow"]
    assert ask(shop, session, "POST", "accept", made).status_code == 403
    headers = {"Authorization": f"Bearer {made}", "Content-Type": "application/sdp"}
    assert httpx.post(f"{shop.address}/whip/{session['id']}", headers=headers, content="v=0").status_code == 403
    assert follower_for(shop, session, made) == made
    assert follower_for(shop, session, session["secrets"]["follower"]) == session["secrets"]["follower"]
    for prefix in ("t5sender", "t5person"):  # it does no more under another name
        assert ask(shop, session, "GET", "access", made.replace("t5follower", prefix)).status_code == 401
    other = shop.create()
    assert ask(shop, other, "GET", "access", made).status_code == 401


def test_it_ends_with_the_secret_that_it_follows_from_and_with_no_other(shop: Program) -> None:
    session = shop.create()
    made = follower_for(shop, session, session["secrets"]["sender"])
    shop.new_secret(session, "follower")
    assert ask(shop, session, "GET", "access", made).status_code == 200
    renewed = shop.new_secret(session, "sender")["secret"]
    assert ask(shop, session, "GET", "access", made).status_code == 401
    again = follower_for(shop, session, renewed)
    assert again != made
    shop.request("POST", f"/{session['id']}/cancel")
    assert ask(shop, session, "GET", "access", again).status_code == 401
    assert ask(shop, session, "POST", "follower", renewed).status_code == 401


def test_a_longer_life_is_its_own_too(shop: Program) -> None:
    session = shop.create(expires_in_s=60)
    made = follower_for(shop, session, session["secrets"]["sender"])
    assert shop.request("POST", f"/{session['id']}/retake", json={"expires_in_s": 3600}).status_code == 200
    ticket = ask(shop, session, "POST", "ticket", made)
    assert ticket.status_code == 200
