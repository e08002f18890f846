"""SIGTERM, SIGHUP and a terminal that is closed: captures are saved, and nothing half-written stays."""

import fcntl
import os
import re
import select
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from capture_devices import SoundServer, playing, sound_server
from serving import eventually, served

from take5.scoring.stopping import StopRules
from take5.stream.analysis.models import Models
from take5.stream.model_files.cache import DIRECTORY_VARIABLE, models_directory

PROGRAM = [sys.executable, "-m", "take5.client.cli"]
NEVER_STOP = ["--stop-at", "0", "--stop-gain", "0"]
TIMEOUT_S = 60.0


class Terminal:
    """A program on a terminal of its own, and what it has written there."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.text = b""
        self._open, program = os.openpty()

        def own() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            command,
            stdin=program,
            stdout=program,
            stderr=program,
            start_new_session=True,
            preexec_fn=own,
            env=environment | {"TERM": "xterm"},
        )
        os.close(program)
        self._closed = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        with suppress(OSError):
            while not self._closed.is_set():
                if select.select([self._open], [], [], 0.1)[0]:
                    self.text += os.read(self._open, 4096)

    def shows(self, pattern: bytes) -> bool:
        """Wait until it has written something."""
        return eventually(lambda: re.search(pattern, self.text) is not None or self.process.poll() is not None)

    def close(self) -> None:
        """Close it, as a person closes a window."""
        self._closed.set()
        self._reader.join(TIMEOUT_S)
        os.close(self._open)


@contextmanager
def ended(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Leave no process behind."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def clips(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*/*") if path.name in ("clip.mp4", "report.html", "source.mp4"))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoundServer]:
    with sound_server(tmp_path_factory.mktemp("sound")) as running:
        yield running


def webcam(short: Path, folder: Path, *more: str) -> list[str]:
    camera = ["--driver", "lavfi", "--camera", f"movie={short}:loop=0,setpts=N/25/TB,realtime"]
    return [*PROGRAM, "webcam", *camera, "-o", str(folder), *NEVER_STOP, *more]


@pytest.mark.long
@pytest.mark.realtime
def test_a_terminal_that_is_closed_costs_a_webcam_capture_nothing(
    short: Path, sound: SoundServer, tmp_path: Path
) -> None:
    environment = {**sound.silent, DIRECTORY_VARIABLE: str(models_directory())}
    with playing(short, sound, tmp_path):
        terminal = Terminal(webcam(short, tmp_path / "out"), environment)
        with ended(terminal.process):
            assert terminal.shows(rb"best so far: "), terminal.text
            terminal.close()
            terminal.process.wait(TIMEOUT_S)
    assert clips(tmp_path / "out") == ["clip.mp4", "report.html", "source.mp4"], terminal.text[-2000:]


@pytest.mark.long
@pytest.mark.realtime
def test_sigterm_ends_a_webcam_capture_and_saves_it(short: Path, sound: SoundServer, tmp_path: Path) -> None:
    environment = {**sound.silent, DIRECTORY_VARIABLE: str(models_directory())}
    with playing(short, sound, tmp_path):
        command = webcam(short, tmp_path / "out", "--json")
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as running, ended(running):
            assert running.stdout is not None
            lines = []
            for line in running.stdout:
                lines.append(line)
                if b'"type": "best"' in line:
                    running.send_signal(signal.SIGTERM)
                    running.send_signal(signal.SIGHUP)  # a session that ends may send both
            assert running.wait(TIMEOUT_S) == 0
    assert any(b'"rule": "ended"' in line for line in lines)
    assert clips(tmp_path / "out") == ["clip.mp4", "report.html", "source.mp4"]


@pytest.mark.long
@pytest.mark.realtime
def test_a_reader_that_goes_away_ends_a_webcam_capture_which_is_saved(
    short: Path, sound: SoundServer, tmp_path: Path
) -> None:
    environment = {**sound.silent, DIRECTORY_VARIABLE: str(models_directory())}
    with playing(short, sound, tmp_path):
        command = webcam(short, tmp_path / "out", "--json")
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as running, ended(running):
            assert running.stdout is not None
            assert any(b'"type": "best"' in line for line in running.stdout)
            running.stdout.close()
            assert running.wait(TIMEOUT_S) not in (0, None)
    assert clips(tmp_path / "out") == ["clip.mp4", "report.html", "source.mp4"]


def serving(folder: Path) -> list[str]:
    return [*PROGRAM, "serve", "--port", "0", "-o", str(folder), *NEVER_STOP]


def address(text: bytes) -> str:
    found = re.search(rb"take5 at (http://\S+)", text)
    assert found is not None, text
    return found[1].decode()


@pytest.mark.long
@pytest.mark.realtime
def test_a_terminal_that_is_closed_lets_a_server_save_its_captures(short_to_send: Path, tmp_path: Path) -> None:
    terminal = Terminal(serving(tmp_path / "out"), dict(os.environ))
    with ended(terminal.process):
        assert terminal.shows(rb"clips go to"), terminal.text
        base = address(terminal.text)
        push = subprocess.Popen(
            [*PROGRAM, "push", f"{base}/whip/x", str(short_to_send), "--loop"], stdout=subprocess.DEVNULL
        )
        with ended(push):
            assert eventually(lambda: bool(state(base).get("best")))
            terminal.close()
            assert terminal.process.wait(TIMEOUT_S) == 0
            push.wait(TIMEOUT_S)
    assert clips(tmp_path / "out")[:1] == ["clip.mp4"], terminal.text[-2000:]


def state(base: str) -> dict[str, Any]:
    answer = httpx.get(f"{base}/api/sessions/x")
    return dict(answer.json()) if answer.status_code == 200 else {}


@pytest.mark.waiting
def test_a_server_under_nohup_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as out:
        running = subprocess.Popen(["nohup", *serving(tmp_path / "out")], stdout=out, stderr=out)
    with ended(running):
        assert eventually(lambda: b"clips go to" in log.read_bytes())
        running.send_signal(signal.SIGHUP)
        time.sleep(1.0)
        assert httpx.get(f"{address(log.read_bytes())}/healthz").json()["live"] == 0
        running.send_signal(signal.SIGTERM)
        assert running.wait(TIMEOUT_S) == 0


@pytest.mark.long
@pytest.mark.realtime
def test_push_hangs_up_at_a_signal(models: Models, short_to_send: Path, tmp_path: Path) -> None:
    with served(models, tmp_path / "out", rules=StopRules(stop_at=0, gain=None)) as server:
        push = subprocess.Popen(
            [*PROGRAM, "push", f"{server.address}/whip/x", str(short_to_send), "--loop"], stdout=subprocess.DEVNULL
        )
        with ended(push):
            assert eventually(lambda: bool(state(server.address).get("windows")))
            push.send_signal(signal.SIGHUP)
            assert push.wait(TIMEOUT_S) == -signal.SIGHUP
        assert eventually(lambda: state(server.address)["state"] in ("ready", "failed"))
        assert state(server.address)["stopped"]["rule"] == "ended"


WRITING = """
import threading, sys
from pathlib import Path
from take5.client.cli.signals import ended_cleanly
from take5.stream.output.atomic import new_folder
with ended_cleanly(), new_folder(Path(sys.argv[1])) as folder:
    (folder / "half").touch()
    print("ready", flush=True)
    threading.Event().wait(60)
"""


@pytest.mark.waiting
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("times", [1, 2])
def test_nothing_half_written_stays_after_a_signal(tmp_path: Path, number: int, times: int) -> None:
    command = [sys.executable, "-c", WRITING, str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as running, ended(running):
        assert running.stdout is not None
        running.stdout.readline()
        for _ in range(times if number == signal.SIGHUP else 1):
            running.send_signal(number)
        assert running.wait(TIMEOUT_S) == -number
    assert list(tmp_path.iterdir()) == []


def ignoring() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


@pytest.mark.waiting
def test_an_ignored_signal_stays_ignored(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITING, str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, preexec_fn=ignoring) as running, ended(running):
        assert running.stdout is not None
        running.stdout.readline()
        running.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(0.5)
        running.send_signal(signal.SIGTERM)
        assert running.wait(TIMEOUT_S) == -signal.SIGTERM
