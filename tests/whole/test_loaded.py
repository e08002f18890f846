"""PyTorch is loaded for AVE alone, and Matplotlib for a report: each takes a second or more, and 50 to 200 MB."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import av
import pytest
from repository import ROOT

PROGRAM = [sys.executable, str(ROOT / "tests" / "support" / "loaded.py")]
"""``take5``; the last line on stderr names which of them it has loaded."""

TIMEOUT_S = 400


@pytest.fixture(scope="module")
def brief(short: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first seven seconds of a talker: three windows."""
    path = tmp_path_factory.mktemp("brief") / "brief.mkv"
    with av.open(str(short)) as source, av.open(str(path), "w") as copy:
        streams = {stream.index: copy.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.pts is not None and packet.pts * packet.time_base < 7:
                packet.stream = streams[packet.stream.index]
                copy.mux(packet)
    return path


def loaded(stderr: str) -> str:
    return stderr.splitlines()[-1]


@pytest.mark.long
@pytest.mark.parametrize(
    ("more", "packages"), [([], "loaded: []"), (["--report"], "loaded: ['matplotlib']")], ids=["plain", "report"]
)
def test_select_loads_neither_and_matplotlib_for_a_report(
    brief: Path, tmp_path: Path, more: list[str], packages: str
) -> None:
    command = [*PROGRAM, "select", str(brief), "-o", str(tmp_path), "--encoder", "speech-embedding", "--json", *more]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=TIMEOUT_S)
    assert json.loads(done.stdout.splitlines()[-1])
    assert loaded(done.stderr) == packages


def test_a_server_loads_neither(tmp_path: Path) -> None:
    command = [*PROGRAM, "serve", "--port", "0", "-o", str(tmp_path), "--encoder", "speech-embedding"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert any("clips go to" in line for line in iter(running.stdout.readline, ""))
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=TIMEOUT_S)
    assert loaded(told) == "loaded: []"


def test_what_a_webcam_capture_imports_loads_neither() -> None:
    """Not a whole run, for which there has to be a microphone."""
    code = (
        "import sys\n"
        "import take5.client.cli.webcam, take5.client.cli.live_capture, take5.stream.live.finish\n"
        "import take5.stream.sources.webcam.webcam\n"
        "from take5.client.api.models import load_models\n"
        "load_models('speech-embedding')\n"
        "print([name for name in ('torch', 'matplotlib') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=TIMEOUT_S)
    assert done.stdout == "[]\n"


def test_what_is_loaded_is_noticed() -> None:
    code = (
        f"import runpy, sys, matplotlib; sys.argv = ['', '--help']; runpy.run_path({PROGRAM[1]!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=TIMEOUT_S)
    assert loaded(done.stderr) == "loaded: ['matplotlib']"
