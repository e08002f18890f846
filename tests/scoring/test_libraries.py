"""A system without the libraries that MediaPipe needs: what is missing is named, and how to get it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from repository import ROOT

from take5.scoring.errors import LibraryMissing
from take5.scoring.models.libraries import DEBIAN
from take5.scoring.models.runtime import Task


def no_library(name: str) -> str:
    return f"{name}: cannot open shared object file: No such file or directory"


def test_a_command_names_what_is_missing(short: Path, tmp_path: Path) -> None:
    """OpenCV needs libGL when it is loaded, and MediaPipe loads OpenCV."""
    (tmp_path / "mediapipe.py").write_text(f"raise ImportError({no_library('libGL.so.1')!r})")
    done = subprocess.run(
        [sys.executable, "-m", "take5.client.cli", "select", str(short), "-o", str(tmp_path / "out")],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("take5: error: MediaPipe, which finds the faces, needs a library")
    assert "libGL.so.1" in done.stderr
    assert f"apt-get install {DEBIAN}" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_library_that_is_missing_later_is_no_damaged_model(tmp_path: Path) -> None:
    model = tmp_path / "model.task"
    model.touch()

    def create() -> None:
        raise OSError(no_library("libGLESv2.so.2"))

    with pytest.raises(LibraryMissing, match="libGLESv2"):
        Task(model, create)


def test_what_is_named_is_what_the_set_up_installs() -> None:
    script = (ROOT / "scripts" / "setup.sh").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for package in DEBIAN.split():
        assert f"$missing {package}" in script
        assert f"`{package}`" in readme
