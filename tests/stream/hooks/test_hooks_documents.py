"""What docs/hooks.md promises: its code runs, its example is a notice, its tables are whole."""

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from hooks_receiver import SECRET, notice_in, prepared_in
from repository import ROOT

from take5.stream.hooks.command import SERVERS_OWN, environment
from take5.stream.hooks.delivery import Attempt, Delivery, State
from take5.stream.hooks.post import signature

DOCUMENT = (ROOT / "docs" / "hooks.md").read_text(encoding="utf-8")
BODY = b'{"version": 1}'


def block(language: str, number: int = 0) -> str:
    return str(re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)[number])


def verified(secret: bytes, timestamp: str, sent: str, body: bytes) -> Any:
    names: dict[str, Any] = {}
    exec(block("python"), names)  # noqa: S102 - it is what readers are told to run
    return names["verified"](secret, timestamp, sent, body)


def test_what_is_signed_is_let_in() -> None:
    now = int(time.time())
    assert verified(SECRET, str(now), signature(SECRET, now, BODY), BODY) is True


@pytest.mark.parametrize(
    ("secret", "late_s", "said_s", "body"),
    [
        (b"another secret that is long", 0, 0, BODY),
        (SECRET, 0, 0, BODY + b" "),
        (SECRET, 0, 1, BODY),
        (SECRET, 301, 0, BODY),
        (SECRET, -301, 0, BODY),
    ],
)
def test_what_is_not_is_not(secret: bytes, late_s: int, said_s: int, body: bytes) -> None:
    sent = int(time.time()) - late_s
    assert verified(secret, str(sent + said_s), signature(SECRET, sent, BODY), body) is False


@pytest.mark.parametrize("timestamp", ["", "now", "1e9", "-", "é"])
@pytest.mark.parametrize("sent", ["", "v1=", "v1=é", "v0=00"])
def test_nonsense_is_no_error(timestamp: str, sent: str) -> None:
    assert verified(SECRET, timestamp, sent, BODY) is False


def test_the_example_has_the_keys_of_a_notice(tmp_path: Path) -> None:
    shown, told = json.loads(block("json")), notice_in(tmp_path / "take", "synctalk").json()
    assert list(shown) == list(told)
    assert shown["best"].keys() == told["best"].keys()
    assert shown["bundles"][0].keys() == told["bundles"][0].keys()
    assert all(f"`{key}`" in DOCUMENT for key in told)


def test_every_key_of_a_bundle_that_was_prepared_is_there(tmp_path: Path) -> None:
    told = prepared_in(tmp_path / "take").json()
    assert told["type"] == "prepared"
    assert all(f"`{key}`" in DOCUMENT for bundle in told["bundles"] for key in bundle)


def test_every_variable_and_state_is_there(tmp_path: Path) -> None:
    notice = notice_in(tmp_path / "take")
    named = set(re.findall(r"`((?:TAKE5_|PG)\w+)`", DOCUMENT))
    assert named == {*environment(notice, {}), *SERVERS_OWN}
    assert all(f"`{state}`" in DOCUMENT for state in State)
    assert all(f"`{key}`" in DOCUMENT for key in Delivery(notice, "command", "x").json())


def test_every_key_of_an_attempt_is_there() -> None:
    assert all(f"`{key}`" in DOCUMENT for key in Attempt.__annotations__)


def test_the_script_can_be_run(tmp_path: Path) -> None:
    (tmp_path / "script").write_text(block("sh", 1))
    assert subprocess.run(["sh", "-n", str(tmp_path / "script")], check=False).returncode == 0
