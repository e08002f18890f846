"""The options that say whom to tell, on a command of the tests' own."""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from hooks_receiver import SECRET, notice_in, receiving, status
from serving import eventually

from take5.client.cli.ready_options import let_deliveries_end, ready_options
from take5.scoring.errors import ParameterError
from take5.stream.hooks.command import SECRET_VARIABLE
from take5.stream.hooks.delivery import recorded
from take5.stream.hooks.dispatcher import HookDispatcher


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@ready_options
def tell(folder: Path, hooks: HookDispatcher) -> int:
    """Tell of a folder."""
    hooks.notify(notice_in(folder))
    let_deliveries_end(hooks)
    return len(recorded(folder))


def run(*arguments: object) -> int:
    code: int = tell.main([str(argument) for argument in arguments], standalone_mode=False)
    return code


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_bytes(SECRET + b"\n")
    return path


def test_without_them_nobody_is_told(tmp_path: Path) -> None:
    assert run(tmp_path / "take") == 0


def test_with_them_both_are_told(tmp_path: Path, secret: Path) -> None:
    with receiving(status(200)) as receiver:
        told = ("--on-ready", f"touch {tmp_path}/told", "--webhook", receiver.url, "--webhook-secret-file", secret)
        assert run(tmp_path / "take", *told) == 2
    assert {each["state"] for each in recorded(tmp_path / "take")} == {"delivered"}
    assert (tmp_path / "told").exists()
    assert len(receiver.posts) == 1


def test_the_secret_may_be_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: Path) -> None:
    with receiving(status(200)) as receiver:
        monkeypatch.setenv(SECRET_VARIABLE, SECRET.decode())
        assert run(tmp_path / "one", "--webhook", receiver.url) == 1
        monkeypatch.delenv(SECRET_VARIABLE)
        assert run(tmp_path / "two", "--webhook", receiver.url, "--webhook-secret-file", secret) == 1
    assert [post.headers["Take5-Signature"][:3] for post in receiver.posts] == ["v1=", "v1="]


def test_a_wait_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wait = "sh -c 'sleep 1.5'"
    assert run(tmp_path / "take", "--on-ready", wait) == 1
    assert "waiting for --on-ready and --webhook to end" in capsys.readouterr().err


def test_a_command_that_hangs_is_waited_for_no_longer_than_it_may_run(tmp_path: Path) -> None:
    assert run(tmp_path / "take", "--on-ready", "sh -c 'sleep 600'", "--on-ready-timeout", "0.5") == 1
    (delivery,) = recorded(tmp_path / "take")
    assert (delivery["state"], delivery["error"]) == ("failed", "did not end within 0.5 s, and was ended")


HANGING = """echo $$ > "$1/pid"; while :; do sleep 1; done"""


def test_ctrl_c_gives_up_what_is_left_and_ends_it(tmp_path: Path) -> None:
    program = [sys.executable, "-c", "from test_hooks_options import tell; tell()", str(tmp_path / "take")]
    line = shlex.join(["/bin/sh", "-c", HANGING, "hook"])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([*program, "--on-ready", line], env=environment, start_new_session=True) as running:
        assert eventually(lambda: (tmp_path / "take" / "pid").exists())
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 1
    (delivery,) = recorded(tmp_path / "take")
    assert delivery["state"] == "undelivered"
    pid = int((tmp_path / "take" / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--on-ready", "no-such-program"], "no program 'no-such-program'"),
        (["--webhook", "https://example.org"], f"needs a secret: set {SECRET_VARIABLE}"),
        (["--webhook-secret-file", __file__], "needs --webhook URL"),
        (["--webhook", "example.org", "--webhook-secret-file", __file__], "begins with http"),
        (["--webhook", "https://example.org", "--webhook-secret-file", "/dev/null"], "has 0 bytes"),
        (["--webhook", "https://example.org", "--webhook-secret-file", "/nowhere"], "does not exist"),
        (["--on-ready-timeout", "0"], "not in the range"),
    ],
)
def test_a_mistake_is_told_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], reason: str
) -> None:
    monkeypatch.delenv(SECRET_VARIABLE, raising=False)
    with pytest.raises((click.ClickException, ParameterError)) as caught:
        run(tmp_path / "take", *options)
    error = caught.value
    assert reason in (error.format_message() if isinstance(error, click.ClickException) else str(error))
    assert not (tmp_path / "take").exists()


def test_the_http_client_is_loaded_only_when_it_is_needed() -> None:
    code = "import sys, take5.client.cli.ready_options; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
