"""The npm package of ``<take5-capture>``: what is in it, its types, and that it works where it is installed."""

import json
import re
import shutil
import subprocess
import tarfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from embed_stage import Sites, sites, state, strict
from page_browser import OpenPage
from playwright.sync_api import expect
from repository import ROOT
from serving import Served, served

from take5.client.pages import PAGES
from take5.stream.analysis.models import Models

pytestmark = pytest.mark.waiting

CONSUMER = ROOT / "tests" / "support" / "embed_consumer"
TOOLS = CONSUMER / "node_modules" / ".bin"


def run(*command: str | Path, at: Path) -> str:
    done = subprocess.run(list(map(str, command)), cwd=at, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def imported(name: str, known: set[str]) -> set[str]:
    """A module and all that it imports."""
    if name not in known:
        known.add(name)
        for other in re.findall(r"from '\./(\w+\.js)'", (PAGES / name).read_text()):
            imported(other, known)
    return known


@pytest.fixture(scope="module")
def package() -> dict[str, Any]:
    described: dict[str, Any] = json.loads((PAGES / "package.json").read_text())
    return described


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop's source folder in which the packed package is installed."""
    assert TOOLS.exists(), f"needs the tools of a web shop's build: npm --prefix {CONSUMER} ci"
    folder = tmp_path_factory.mktemp("shop")
    (packed,) = json.loads(run("npm", "pack", "--json", "--pack-destination", folder, at=PAGES))
    shutil.copytree(CONSUMER / "app", folder, dirs_exist_ok=True)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    installed = folder / "node_modules" / "@take5" / "capture"
    installed.parent.mkdir(parents=True)
    (folder / "unpacked" / "package").rename(installed)
    assert packed["name"] == "@take5/capture"
    return folder


@pytest.fixture(scope="module")
def site() -> Iterator[Sites]:
    with sites() as running:
        yield running


@pytest.fixture(scope="module")
def server(models: Models, site: Sites, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(models, tmp_path_factory.mktemp("out"), pages=PAGES, origins=[site.friend]) as running:
        yield running


def test_its_version_is_that_of_take5(package: dict[str, Any]) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert package["version"] == re.sub(r"\.dev(\d+)$", r"-dev.\1", version)


def test_it_holds_the_modules_of_the_element_and_nothing_else(package: dict[str, Any]) -> None:
    (packed,) = json.loads(run("npm", "pack", "--dry-run", "--json", at=PAGES))
    modules = imported("take5-capture.js", set())
    held = {file["path"] for file in packed["files"]}
    assert held == modules | {"take5-capture.d.ts", "package.json", "README.md", "LICENSE"}
    assert set(package["files"]) == modules | {"take5-capture.d.ts"}
    assert "dependencies" not in package
    assert not {"server.js", "texts.js", "link.js", "dom.js"} & modules  # they are the page's own


def test_its_licence_is_that_of_take5() -> None:
    assert (PAGES / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_its_types_are_those_that_a_program_needs(shop: Path) -> None:
    run(TOOLS / "tsc", "--project", shop, at=shop)


def test_a_program_without_a_browser_may_import_it(shop: Path) -> None:
    said = run("node", "--input-type=module", "--eval", "await import('@take5/capture'); console.log('fine')", at=shop)
    assert said == "fine\n"


def test_a_bundle_and_the_unpacked_modules_work_on_a_page(
    shop: Path, server: Served, site: Sites, open_page: OpenPage
) -> None:
    bundle = shop / "bundle.js"
    run(TOOLS / "esbuild", "main.ts", "--bundle", "--minify", "--format=iife", f"--outfile={bundle}", at=shop)
    package = shop / "node_modules" / "@take5" / "capture"
    made = f"Object.assign(document.createElement('take5-capture'), {{ server: '{server.address}' }})"
    module = f"import './take5-capture.js'; document.body.append({made});"
    site.files = {f"/{file.name}": file.read_bytes() for file in package.glob("*.js")}
    site.files |= {"/bundle.js": bundle.read_bytes(), "/own.js": module.encode()}
    site.policy = strict(server.address).replace(f"'self' {server.address}; connect", "'self'; connect")
    for script in ("bundle.js", "own.js"):
        icon, source = '<link rel="icon" href="data:,">', f'<script type="module" src="{script}"></script>'
        site.body = f"<!doctype html><title>Shop</title>{icon}<body>{source}"
        page = open_page(f"{site.friend}/?server={server.address}", friends=[server.address])
        state(page.locator("take5-capture"), "idle")
        expect(page.get_by_role("button", name="Open the camera")).to_be_visible()
