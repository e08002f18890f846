"""``take5 select`` over folders and lists, with worker processes, on small talkers: windows of one second."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from serving import eventually

from demo.talker import Script
from demo.talker.script import Stretch
from demo.talker.scripts import BEST, CALM
from take5.client.cli import batch as command
from take5.client.cli import run
from take5.stream.offline.batch.engine import SerialEngine, Setup
from take5.stream.offline.batch.ledger import LEDGER, LOCK, Ledger

SHORT = ["--seconds", "1", "--hop", "1"]
SCRIPT: Script = (Stretch("talk", 2, BEST, CALM),)
AT_A_TERMINAL = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests that run in the background inherit that it is ignored
from take5.client.cli import main
main()
"""
TAKE = ["clip.mp4", "clip.wav", "report.json"]

Json = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """What a run leaves: its exit code, its words, and one object a video."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> dict[str, Json]:
        found = [json.loads(line) for line in self.out.splitlines()]
        return {found_["video"]: found_ for found_ in found}

    def skipped(self) -> set[str]:
        return {video for video, found in self.objects.items() if found.get("skipped")}


Batch = Callable[..., Told]


@pytest.fixture
def batch(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Batch:
    """Run ``take5 select`` in a folder that holds the videos, with all that is written to the terminal."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Told:
        capfd.readouterr()
        code = run(["select", *SHORT, *arguments])
        told = Told(code, *capfd.readouterr())
        assert "Traceback" not in told.err
        return told

    return call


@pytest.fixture
def without_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the jobs be done in this process, where what is tested does not depend on who does them."""

    def serial(setup: Setup, _: int) -> SerialEngine:
        return SerialEngine(setup())

    monkeypatch.setattr(command, "ProcessEngine", serial)


@pytest.fixture
def talkers(rendered: Callable[[str, Script], Path], tmp_path: Path) -> Callable[..., None]:
    """Make talkers of these names, no two of the same bytes: behind each is an empty element of another length."""
    film = rendered("batch", SCRIPT).read_bytes()

    def make(*names: str) -> None:
        for length, name in enumerate(names):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(film + bytes([0xEC, 0x80 + length]) + bytes(length))

    return make


def alive(group: int) -> bool:
    """Whether a process of a group is there."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_folder_is_done_and_what_is_done_is_not_done_again(
    tmp_path: Path, batch: Batch, talkers: Callable[..., None]
) -> None:
    talkers("in/a.mkv", "in/sub/a.mkv", "in/café.mkv")
    (tmp_path / "in" / "bad.mp4").write_text("no film")
    first = batch("in", "-o", "out", "--json", "--jobs", "2")
    assert first.code == 1
    assert first.objects["in/bad.mp4"]["error"].startswith("in/bad.mp4: FFmpeg cannot read it")
    assert {video: found["folder"] for video, found in first.objects.items() if "best" in found} == {
        "in/a.mkv": "out/a", "in/sub/a.mkv": "out/sub/a", "in/café.mkv": "out/café",
    }  # fmt: skip
    assert first.skipped() == set()
    takes = [f"{folder}/{name}" for folder in ("a", "café", "sub/a") for name in TAKE]
    assert files(tmp_path / "out") == [LEDGER, LOCK, *takes]
    assert "1 failed:\n  in/bad.mp4: FFmpeg" in first.err

    (tmp_path / "in" / "a.mkv").rename(tmp_path / "in" / "renamed.mkv")
    (tmp_path / "in" / "bad.mp4").unlink()
    talkers("in/new.mkv", "in/x", "in/x", "in/x", "in/new.mkv")  # the last length is another one than those above
    (tmp_path / "in" / "x").unlink()
    second = batch("in", "-o", "out", "--json", "--resume")
    assert second.code == 0
    assert set(second.objects) == {"in/renamed.mkv", "in/sub/a.mkv", "in/café.mkv", "in/new.mkv"}
    assert second.skipped() == {"in/renamed.mkv", "in/sub/a.mkv", "in/café.mkv"}
    renamed = second.objects["in/renamed.mkv"]
    assert renamed == first.objects["in/a.mkv"] | {"video": "in/renamed.mkv", "skipped": True}
    assert files(tmp_path / "out") == sorted([LEDGER, LOCK, *takes, *(f"new/{name}" for name in TAKE)])


@pytest.mark.usefixtures("without_workers")
def test_other_parameters_are_another_take(batch: Batch, talkers: Callable[..., None]) -> None:
    talkers("in/a.mkv")
    assert batch("in", "-o", "out").code == 0
    refused = batch("in", "-o", "out", "--resume", "--pool", "3")
    assert refused.code == 1
    assert "out/a: exists already" in refused.err
    again = batch("in", "-o", "out", "--resume", "--force", "--pool", "3", "--json")
    assert (again.code, again.skipped()) == (0, set())
    assert batch("in", "-o", "out", "--resume", "--pool", "3", "--json").skipped() == {"in/a.mkv"}
    assert batch("in", "-o", "out", "--resume", "--json").skipped() == set()


