"""The limit on failed authorisations, by address and by the id of what is shown."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from platform_server import Program, programs
from serving import served
from set_clock import Clock

from take5.stream.analysis.models import Models
from take5.stream.platform import failures as module
from take5.stream.platform.credentials import Shown, issue
from take5.stream.platform.database import Database
from take5.stream.platform.failures import Attempt, Failures
from take5.stream.platform.lookups import Lookups
from take5.stream.platform.service import Platform
from take5.stream.platform.work import DatabaseWork
from take5.stream.server.errors import Refused

MOST, PER_S = 5, 10.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def failures(clock: Clock) -> Failures:
    return Failures(MOST, PER_S, clock)


def waits(failures: Failures, attempt: Attempt) -> int:
    """How long an attempt has to wait, in seconds; 0 if it has not."""
    try:
        failures.admit(attempt)
    except Refused as error:
        refused = error
    else:
        return 0
    assert (refused.status, refused.code) == (429, "too_many_failures")
    return int(refused.headers["Retry-After"])


def test_an_address_that_fails_too_often_has_to_wait(failures: Failures, clock: Clock) -> None:
    for number in range(MOST):
        assert waits(failures, Attempt("10.0.0.1", f"{number}")) == 0
        failures.failed(Attempt("10.0.0.1", f"{number}"))
    assert waits(failures, Attempt("10.0.0.1", "new")) == 2
    assert waits(failures, Attempt("10.0.0.1", "")) == 2
    assert waits(failures, Attempt("10.0.0.2", "new")) == 0
    clock.now += 2.1
    assert waits(failures, Attempt("10.0.0.1", "new")) == 0


def test_a_secret_that_fails_too_often_has_to_wait_wherever_it_comes_from(failures: Failures) -> None:
    for number in range(MOST):
        failures.failed(Attempt(f"10.0.0.{number}", "id"))
    assert waits(failures, Attempt("10.0.1.1", "id")) > 0
    assert waits(failures, Attempt("10.0.1.1", "other")) == 0


def test_what_has_just_opened_something_is_let_through_until_it_fails(failures: Failures) -> None:
    good = Attempt("10.0.0.1", "good")
    failures.passed(good)
    for _ in range(3 * MOST):
        failures.failed(Attempt("10.0.0.1", "bad"))
    assert waits(failures, good) == 0
    assert waits(failures, Attempt("10.0.0.2", "good")) == 0
    failures.failed(good)  # as an expired one does
    assert waits(failures, good) > 0


def test_a_rate_that_is_allowed_is_never_stopped(failures: Failures, clock: Clock) -> None:
    for _ in range(1000):
        assert waits(failures, Attempt("10.0.0.1", "id")) == 0
        failures.failed(Attempt("10.0.0.1", "id"))
        clock.now += PER_S / MOST


def test_what_is_counted_has_a_bound(failures: Failures, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_COUNTED", 10)
    for number in range(50):
        failures.failed(Attempt(f"{number}", f"{number}"))
        failures.passed(Attempt(f"{number}", "good"))
    assert (len(failures._levels), len(failures._good)) == (10, 10)


@dataclass
class Counting:
    """A lookup that counts how often it is asked."""

    good: str
    asked: list[str] = field(default_factory=list)

    def __call__(self, _: Database, shown: Shown) -> str | None:
        self.asked.append(shown.id)
        return "session" if shown.id == self.good else None


def test_while_an_address_waits_the_database_is_not_asked(database: Database, failures: Failures) -> None:
    lookups, good = Lookups(DatabaseWork(database), failures), issue("t5x")
    counting = Counting(good.id)

    def status(text: str | None, address: str) -> int:
        try:
            asyncio.run(lookups.find(text, address, counting, "wrong"))
        except Refused as error:
            return error.status
        return 200

    assert status(good.text, "10.0.0.1") == 200
    assert [status(issue("t5x").text, "10.0.0.1") for _ in range(8)] == [401] * MOST + [429] * 3
    assert len(counting.asked) == 1 + MOST
    assert status(good.text, "10.0.0.1") == 200
    assert status(good.text, "10.0.0.2") == 200
    assert [status("no secret at all", "2001:db8::1") for _ in range(MOST)] == [401] * MOST
    assert status("no secret at all", "2001:db8::2") == 429  # of the same network
    assert [status(None, "10.0.0.9") for _ in range(50)] == [401] * 50  # asks for nothing, costs nothing


def test_the_server_says_when_to_try_again(models: Models, tmp_path: Path, address: str) -> None:
    database = Database.open(address)
    with served(models, tmp_path, platform=Platform(database, Failures(MOST, 600.0))) as server:
        shop = programs(server.address, database)()
        session = shop.create()
        wrong = Program(server.address, issue("t5key").text)
        answers = [wrong.request("GET") for _ in range(MOST + 1)]
        assert [answer.status_code for answer in answers] == [401] * MOST + [429]
        assert answers[-1].headers["content-type"] == "application/problem+json"
        assert 0 < int(answers[-1].headers["retry-after"]) <= 240
        assert wrong.request("GET", f"/{session['id']}").status_code == 429
        assert shop.show(session["id"])["state"] == "created"
    database.close()
