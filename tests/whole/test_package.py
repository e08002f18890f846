"""What is installed, and what the documents promise."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import click
from repository import ROOT

from take5.client.cli import take5
from take5.client.pages import PAGES, PROMPTS
from take5.scoring.gates.findings import Code


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    found: list[tuple[tuple[str, ...], click.Command]] = []
    for name, command in group.commands.items():
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
