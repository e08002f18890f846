"""``take5 sessions``, before a real server."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from platform_server import Program, programs
from serving import Served, served

from take5.client.cli import run, session_output
from take5.client.cli.exit_codes import FAILED, USAGE
from take5.client.cli.session_options import STOPS, seconds_of
from take5.client.cli.sessions import STATES
from take5.client.cli.tables import table
from take5.stream.analysis.models import Models
from take5.stream.platform.api.models import Stop
from take5.stream.platform.database import Database
from take5.stream.platform.failures import Failures
from take5.stream.platform.service import Platform
from take5.stream.platform.states import SessionState

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{tmp_path_factory.mktemp('platform') / 'platform.db'}")
    yield database
    database.close()


@pytest.fixture(scope="module")
def server(models: Models, opened: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    platform = Platform(opened, Failures(most=10_000))
    with served(models, tmp_path_factory.mktemp("out"), platform=platform) as server:
        yield server


@pytest.fixture
def shop(server: Served, opened: Database, monkeypatch: pytest.MonkeyPatch) -> Program:
    """A program with a key of its own, which the environment has, too."""
    shop = programs(server.address, opened)()
    monkeypatch.setenv("TAKE5_SERVER", shop.address)
    monkeypatch.setenv("TAKE5_API_KEY", shop.key)
    return shop


def command(*arguments: str) -> int:
    return run(["sessions", *arguments])


def test_the_names_are_those_of_the_api() -> None:
    assert {field for field, _ in STOPS.values()} == set(Stop.model_fields)
    assert set(STATES) == set(SessionState)


def test_a_session_is_created_with_what_its_holders_need(shop: Program, capsys: Capture) -> None:
    fields = ["--label", "host", "--person", "李雷", "--language", "zh-Hans", "--strictness", "strict", "--for", "raw"]
    assert command("create", *fields, "--no-prepare", "--stop-cap", "60", "--stop-share", "0", "--expires", "12h") == 0
    printed = capsys.readouterr()
    lines = dict(line.split(maxsplit=1) for line in printed.out.splitlines() if not line.startswith(" "))
    shown = shop.show(lines["session"])
    for name, value in {"label": "host", "person": "李雷", "language": "zh-Hans", "trainers": ["raw"]}.items():
        assert shown[name] == value
    assert (shown["prepare"], shown["stop"]) == (False, {"cap_s": 60, "share": 0})
    assert lines["person"].startswith(f"{shop.address}/#token=t5person_")
    assert lines["sender"].startswith(f"{shop.address}/whip/{lines['session']} ")
    assert "  t5sender_" in printed.out
    assert lines["follower"].startswith(f"{shop.address}/#token=t5follower_")
    assert "cannot be shown again" in printed.err


def test_files_have_what_is_long_or_secret(shop: Program, capsys: Capture, tmp_path: Path) -> None:
    consent, secret = tmp_path / "consent.txt", tmp_path / "secret"
    consent.write_text("I agree.\n", encoding="utf-8")
    secret.write_text("0123456789abcdef\n")
    hook = ["--hook", "https://shop.test/hidden", "--hook-secret-file", str(secret)]
    text = ["--consent-text", str(consent), "--consent-version", "3", "--spoken-consent"]
    assert command("create", *text, *hook, "--json") == 0
    created = json.loads(capsys.readouterr().out)
    assert created["hook"] == {"url": "https://shop.test"}
    assert created["secrets"]["person"] in created["links"]["person"]
    shown = shop.show(created["id"])
    assert (shown["consented"], shown["spoken_consent"]) == (None, True)
    assert command("create", "--spoken-consent") == 64
    assert "--spoken-consent needs --consent-text" in capsys.readouterr().err


def test_sessions_are_listed_and_shown(shop: Program, capsys: Capture) -> None:
    first, second = shop.create(label="李雷", person="x"), shop.create(label="b", stop={"cap_s": 60})
    assert command("list") == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.split() == ["ID", "STATE", "LABEL", "PERSON", "CREATED", "EXPIRES"]
    assert [row.split()[:4] for row in rows] == [
        [second["id"], "created", "b", "-"],
        [first["id"], "created", "李雷", "x"],
    ]
    assert command("list", "--label", "b", "--json") == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert listed["id"] == second["id"]
    assert command("show", second["id"]) == 0
    shown = capsys.readouterr().out
    assert f"session  {second['id']}\n" in shown
    assert "stop     cap_s 60\n" in shown
    assert command("show", first["id"], "--json") == 0
    assert json.loads(capsys.readouterr().out)["takes"] == []


def test_a_session_is_cancelled_and_deleted(shop: Program, capsys: Capture) -> None:
    session = shop.create()
    assert command("cancel", session["id"]) == 0
    assert capsys.readouterr().out == f"{session['id']}: cancelled\n"
    assert command("delete", session["id"]) == USAGE
    assert "or give --yes" in capsys.readouterr().err
    assert command("delete", session["id"], "--yes") == 0
    assert capsys.readouterr().out == f"{session['id']}: deleted\n"
    assert command("list", "--state", "deleted") == 0
    assert session["id"] in capsys.readouterr().out


@pytest.mark.parametrize(("answer", "code", "state"), [("n", FAILED, "created"), ("y", 0, "deleted")])
def test_deleting_asks_first(
    answer: str, code: int, state: str, shop: Program, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    session = shop.create(label="host")
    monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n"))
    assert command("delete", session["id"]) == code
    assert f"Delete session {session['id']} (host, created) and all its takes?" in capsys.readouterr().out
    assert shop.show(session["id"])["state"] == state


def test_an_invitation_replaces_the_persons_link(shop: Program, capsys: Capture) -> None:
    session = shop.create()
    assert command("invite", session["id"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith(f"{shop.address}/#token=t5person_")
    assert printed.out.count("\n") == 1
    assert session["secrets"]["person"] not in printed.out
    assert "good until" in printed.err
    assert command("invite", session["id"], "--qr") == 0
    _, _, *code = capsys.readouterr().out.splitlines()
    assert len(code) > 20
    assert command("invite", session["id"], "--json") == 0
    assert json.loads(capsys.readouterr().out)["holder"] == "person"


def test_a_qr_code_is_drawn_for_terminals_of_little_encoding() -> None:
    compact, plain = (session_output.qr_code("https://take5.test", encoding) for encoding in ("utf-8", "ascii"))
    assert session_output.HALF_BLOCK in compact
    assert plain.isascii()


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("15m", 900), ("12h", 43_200), ("7d", 604_800)])
def test_a_time_has_a_unit(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


def test_a_table_is_aligned_and_obeys_no_control_character() -> None:
    assert table([("李雷", "x"), ("a\x1b[2J", "y")]).splitlines() == ["李雷   x", "a\N{REPLACEMENT CHARACTER}[2J  y"]


@pytest.mark.parametrize(
    ("arguments", "code", "fault"),
    [
        (["show", "0" * 24], FAILED, "this key has no session"),
        (["create", "--stop-cap", "-1"], FAILED, "cap_s=-1.0 must be"),
        (["create", "--expires", "soon"], USAGE, "is not a time like 90m"),
        (["create", "--strictness", "harsh"], USAGE, "'harsh' is not one of"),
        (["create", "--for", "nerf"], USAGE, "'nerf' is not one of"),
        (["create", "--hook", "https://shop.test"], USAGE, "go together"),
        (["list", "--server", "ftp://shop.test"], USAGE, "must be like https://HOST"),
        (["list", "--server", "http://127.0.0.1:9"], FAILED, "is the server running"),
        (["list", "--key-file", "/no/such/file"], USAGE, "does not exist"),
        (["list", "--key", "hush"], USAGE, "No such option"),
    ],
)
def test_what_cannot_be_done_is_said(
    arguments: list[str], code: int, fault: str, shop: Program, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    assert command(*arguments) == code
    said = capsys.readouterr().err
    assert fault in said
    assert shop.key not in said


def test_the_key_comes_from_the_environment_or_a_file(
    shop: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    monkeypatch.delenv("TAKE5_API_KEY")
    assert command("list") == USAGE
    assert "set TAKE5_API_KEY, or give --key-file" in capsys.readouterr().err
    file = tmp_path / "key"
    file.write_text(f"{shop.key}\n")
    assert command("list", "--key-file", str(file)) == 0
