"""What is installed, and what the documents promise."""

import inspect
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import click
import pytest
from long_values import long_after
from repository import ROOT

from take5.client.cli import take5
from take5.client.cli.commands import COMMANDS
from take5.client.pages import PAGES, PROMPTS
from take5.scoring.gates.findings import Code


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    found: list[tuple[tuple[str, ...], click.Command]] = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found += commands(command, (*path, name)) if isinstance(command, click.Group) else [((*path, name), command)]
    return found


def test_the_wheel_holds_take5_and_nothing_else(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    roots = {name.split("/")[0] for name in names}
    assert {root for root in roots if not root.endswith(".dist-info")} == {"take5"}
    expected = {
        "take5/py.typed",
        "take5/scoring/algorithm1.py",
        "take5/stream/sources/file.py",
        "take5/client/cli/select.py",
        "take5/client/api/session.py",
        "take5/server.py",
        "take5/stream/texts/zh-Hans.json",
        "take5/stream/platform/migrations/env.py",
        "take5/stream/platform/migrations/versions/r0001_sessions.py",
        *(f"take5/client/prompts/{file.name}" for file in PROMPTS.iterdir()),
        *(f"take5/client/web/{file.name}" for file in PAGES.iterdir()),
    }
    assert expected <= set(names)


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    for path, _ in commands(take5):
        assert re.search(rf"take5 {path[0]}\b.*{path[-1]}" if len(path) > 1 else rf"take5 {path[0]}\b", readme), path


def test_every_option_has_a_help_text() -> None:
    for path, command in commands(take5):
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{path} {parameter.name}"


def test_every_reason_is_documented() -> None:
    documents = [(ROOT / "docs" / name).read_text() for name in ("mathematics.md", "gates.md", "sound-gates.md")]
    assert [code for code in Code if not any(f"`{code}`" in text for text in documents)] == []
    lettered = re.findall(r"^\| [a-g] \| `(\w+)`", documents[0], re.MULTILINE)
    assert set(lettered) == set(list(Code)[:9])


def anchors(document: Path) -> set[str]:
    """Anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_links_in_the_documents_lead_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for name, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", document.read_text()):
            target = document.parent / name if name else document
            assert target.exists(), f"{document.name}: {name}"
            assert not anchor or anchor in anchors(target), f"{document.name}: {name}#{anchor}"


def test_every_page_is_in_the_index() -> None:
    docs = ROOT / "docs"
    index = (docs / "README.md").read_text()
    names = {page.name for page in docs.glob("*.md")} - {"README.md"} | {"trainers/README.md"}
    assert [name for name in sorted(names) if f"]({name})" not in index] == []


def test_the_list_of_commands_says_what_their_help_says() -> None:
    for name, listed in COMMANDS.items():
        command = take5.get_command(click.Context(take5), name)
        assert command is not None
        assert command.name == name
        assert inspect.cleandoc(command.help or "").split("\n\n")[0].replace("\n", " ") == listed.help


HEAVY = {
    "aiortc", "asyncio", "av", "fastapi", "httpx", "matplotlib", "mediapipe", "msgspec", "numpy", "onnxruntime",
    "pydantic", "rich", "scipy", "sounddevice", "sqlalchemy", "starlette", "torch", "uvicorn", "websockets",
}  # fmt: skip
"""What no command imports before it needs it."""

SLOW = {
    "IPython", "matplotlib", "pandas", "PIL", "scipy.cluster", "scipy.fft", "scipy.integrate", "scipy.interpolate",
    "scipy.ndimage", "scipy.optimize", "scipy.signal", "scipy.stats", "torch",
}  # fmt: skip
"""What takes tenths of a second and more to import, and few need."""

WORK = """
import sys
from pathlib import Path
from media_files import clicks, numbered_media, steady
numbered_media(Path("film.mkv"), steady(150, 25), clicks([0.5], 6.0))
known = set(sys.modules)
from take5.client.cli import run
code = run(["select", "film.mkv"])
"""


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["--help"], set()),
        (["--version"], set()),
        (["models", "--help"], set()),
        (["keys", "--help"], {"rich"}),
        (["keys", "create", "--help"], {"rich"}),
        (["select", "--help"], {"asyncio", "av", "msgspec", "numpy", "rich", "scipy"}),
        (["serve", "--help"], {"asyncio", "av", "msgspec", "numpy", "scipy"}),
    ],
)
def test_nothing_is_imported_before_it_is_needed(arguments: list[str], needed: set[str]) -> None:
    program = (
        "import sys; from take5.client.cli import run; "
        f"code = run({arguments}); print(code, *sorted({HEAVY} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    code, *found = done.stderr.split()
    assert (code, set(found) - needed) == ("0", set())


@pytest.mark.parametrize("command", long_after(3, sorted(COMMANDS)))
def test_no_command_imports_what_is_slow_and_that_few_need(command: str) -> None:
    slow = {name for name in SLOW if command not in ("calibrate", "prepare") or not name.startswith("scipy")}
    program = f"import sys, take5.client.cli.{COMMANDS[command].module}; print(*sorted({slow} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_select_works_without_what_is_slow_to_import(tmp_path: Path) -> None:
    program = f"{WORK}print(code, *sorted({SLOW} & (set(sys.modules) - known)), file=sys.stderr)"
    search = {"PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, **search},
    )
    assert run.stderr.splitlines()[-1].split() == ["2"]  # nothing eligible in it
