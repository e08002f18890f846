"""``take5 keys``."""

import json
from pathlib import Path

import pytest

from take5.client.cli import run
from take5.client.cli.exit_codes import FAILED, USAGE
from take5.client.cli.keys import SCOPES
from take5.stream.platform.keys import Scope


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("TAKE5_DATABASE", raising=False)
    return f"sqlite:///{tmp_path / 'platform.db'}"


def test_the_scopes_are_those_of_keys() -> None:
    assert tuple(Scope) == SCOPES


def test_a_key_is_shown_once_listed_and_revoked(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["keys", "create", "web shop", "--database", address, "--scope", "sessions:read"]) == 0
    shown = capsys.readouterr()
    secret = shown.out.strip().split("_", 2)[2]
    assert "cannot be shown again" in shown.err
    assert run(["keys", "list", "--database", address, "--json"]) == 0
    listed = capsys.readouterr().out
    (key,) = json.loads(listed)
    assert (key["name"], key["scopes"], key["last_used"], key["revoked"]) == ("web shop", ["sessions:read"], None, None)
    assert secret not in listed
    assert run(["keys", "rotate", key["id"], "--overlap", "24", "--database", address]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith(f"t5key_{key['id']}_")
    assert secret not in shown.out
    assert "the old one is good for 24 h more" in shown.err
    assert run(["keys", "revoke", key["id"], "--database", address]) == 0
    assert capsys.readouterr().out == f"{key['id']}: revoked (web shop)\n"
    assert run(["keys", "list", "--database", address]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.split() == ["ID", "NAME", "SCOPES", "CREATED", "LAST", "USED", "REVOKED"]
    assert row.split()[0] == key["id"]
    assert not row.endswith("-")


def test_the_address_may_come_from_the_environment(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["keys", "list"]) == USAGE
    monkeypatch.setenv("TAKE5_DATABASE", address)
    assert run(["keys", "list"]) == 0
    assert capsys.readouterr().out.startswith("ID")


@pytest.mark.parametrize(
    ("arguments", "code", "fault"),
    [
        (["create", " "], USAGE, "a key's name must have"),
        (["create", "shop", "--scope", "all"], USAGE, "'all' is not one of"),
        (["revoke", "x"], USAGE, "there is no key 'x'"),
        (["rotate", "x"], USAGE, "there is no key 'x'"),
        (["rotate", "x", "--overlap", "721"], USAGE, "721 is not in the range 0<=x<=720"),
        (["list", "--database", "mysql://u:hush@h/d"], USAGE, "must be like sqlite:///FILE"),
        (["list", "--database", "sqlite:////no/such/folder/x.db"], FAILED, "cannot be opened"),
    ],
)
def test_what_cannot_be_done_is_said(
    arguments: list[str], code: int, fault: str, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = arguments if "--database" in arguments else [*arguments, "--database", address]
    assert run(["keys", *given]) == code
    said = capsys.readouterr().err
    assert fault in said
    assert "hush" not in said
