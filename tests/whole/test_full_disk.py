"""No room on the disk: every writer ends with one error that names the file and the reason, and leaves nothing behind.

The limit on a file's size stands for the disk; it is lowered in a program of its own.
"""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from repository import ROOT

from demo.talker.script import Stretch
from demo.talker.scripts import BEST, CALM

pytest.importorskip("resource", reason="no limits on files here")

PROGRAM = """
import resource, sys
from take5.client.cli import main
from take5.stream.offline.batch import work

def full(*_, **__):
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), hard))

def after(module, name):
    done = getattr(module, name)
    def wrapped(*arguments, **options):
        found = done(*arguments, **options)
        full()
        return found
    setattr(module, name, wrapped)

if sys.argv[2] == "begin":
    full()
else:
    after(work, sys.argv[2])
main(sys.argv[3:])
"""


WINDOWS = ["--seconds", "1", "--hop", "1"]


@pytest.fixture(scope="module")
def two(rendered: Callable[..., Path]) -> Path:
    """Two seconds."""
    return rendered("two", (Stretch("talk", 2, BEST, CALM),))


def ended(limit: int, begin: str, *arguments: str, stdin: BinaryIO | None = None) -> tuple[int, str]:
    """Exit code and stderr of a program that may write no file longer than ``limit`` bytes, from a step on."""
    command = [sys.executable, "-c", PROGRAM, str(limit), begin, *arguments]
    done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stderr


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


TAKE = ["two/clip.mp4", "two/clip.wav", "two/report.json"]
FULL = "cannot be written (File too large)"


def test_a_clip(two: Path, tmp_path: Path) -> None:
    code, err = ended(20_000, "begin", "select", str(two), *WINDOWS, "-o", str(tmp_path / "out"), "--json")
    assert (code, err) == (1, f"take5: error: {tmp_path / 'out' / 'two'}: {FULL}\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("options", "file", "limit"),
    [
        (["--report"], "out/two/report.html", 10),
        (["--report"], "out/two/report.html", 100_000),
        (["--for", "raw"], "out/two", 40_000),
        (["--features", "{}/f.npz"], "f.npz", 40_000),
    ],
)
def test_what_comes_after_the_clip(two: Path, tmp_path: Path, options: list[str], file: str, limit: int) -> None:
    given = [option.format(tmp_path) for option in options]
    code, err = ended(limit, "write_take", "select", str(two), *WINDOWS, "-o", str(tmp_path / "out"), "--json", *given)
    assert (code, err) == (1, f"take5: error: {tmp_path / file}: {FULL}\n")
    assert names(tmp_path / "out") == TAKE
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.long
def test_a_bundle(two: Path, tmp_path: Path) -> None:
    code, err = ended(40_000, "begin", "bundle", str(two), "--for", "er-nerf", "-o", str(tmp_path / "out"))
    assert (code, err) == (1, f"take5: error: {tmp_path / 'out'}: {FULL}\n")
    assert list(tmp_path.iterdir()) == []


def test_the_copy_of_standard_input(two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with two.open("rb") as stdin:
        code, err = ended(20_000, "begin", "select", "-", "-o", str(tmp_path / "out"), stdin=stdin)
    assert code == 1
    assert re.fullmatch(rf"take5: error: {tmp_path}/take5-\w+: {re.escape(FULL)}\n", err)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_a_replay(two: Path, tmp_path: Path) -> None:
    code, err = ended(20_000, "begin", "replay", str(two), *WINDOWS, "-o", str(tmp_path / "out"))
    assert (code, err) == (1, f"take5: error: {tmp_path / 'out' / 'two'}: {FULL}\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_standard_output() -> None:
    program = [sys.executable, "-c", "from take5.client.cli import main; main()", "models", "list"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(program, stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    reason = "cannot be written (No space left on device)"
    assert (done.returncode, done.stderr) == (1, f"take5: error: standard output: {reason}\n")
