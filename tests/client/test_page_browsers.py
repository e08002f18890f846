"""Which browser the page is in, on which system, and what it advises there."""

from collections.abc import Iterator
from typing import Any

import pytest
from page_browser import OpenPage
from playwright.sync_api import Page
from serving import served

from take5.client.pages import PAGES
from take5.stream.analysis.models import Models

pytestmark = pytest.mark.waiting

KIT, LIKE = "AppleWebKit/605.1.15 (KHTML, like Gecko)", "AppleWebKit/537.36 (KHTML, like Gecko)"
MAC, WINDOWS = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
PIXEL, LINUX = "Mozilla/5.0 (Linux; Android 15; Pixel 8)", "Mozilla/5.0 (X11; Linux x86_64)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)"
CHROME = "Chrome/131.0.0.0 Safari/537.36"
BY_USER_AGENT = [
    (f"{WINDOWS} {LIKE} {CHROME}", "chrome", "windows"),
    (f"{MAC} {LIKE} {CHROME}", "chrome", "macos"),
    (f"{LINUX} {LIKE} {CHROME}", "chrome", "linux"),
    (f"{PIXEL} {LIKE} Chrome/131.0.0.0 Mobile Safari/537.36", "chrome", "android"),
    (f"{IPHONE} {KIT} CriOS/131.0 Mobile/15E148 Safari/604.1", "chrome", "ios"),
    (f"{WINDOWS} {LIKE} {CHROME} Edg/131.0.0.0", "edge", "windows"),
    (f"{MAC} {LIKE} {CHROME} Edg/131.0.0.0", "edge", "macos"),
    (f"{PIXEL} {LIKE} Chrome/131.0.0.0 Mobile Safari/537.36 EdgA/131.0.0.0", "edge", "android"),
    (f"{IPHONE} {KIT} Version/18.0 EdgiOS/131.0 Mobile/15E148 Safari/604.1", "edge", "ios"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0", "firefox", "windows"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:133.0) Gecko/20100101 Firefox/133.0", "firefox", "macos"),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", "firefox", "linux"),
    ("Mozilla/5.0 (Android 15; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0", "firefox", "android"),
    (f"{IPHONE} {KIT} FxiOS/133.0 Mobile/15E148 Safari/605.1.15", "firefox", "ios"),
    (f"{MAC} {KIT} Version/18.1 Safari/605.1.15", "safari", "macos"),
    (f"{IPHONE} {KIT} Version/18.1 Mobile/15E148 Safari/604.1", "safari", "ios"),
    (f"{PIXEL} {LIKE} SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36", "other", "android"),
    (f"{WINDOWS} {LIKE} {CHROME} OPR/115.0.0.0", "other", "windows"),
    ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) " + f"{LIKE} {CHROME}", "chrome", "linux"),
    ("curl/8.0", "other", "other"),
]
CHROMIUM = {"brand": "Chromium"}
BY_HINTS = [
    ([CHROMIUM, {"brand": "Google Chrome"}], "Windows", "chrome", "windows"),
    ([CHROMIUM, {"brand": "Microsoft Edge"}], "Windows", "edge", "windows"),
    ([CHROMIUM, {"brand": "Google Chrome"}], "macOS", "chrome", "macos"),
    ([CHROMIUM, {"brand": "Google Chrome"}], "Android", "chrome", "android"),
    ([CHROMIUM, {"brand": "Samsung Internet"}], "Android", "other", "android"),
    ([CHROMIUM], "Linux", "chrome", "linux"),
    ([CHROMIUM, {"brand": "Google Chrome"}], "Chrome OS", "chrome", "linux"),
    ([], "", "firefox", "linux"),
]
ADVICE = [
    ("denied", "chrome", "windows", "icon to the left of the address"),
    ("denied", "edge", "windows", "lock to the left"),
    ("denied", "firefox", "linux", "crossed-out camera"),
    ("denied", "safari", "macos", "Settings for This Website"),
    ("denied", "chrome", "android", "then Permissions"),
    ("denied", "safari", "ios", "Website Settings"),
    ("denied", "chrome", "ios", "Settings app"),
    ("denied", "other", "windows", "browser's settings"),
    ("blocked", "edge", "windows", "Windows blocks it"),
    ("blocked", "chrome", "macos", "System Settings"),
    ("in_use", "safari", "macos", "FaceTime"),
    ("in_use", "chrome", "android", "End calls"),
    ("no_camera", "safari", "ios", "This phone gives"),
    ("no_microphone", "firefox", "linux", "Plug in a microphone"),
    ("silent", "firefox", "windows", "In Windows"),
    ("silent", "chrome", "linux", "choose another one here"),
]


@pytest.fixture(scope="module")
def address(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(models, tmp_path_factory.mktemp("out"), pages=PAGES) as running:
        yield running.address


def ask(page: Page, module: str, name: str, *given: Any) -> Any:
    call = "async ([module, name, given]) => (await import(`/${module}.js`))[name](...given)"
    return page.evaluate(call, [module, name, given])


def test_browsers_and_their_systems_are_told_apart(address: str, open_page: OpenPage) -> None:
    page = open_page(address + "/")
    for agent, browser, system in BY_USER_AGENT:
        assert ask(page, "browsers", "detect", {"userAgent": agent}) == {"browser": browser, "system": system}, agent
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"
    for brands, platform, browser, system in BY_HINTS:
        told = {"userAgent": firefox, "userAgentData": {"brands": brands, "platform": platform}}
        assert ask(page, "browsers", "detect", told) == {"browser": browser, "system": system}, brands
    ipad = {"userAgent": f"{MAC} {KIT} Version/18.1 Safari/605.1.15", "maxTouchPoints": 5}
    assert ask(page, "browsers", "detect", ipad) == {"browser": "safari", "system": "ios"}


def test_the_advice_fits_browser_and_system(address: str, open_page: OpenPage) -> None:
    page = open_page(address + "/")
    for cause, browser, system, text in ADVICE:
        advice = ask(page, "mend", "adviceFor", cause, {"browser": browser, "system": system})
        assert text in advice, (cause, browser, system, advice)
