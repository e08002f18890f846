"""Real Chromium, and pages in it that must not break their own rules."""

import os
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Playwright, ViewportSize, expect

PATIENCE_MS = 30_000
FAKE_DEVICES = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
DESKTOP, PHONE = ViewportSize(width=1280, height=860), ViewportSize(width=360, height=740)
expect.set_options(timeout=PATIENCE_MS)

OpenPage = Callable[..., Page]


def chromium() -> str:
    """Path of Chromium; a failure without one, since nothing else can show that the page works."""
    names = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
    path = os.environ.get("TAKE5_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    assert path, "the page is tested in real Chromium: install it (apt-get install chromium) or set TAKE5_CHROMIUM"
    return path


def launch(playwright: Playwright, *, camera: Path | None = None, microphone: Path | None = None) -> Browser:
    """Start Chromium with fake devices; they show and say what the files hold."""
    files = {"--use-file-for-fake-video-capture": camera, "--use-file-for-fake-audio-capture": microphone}
    arguments = ["--no-sandbox", *FAKE_DEVICES, *(f"{option}={file}" for option, file in files.items() if file)]
    return playwright.chromium.launch(executable_path=chromium(), args=arguments)


@contextmanager
def pages(browser: Browser) -> Iterator[OpenPage]:
    """Give what opens pages; in the end none may have met an error, its policy's limits, or another server."""
    faults: list[str] = []
    contexts = []

    def open_page(
        address: str,
        *scripts: str,
        friends: Collection[str] = (),
        before: Callable[[Page], None] | None = None,
        **options: Any,
    ) -> Page:
        """Open a page, which may talk to its own server and to those of ``friends``."""
        context = browser.new_context(**{"viewport": DESKTOP, "reduced_motion": "reduce"} | options)
        contexts.append(context)
        page = context.new_page()
        own = {urlsplit(url).netloc for url in (address, *friends)}
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)
        page.on("request", lambda asked: None if _own(asked.url, own) else faults.append(f"foreign: {asked.url}"))
        for script in scripts:
            page.add_init_script(script)
        if before is not None:
            before(page)
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults, faults


def _own(url: str, own: set[str]) -> bool:
    return urlsplit(url).scheme in ("blob", "data") or urlsplit(url).netloc in own
