"""API keys: shown once, stored hashed, scoped, revocable."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from take5.scoring.errors import ParameterError
from take5.stream.platform import keys as module
from take5.stream.platform.credentials import issue, read
from take5.stream.platform.database import Database
from take5.stream.platform.keys import PREFIX, Scope, create_key, key_shown, list_keys, revoke_key, rotate_key
from take5.stream.platform.tables import utc_now


def test_a_secret_has_256_random_bits_and_tells_its_id() -> None:
    first, second = issue("t5x"), issue("t5x")
    assert re.fullmatch(r"t5x_[0-9a-f]{16}_[A-Za-z0-9_-]{43}", first.text)
    assert (first.id, first.text, first.hash) != (second.id, second.text, second.hash)
    shown = read(first.text)
    assert shown is not None
    assert (shown.prefix, shown.id) == ("t5x", first.id)
    assert shown.matches(first.hash)
    assert not shown.matches(second.hash)
    for part in (first.text[-43:], first.hash):
        assert part not in repr(first) + repr(shown)


@pytest.mark.parametrize("text", ["", "t5x", "t5x_1_2", "é" * 64, "t5x_" + "0" * 16 + "_" + "a" * 42, "open-sesame"])
def test_what_cannot_be_a_secret_is_none(text: str) -> None:
    assert read(text) is None


def test_a_key_is_stored_hashed_and_known_again(database: Database) -> None:
    key, text_shown = create_key(database, "web shop", [Scope.READ])
    shown = read(text_shown)
    assert shown is not None
    found = key_shown(database, shown)
    assert found is not None
    assert (found.id, found.name, found.scopes) == (key.id, "web shop", frozenset({Scope.READ}))
    with database.reading() as session:
        stored = str(session.execute(text("SELECT * FROM api_keys")).all())
    assert key.id in stored
    assert text_shown[-43:] not in stored


def test_another_secret_with_the_id_of_a_key_opens_nothing(database: Database) -> None:
    key, text_shown = create_key(database, "shop")
    for wrong in (f"{PREFIX}_{key.id}_{'a' * 43}", text_shown.replace(PREFIX, "t5p"), issue(PREFIX).text):
        shown = read(wrong)
        assert shown is not None
        assert key_shown(database, shown) is None


def test_a_revoked_key_opens_nothing_and_stays_in_the_list(database: Database) -> None:
    key, text_shown = create_key(database, "shop")
    other, _ = create_key(database, "app")
    shown = read(text_shown)
    assert shown is not None
    revoked = revoke_key(database, key.id)
    assert revoked.revoked is not None
    assert revoke_key(database, key.id).revoked == revoked.revoked
    assert key_shown(database, shown) is None
    assert [(each.id, each.revoked is None) for each in list_keys(database)] == [(key.id, False), (other.id, True)]
    with pytest.raises(ParameterError, match="there is no key 'x'"):
        revoke_key(database, "x")


def test_the_last_use_is_noted_to_the_minute(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    _, text_shown = create_key(database, "shop")
    shown = read(text_shown)
    assert shown is not None
    start = utc_now()
    for seconds, noted in ((0, 0), (59, 0), (61, 61)):
        now = start + timedelta(seconds=seconds)
        monkeypatch.setattr(module, "utc_now", lambda now=now: now)
        assert key_shown(database, shown)
        assert list_keys(database)[0].last_used == start + timedelta(seconds=noted)


@pytest.mark.parametrize("name", ["", "  ", "a" * 129, "a\nb"])
def test_a_key_needs_a_name(database: Database, name: str) -> None:
    with pytest.raises(ParameterError, match="a key's name must have"):
        create_key(database, name)


def opens(database: Database, text_shown: str) -> bool:
    shown = read(text_shown)
    assert shown is not None
    return key_shown(database, shown) is not None


def test_a_rotated_key_keeps_its_id_and_not_its_secret(database: Database) -> None:
    key, old = create_key(database, "shop", [Scope.READ])
    rotated, new = rotate_key(database, key.id)
    assert (rotated.id, rotated.name, rotated.scopes) == (key.id, "shop", frozenset({Scope.READ}))
    assert (opens(database, old), opens(database, new)) == (False, True)
    assert len(list_keys(database)) == 1
    with pytest.raises(ParameterError, match="there is no key 'x'"):
        rotate_key(database, "x")


def test_the_old_secret_is_good_for_the_overlap(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    key, old = create_key(database, "shop")
    _, new = rotate_key(database, key.id, timedelta(hours=2))
    assert opens(database, old)
    assert opens(database, new)
    later = utc_now() + timedelta(hours=2)
    monkeypatch.setattr(module, "utc_now", lambda: later)
    assert (opens(database, old), opens(database, new)) == (False, True)
    _, newer = rotate_key(database, key.id, timedelta(hours=2))
    assert [opens(database, each) for each in (old, new, newer)] == [False, True, True], "one earlier secret is good"
    revoke_key(database, key.id)
    assert not any(opens(database, each) for each in (old, new, newer))


def test_a_revoked_key_gets_a_new_secret_and_its_old_ones_stay_useless(database: Database) -> None:
    key, old = create_key(database, "shop")
    revoke_key(database, key.id)
    rotated, new = rotate_key(database, key.id, timedelta(hours=2))
    assert rotated.revoked is None
    assert (opens(database, old), opens(database, new)) == (False, True)


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=31)])
def test_an_overlap_has_its_range(database: Database, overlap: timedelta) -> None:
    key, _ = create_key(database, "shop")
    with pytest.raises(ParameterError, match="0 to 720 hours"):
        rotate_key(database, key.id, overlap)
