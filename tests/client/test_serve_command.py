"""What ``take5 serve`` refuses before it listens."""

import subprocess
from pathlib import Path

import pytest
from killing import TAKE5

from take5.client.api.models import WEIGHTS_VARIABLE
from take5.client.cli import run, worker_options
from take5.client.cli.capturing import Capturing
from take5.client.cli.exit_codes import FAILED, USAGE
from take5.client.cli.front import Front
from take5.client.cli.network_options import ice_servers
from take5.client.cli.worker_options import workers_for
from take5.scoring.stopping import StopRules
from take5.stream.hooks.setup import HookSetup
from take5.stream.server.admission import Admission
from take5.stream.server.options import DEFAULT_OPTIONS
from take5.stream.settings import Settings
from take5.stream.workers.model_choice import ModelChoice


@pytest.mark.parametrize(
    ("arguments", "environment", "fault"),
    [
        (["--token", ""], None, "the token is empty"),
        (["--token", "  "], None, "the token is empty"),
        ([], "", "the token is empty"),
        (["--host", "0.0.0.0"], None, "--token SECRET, or --open"),  # noqa: S104 - refused
        (["--host", "0.0.0.0", "--token", ""], "secret", "the token is empty"),  # noqa: S104
        (["--token", "x", "--database", "sqlite:////no/such/x.db"], None, "--token and --database exclude each other"),
        (["--database", "mysql://h/x"], None, "must be like sqlite:///FILE"),
        (["--allow-origin", "studio.example"], None, "'studio.example' must be like https://studio.example"),
        (["--proxy", "nginx"], None, "proxy 'nginx' must be an address or a network"),
        (["--root-path", "take5"], None, "root path 'take5' must be like /take5"),
    ],
)
def test_a_server_that_would_not_be_what_it_seems_does_not_start(
    arguments: list[str],
    environment: str | None,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("TAKE5_TOKEN", raising=False)
    if environment is not None:
        monkeypatch.setenv("TAKE5_TOKEN", environment)
    assert run(["serve", "--port", "0", *arguments]) == USAGE
    said = capsys.readouterr().err
    assert fault in said
    assert "Traceback" not in said


TURN = ("--ice-server", "turn:example.org")
NAMED = ("--ice-username", "ann", "--ice-credential", "x")


@pytest.mark.parametrize(
    ("arguments", "environment", "fault"),
    [
        (["--ice-server", "trun:example.org"], {}, "'trun:example.org': an ICE server is like stun:HOST"),
        (TURN, {}, "turn:example.org: a TURN server needs a user name and a credential (--ice-username"),
        (TURN, {"TAKE5_TURN_SECRET": ""}, "the shared secret of the TURN server is empty"),
        (TURN, {"TAKE5_ICE_USERNAME": "ann", "TAKE5_ICE_CREDENTIAL": ""}, "the credential of the TURN server is empty"),
        ([*TURN, *NAMED], {"TAKE5_TURN_SECRET": "x"}, "give one of the two"),
        (NAMED, {}, "--ice-username and --ice-credential are for a TURN server"),
        (["--udp-ports", "40000"], {}, "a range like 40000-40099"),
        (["--udp-ports", "40000-40001", "--max-sessions", "3"], {}, "40000-40001 are 2 ports, and each of 3 captures"),
        (["--udp-ports", "40000-40001", "--max-sessions", "1", "--workers", "3"], {}, "fewer than --workers 3"),
        (["--public-address", "no.such.invalid"], {}, "'no.such.invalid' is neither an address nor a name"),
    ],
)
def test_a_server_that_senders_could_not_reach_does_not_start(
    arguments: list[str],
    environment: dict[str, str],
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("TAKE5_TURN_SECRET", "TAKE5_ICE_USERNAME", "TAKE5_ICE_CREDENTIAL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert run(["serve", "--port", "0", *arguments]) == USAGE
    said = capsys.readouterr().err
    assert fault in said
    assert "Traceback" not in said


def test_credentials_come_from_options_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAKE5_ICE_USERNAME", "ben")
    monkeypatch.setenv("TAKE5_ICE_CREDENTIAL", "x")
    turn, stun = ice_servers(("turn:example.org", "stun:example.org"), "ann", None)
    assert (turn.username, turn.credential, turn.secret) == ("ann", "x", None)
    assert (stun.username, stun.credential) == (None, None)


@pytest.mark.parametrize(
    ("choice", "cores", "capacity", "count"),
    [
        (ModelChoice(), 8, 12, 7),
        (ModelChoice(), 8, 3, 3),
        (ModelChoice(), 2, 3, 1),
        (ModelChoice(), 1, 1, 1),
        (ModelChoice("ave", "weights.pth", "cuda"), 8, 12, 1),
        (ModelChoice("ave", "weights.pth", "cpu"), 8, 12, 7),
        (ModelChoice("auto", "weights.pth", "mps"), 8, 12, 1),
    ],
)
def test_there_are_as_many_workers_as_cores_less_one_and_one_with_a_gpu(
    choice: ModelChoice, cores: int, capacity: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_options, "cores", lambda: cores)
    assert workers_for(None, choice, capacity, None) == count
    assert workers_for(5, choice, capacity, None) == 5


def test_workers_load_what_followers_are_told_whatever_the_environment_of_their_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ave.pth").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(WEIGHTS_VARIABLE, "ave.pth")
    front = Front(Capturing(ModelChoice(), Settings(), StopRules(), tmp_path, DEFAULT_OPTIONS, HookSetup()), 2)
    told = front.sessions(Admission(1), lambda: None).about.encoder
    assert [setup.models for setup in front._setups] == [ModelChoice(told, str(tmp_path / "ave.pth"))] * 2
    assert told == "ave"


@pytest.mark.long
def test_a_server_whose_workers_cannot_load_their_models_ends_with_the_reason(tmp_path: Path) -> None:
    options = ["--workers", "2", "--encoder", "ave", "--ave-weights", "/no/such.pth", "-o", str(tmp_path)]
    done = subprocess.run([*TAKE5, "serve", "--port", "0", *options], capture_output=True, text=True, check=False)
    assert done.returncode == FAILED, done.stderr
    assert "/no/such.pth" in done.stderr
    assert "Traceback" not in done.stderr


def test_there_is_nothing_to_reload_where_no_server_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["reload", "-o", str(tmp_path)]) == FAILED
    assert "no take5 serve --workers of this machine writes to this folder" in capsys.readouterr().err