@pytest.mark.usefixtures("without_workers")
def test_lists_tables_and_a_bad_one_in_between(batch: Batch, talkers: Callable[..., None], tmp_path: Path) -> None:
    talkers("b.mkv", "x/c.mkv")
    (tmp_path / "names.txt").write_text("# talkers\nb.mkv\nnone.mkv\nx/c.mkv\n")
    told = batch("--list", "names.txt", "--jobs", "1")
    assert told.code == 1
    lines = told.out.splitlines()
    assert [line for line in lines if line.endswith("/clip.mp4")] == [
        "  take5-out/b/clip.mp4",
        "  take5-out/x/c/clip.mp4",
    ]
    table = lines[
        next(i for i, line in enumerate(lines) if line.split() == ["video", "window", "I", "D", "MC", "views"]) :
    ]
    assert sorted(line.split()[0] for line in table[1:]) == ["b.mkv", "x/c.mkv"]
    why = "none.mkv: cannot be read (No such file or directory)\n"
    assert told.err == f"take5: error: {why}1 failed:\n  {why}"


def test_one_video_may_be_resumed(batch: Batch, talkers: Callable[..., None]) -> None:
    talkers("a.mkv")
    assert batch("a.mkv", "--resume").code == 0
    told = batch("a.mkv", "--resume")
    assert told.code == 0
    assert told.out.endswith("\n  take5-out/a/clip.mp4 (done before)\n")
    assert "exists already" in batch("a.mkv").err


def test_while_a_run_has_the_output_another_one_is_turned_away(
    batch: Batch, talkers: Callable[..., None], tmp_path: Path
) -> None:
    talkers("in/a.mkv")
    with Ledger(tmp_path / "out", "any"):
        told = batch("in", "-o", "out")
    assert told.code == 1
    assert told.err == "take5: error: out: another run writes there; wait for it, or give another folder with -o\n"
    assert files(tmp_path / "out") == [LEDGER, LOCK]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Missing argument 'VIDEO...', or --list FILE."),
        (["--list", "none.txt"], "'none.txt': No such file or directory"),
        (["--jobs", "0", "a.mp4"], "0 is not in the range x>=1"),
        (["--features", "f.npz", "a.mp4", "b.mp4"], "--features needs a single VIDEO"),
    ],
)
def test_the_command_line_is_wrong(batch: Batch, arguments: list[str], told: str) -> None:
    outcome = batch(*arguments)
    assert outcome.code == 64
    assert told in outcome.err


@pytest.mark.parametrize("name", ["in", "names.txt"])
def test_nothing_to_do_is_an_error_and_leaves_nothing(batch: Batch, tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "names.txt").write_text("# none\n")
    told = batch(*([name] if name == "in" else ["--list", name]))
    assert told.code == 1
    assert told.err.startswith(f"take5: error: {name}: ")
    assert told.err.count("\n") == 1
    assert not (tmp_path / "take5-out").exists()


@pytest.mark.usefixtures("without_workers")
def test_a_folder_that_was_written_but_not_noted_is_done_again(
    batch: Batch, talkers: Callable[..., None], tmp_path: Path
) -> None:
    """As when the run is ended in between; a folder that was there before is nobody's to replace."""
    talkers("in/0.mkv", "in/1.mkv")
    (tmp_path / "out" / "1").mkdir(parents=True)
    assert batch("in", "-o", "out", "--json", "--resume").code == 1
    ledger = tmp_path / "out" / LEDGER
    begun = [line for line in ledger.read_text().splitlines() if "begun" in json.loads(line)]
    assert [json.loads(line)["begun"] for line in begun] == ["0"]
    ledger.write_text("".join(f"{line}\n" for line in begun))
    resumed = batch("in", "-o", "out", "--json", "--resume")
    assert sorted("error" in told for told in resumed.objects.values()) == [False, True]
    assert resumed.skipped() == set()
    assert list((tmp_path / "out" / "1").iterdir()) == []


@pytest.mark.long
def test_ctrl_c_keeps_what_is_done_and_leaves_no_process(
    batch: Batch, talkers: Callable[..., None], tmp_path: Path
) -> None:
    names = [f"in/{number}.mkv" for number in range(8)]
    talkers(*names)
    command = [sys.executable, "-c", AT_A_TERMINAL, "select", *SHORT, "in", "-o", "out", "--json", "--jobs", "2"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline()
        os.killpg(program.pid, signal.SIGINT)  # as a terminal does, to all of them
        told, words = program.communicate(timeout=60)
    assert program.returncode == 130
    said = "take5: what is done is kept; the same command with --resume goes on"
    assert [line for line in words.splitlines() if line] == [said, "take5: interrupted"]
    assert eventually(lambda: not alive(program.pid))
    done = 1 + len(told.splitlines())
    noted = (tmp_path / "out" / LEDGER).read_text().splitlines()
    assert 1 <= done <= len([line for line in noted if "begun" not in json.loads(line)]) < len(names)
    assert [path for path in files(tmp_path / "out") if "partial" in path] == []
    resumed = batch("in", "-o", "out", "--json", "--resume")
    assert resumed.code == 0
    assert len(resumed.objects) == len(names)
    assert len(resumed.skipped()) == len([line for line in noted if "begun" not in json.loads(line)])
