"""The house rules: imports run down only, the pure half does no I/O, and the project speaks of itself alone."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from repository import ROOT

FLOORS = ("scoring", "stream", "client")
PURE_FOLDERS = ("scoring", "stream/events", "stream/timeline", "stream/analysis", "stream/live")
"""Every module below these is pure, but for those of NOT_PURE."""
NOT_PURE = {
    "stream/live/begin.py",
    "stream/live/worker.py",
    "stream/live/saving.py",
    "stream/live/finish.py",
}  # the thread, the files at its end
PURE_MODULES = (
    "stream/recording/ring.py", "stream/spool/records.py", "stream/spool/plan.py", "stream/server/mailbox.py",
    "stream/sources/webrtc/track_clocks.py", "stream/sources/webrtc/ice.py",
    "stream/sources/webcam/camera_clock.py", "stream/sources/webcam/microphone_clock.py",
)  # fmt: skip
IMPURE = {
    "asyncio", "threading", "multiprocessing", "concurrent", "socket", "ssl", "http", "urllib", "time", "datetime",
    "av", "aiortc", "subprocess", "select",
}  # fmt: skip
MODEL_PACKAGES = {"torch", "mediapipe", "onnxruntime"}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            names.add(node.module or "")
    return names


def modules(*patterns: str) -> list[Path]:
    found = [path for pattern in patterns for path in ROOT.glob(pattern)]
    assert found
    return sorted(found)


@pytest.mark.parametrize("floor", FLOORS)
def test_imports_never_run_up(floor: str) -> None:
    above = FLOORS[FLOORS.index(floor) + 1 :]
    for path in modules(f"{floor}/**/*.py"):
        for name in imported(path):
            assert not name.startswith(tuple(f"take5.{other}" for other in above)), f"{path} imports {name}"


def test_the_pure_half_does_no_io_and_reads_no_clock() -> None:
    pure = modules(*(f"{folder}/**/*.py" for folder in PURE_FOLDERS), *PURE_MODULES)
    for path in pure:
        if path.relative_to(ROOT).as_posix() in NOT_PURE:
            continue
        roots = {name.split(".")[0] for name in imported(path)}
        assert not roots & IMPURE, f"{path} imports {roots & IMPURE}"


def test_only_scoring_models_know_the_model_packages() -> None:
    for path in modules("scoring/**/*.py", "stream/**/*.py", "client/**/*.py"):
        if path.parent != ROOT / "scoring" / "models":
            roots = {name.split(".")[0] for name in imported(path)}
            assert not roots & MODEL_PACKAGES, f"{path} imports {roots & MODEL_PACKAGES}"


def test_the_packages_are_real_folders_behind_relative_links() -> None:
    for floor in FLOORS:
        link = ROOT / "src" / "take5" / floor
        assert link.is_symlink()
        assert link.readlink() == Path("..") / ".." / floor


def test_importing_the_command_line_loads_neither_models_nor_databases() -> None:
    code = (
        "import sys, take5.client.cli\n"
        "heavy = {'torch', 'mediapipe', 'onnxruntime', 'sqlalchemy', 'alembic', 'fastapi', 'psycopg'}\n"
        "sys.exit(','.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_server_with_workers_loads_neither_models_nor_what_receives_media() -> None:
    code = (
        "import sys, take5.client.cli.serve, take5.client.cli.serving\n"
        "heavy = {'torch', 'mediapipe', 'onnxruntime', 'aiortc', 'aioice'}\n"
        "sys.exit(','.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_bundle_without_ave_does_not_load_pytorch() -> None:
    code = (
        "import sys, numpy, types\n"
        "from take5.stream.bundles.parts.arrays import ave_rows\n"
        "assert ave_rows(types.SimpleNamespace(name='speech-embedding'), numpy.zeros(640, numpy.int16)) is None\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
