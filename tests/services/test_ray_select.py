"""``take5 select --engine ray``: a node is killed, Ctrl-C, and what Ray's processes send."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from killing import TAKE5
from ray_cluster import need_ray, ray_cluster
from services import free_port
from serving import eventually

from demo.talker.script import Stretch
from demo.talker.scripts import BEST, CALM
from take5.stream.cluster.joined import SILENT
from take5.stream.offline.batch.ledger import LEDGER

pytestmark = pytest.mark.services

SHORT = ["--seconds", "1", "--hop", "1"]
TAKE = ["clip.mp4", "clip.wav", "report.json"]
AT_A_TERMINAL = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests that run in the background inherit that it is ignored
from take5.client.cli import main
main()
"""


@pytest.fixture
def talkers(rendered: Callable[..., Path], tmp_path: Path) -> list[str]:
    """Short talkers in the folder ``in``, no two of the same bytes."""
    need_ray()
    film = rendered("batch", (Stretch("talk", 2, BEST, CALM),)).read_bytes()
    (tmp_path / "in").mkdir()
    names = [f"in/{number}.mkv" for number in range(8)]
    for length, name in enumerate(names):
        (tmp_path / name).write_bytes(film + bytes([0xEC, 0x80 + length]) + bytes(length))
    return names


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose path is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="t5ray-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def ledger(folder: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / LEDGER).read_text().splitlines()]
    return [line for line in lines if "begun" not in line]


def ray_processes(group: int) -> list[int]:
    """Processes of a session, which Ray's are part of."""
    found = subprocess.run(["ps", "-o", "pid=", "-s", str(group)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in found.stdout.split()]


def test_a_node_is_killed_and_every_video_is_done_once(tmp_path: Path, talkers: list[str]) -> None:
    with ray_cluster(1) as cluster:
        lost = cluster.add(1)
        options = ["in", "-o", "out", "--json", "--engine", "ray", "--ray", cluster.address]
        command = [*TAKE5, "select", *SHORT, *options]
        with subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as program:
            assert program.stdout is not None
            first = program.stdout.readline()
            cluster.kill(lost)
            others, words = program.communicate(timeout=200)
        assert program.returncode == 0, words
        lost_nodes = [line for line in words.splitlines() if line.endswith("was lost; it is done again elsewhere")]
        assert len(lost_nodes) <= 1  # its worker may have loaded the models only
        told = [json.loads(line) for line in [first, *others.splitlines()]]
        assert sorted(each["video"] for each in told) == talkers
        assert sorted(line["video"] for line in ledger(tmp_path / "out")) == talkers
        files = [path for path in (tmp_path / "out").rglob("*") if path.is_file() and path.parent != tmp_path / "out"]
        assert sorted(path.name for path in files) == sorted(TAKE * len(talkers))

        again = subprocess.run([*command, "--resume"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert all(json.loads(line)["skipped"] for line in again.stdout.splitlines())
    assert len(again.stdout.splitlines()) == len(talkers)


def test_ctrl_c_keeps_what_is_done_and_leaves_no_process(tmp_path: Path, talkers: list[str]) -> None:
    options = ["in", "-o", "out", "--json", "--engine", "ray", "--jobs", "2"]
    command = [sys.executable, "-c", AT_A_TERMINAL, "select", *SHORT, *options]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline()
        os.killpg(program.pid, signal.SIGINT)  # as a terminal does, to all of them
        told, words = program.communicate(timeout=100)
    assert program.returncode == 130
    said = "take5: what is done is kept; the same command with --resume goes on"
    assert [line for line in words.splitlines() if line] == [said, "take5: interrupted"]
    assert eventually(lambda: ray_processes(program.pid) == [], 30)
    done = len(ledger(tmp_path / "out"))
    assert 1 + len(told.splitlines()) <= done < len(talkers)
    assert [path for path in (tmp_path / "out").rglob("*") if "partial" in path.name or "probe" in path.name] == []


@contextmanager
def collector() -> Iterator[tuple[str, list[str]]]:
    """A server in the place of the one that Ray's usage statistics go to, and what was sent to it."""
    sent: list[str] = []

    class Collects(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collects)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", sent
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("enabled", ["1", "0"])
def test_a_head_reports_even_that_its_statistics_are_off(short_folder: Path, enabled: str) -> None:
    """Why docs/cluster.md sets the address of the reports as well."""
    need_ray()
    with collector() as (address, sent):
        theirs = {"RAY_USAGE_STATS_ENABLED": enabled, "RAY_USAGE_STATS_REPORT_URL": address}
        environment = {**os.environ, **theirs, "RAY_USAGE_STATS_REPORT_INTERVAL_S": "1", "RAY_AUTH_MODE": "disabled"}
        options = ["--head", "--block", "--num-cpus=0", "--include-dashboard=false", "--object-store-memory=80000000"]
        options += [f"--port={free_port()}", f"--temp-dir={short_folder}"]
        with subprocess.Popen(
            [sys.executable, "-m", "ray.scripts.scripts", "start", *options], env=environment, stdout=subprocess.DEVNULL
        ) as head:
            try:
                assert eventually(lambda: bool(sent), 60)
            finally:
                head.terminate()


def test_a_cluster_of_take5_sends_nothing(tmp_path: Path, talkers: list[str]) -> None:
    """SIGTERM ends it as it ends any command."""
    options = [*talkers, "-o", "out", "--json", "--engine", "ray", "--jobs", "1"]
    with subprocess.Popen(
        [*TAKE5, "select", *SHORT, *options], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline()
        for process in processes_named("dashboard.py", program.pid):
            has = Path(f"/proc/{process}/environ").read_bytes().decode().split("\0")
            assert {f"{name}={value}" for name, value in SILENT.items()} <= set(has)
            arguments = Path(f"/proc/{process}/cmdline").read_bytes().decode().split("\0")
            assert "--disable-frontend" in arguments
        program.terminate()
    assert program.returncode == -signal.SIGTERM
    assert [path for path in (tmp_path / "out").rglob("*") if "partial" in path.name or "probe" in path.name] == []


def processes_named(name: str, parent: int) -> list[int]:
    """Children of a process that run a script of this name; there is one at least."""
    found = subprocess.run(["pgrep", "-P", str(parent), "-f", name], capture_output=True, text=True, check=True)
    return [int(pid) for pid in found.stdout.split()]


def test_a_cluster_that_reports_is_not_joined(tmp_path: Path, talkers: list[str]) -> None:
    with ray_cluster(1, reporting=True) as cluster:
        command = [*TAKE5, "select", *SHORT, talkers[0], "--engine", "ray", "--ray", cluster.address]
        told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert "this cluster sends usage statistics to the makers of Ray; start its head with" in told.stderr
    assert not (tmp_path / "take5-out").exists()
