"""What tests share: the models, the generated talker, and the folder of real clips where there is one."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from page_browser import OpenPage, launch, pages
from playwright.sync_api import Browser, Playwright, sync_playwright

from demo.talker import DEFAULT, Script
from demo.talker.render import render
from take5.client.cli.options import load_models
from take5.stream.scanner import Models

CLIPS = Path(os.environ.get("TAKE5_CLIPS", Path(__file__).parent.parent.parent / "shared" / "clips"))
SIZE = (450, 360)


@pytest.fixture(scope="session")
def models() -> Models:
    return load_models("speech-embedding", None, "cpu")


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Script], Path]:
    """Render a script once, small; later calls by the same name give the same file."""
    folder = tmp_path_factory.mktemp("talker")

    def render_once(name: str, script: Script) -> Path:
        path = folder / f"{name}.mkv"
        if not path.exists():
            render(script, path, SIZE)
        return path

    return render_once


@pytest.fixture(scope="session")
def talker(rendered: Callable[[str, Script], Path]) -> Path:
    return rendered("talker", DEFAULT)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A browser with Chromium's test picture before its camera."""
    browser = launch(playwright)
    yield browser
    browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    with pages(browser) as opened:
        yield opened


@pytest.fixture
def clips() -> list[Path]:
    found = sorted(CLIPS.glob("*.mp4"))
    if not found:
        pytest.skip(f"needs the folder of real clips (TAKE5_CLIPS; none in {CLIPS})")
    return found
