"""Which servers of an output folder are asked for new workers."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from serving import eventually

from take5.scoring.errors import ServerError
from take5.stream.server.running import NAME, _host, known, reload_servers

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no workers on Windows")

SERVER = """
import signal, sys
from pathlib import Path
from take5.stream.server.running import known
with known(Path(sys.argv[1])):
    print("starting", flush=True)
    sys.stdin.readline()
    signal.signal(signal.SIGUSR2, lambda *_: print("new workers", flush=True))
    print("serving", flush=True)
    sys.stdin.read()
"""


def server(output: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", SERVER, str(output)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def said(program: "subprocess.Popen[str]") -> str:
    assert program.stdout is not None
    return program.stdout.readline().strip()


def end(program: "subprocess.Popen[str]") -> None:
    assert program.stdin is not None
    program.stdin.close()
    assert program.wait(30) == 0


def test_a_server_that_is_starting_survives_and_one_that_serves_hears_it(tmp_path: Path) -> None:
    with server(tmp_path) as program:
        assert said(program) == "starting"
        assert reload_servers(tmp_path) == [program.pid]
        assert program.stdin is not None
        program.stdin.write("\n")
        program.stdin.flush()
        assert said(program) == "serving", "the signal has not ended it"
        assert reload_servers(tmp_path) == [program.pid]
        assert said(program) == "new workers"
        end(program)
    assert list(tmp_path.iterdir()) == []


def test_all_servers_of_a_folder_are_asked_and_those_that_were_killed_are_not(tmp_path: Path) -> None:
    with server(tmp_path) as first, server(tmp_path) as second:
        assert [said(first), said(second)] == ["starting", "starting"]
        assert reload_servers(tmp_path) == sorted([first.pid, second.pid], key=str)
        first.kill()
        first.wait(30)
        assert eventually(lambda: reload_servers(tmp_path) == [second.pid])
        end(second)
    with pytest.raises(ServerError, match="no take5 serve --workers of this machine writes to this folder"):
        reload_servers(tmp_path)


def test_a_file_of_a_server_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    file = tmp_path / NAME.format(host=_host(), process=1)
    file.mkdir()  # as unreadable for root as a file of another user is for others
    with pytest.raises(ServerError, match=r"cannot be read .*reload as the user that runs the server") as error:
        reload_servers(tmp_path)
    assert str(file) in str(error.value)


def test_a_folder_without_a_server_and_one_that_is_not_there_say_so(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "gone"):
        with pytest.raises(ServerError, match="give its output folder with -o"):
            reload_servers(folder)
    before = signal.getsignal(signal.SIGUSR2)
    try:
        with known(tmp_path / "made"):
            assert reload_servers(tmp_path / "made") == [os.getpid()]
    finally:
        signal.signal(signal.SIGUSR2, before)
