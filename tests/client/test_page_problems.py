"""The page in real Chromium: what goes wrong before a capture begins, and what to do."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_browser import OpenPage
from page_talk import problem, ready
from playwright.sync_api import Route, expect
from serving import Served, served

from take5.client.pages import PAGES
from take5.scoring.stopping import StopRules
from take5.stream.analysis.models import Models
from take5.stream.server import errors

pytestmark = pytest.mark.waiting

TOKEN = "open-sesame"  # noqa: S105 - of these tests alone
GOAL = StopRules(stop_at=1120.0, gain=None)


@pytest.fixture(scope="module")
def server(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(models, tmp_path_factory.mktemp("out"), rules=GOAL, pages=PAGES) as running:
        yield running


@pytest.mark.long
def test_devices_that_cannot_be_opened(server: Served, open_page: OpenPage) -> None:
    faults = {
        "NotFoundError": ("No camera or no microphone found", "Plug it in"),
        "NotAllowedError": ("The browser may not use camera and microphone", "left of the address"),
        "NotReadableError": ("Camera or microphone is in use", "Close the program"),
    }
    broken = f"""
        const [open, names] = [navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices), {list(faults)}];
        navigator.mediaDevices.enumerateDevices = async () => [];
        navigator.mediaDevices.getUserMedia = (wishes) => names.length
            ? Promise.reject(new DOMException('', names.shift())) : open(wishes);
    """
    page = open_page(server.address + "/", broken)
    for title, advice in faults.values():
        problem(page, title, advice)
        expect(page.locator("#start")).to_be_disabled()
        page.get_by_role("button", name="Try again").click()
    ready(page)
    expect(page.locator("#problem")).to_be_hidden()


def test_an_insecure_page_says_so(server: Served, open_page: OpenPage) -> None:
    insecure = """
        Object.defineProperty(navigator, 'mediaDevices', { value: undefined });
        Object.defineProperty(window, 'isSecureContext', { value: false });
    """
    problem(open_page(server.address + "/", insecure), "This page is not secure", "https")


@pytest.mark.long
def test_a_full_server_is_waited_for(
    models: Models, open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errors, "RETRY_AFTER_S", 1)
    with served(models, tmp_path, capacity=1, pages=PAGES) as server:
        admission = server.sessions.admission
        taken = admission.knock("10.0.0.9")
        assert admission.connect(taken)
        page = open_page(server.address + "/")
        ready(page)
        page.locator("#start").click()
        problem(page, "The server is full", "wait a moment")
        expect(page.locator("#retry")).to_have_text("Try again in 1 s")
        expect(page.locator("#retry")).to_be_disabled()
        server.loop.call_soon_threadsafe(admission.release, taken)
        with page.expect_response(lambda answer: "/whip/" in answer.url and answer.status == 201):
            page.get_by_role("button", name="Try again", exact=True).click()
        expect(page.locator("#live-title")).to_be_visible()


@pytest.mark.long
def test_a_full_disk_is_said(models: Models, open_page: OpenPage, tmp_path: Path) -> None:
    with served(models, tmp_path, pages=PAGES) as server:
        server.sessions.space.least = 10**18
        page = open_page(server.address + "/")
        ready(page)
        page.locator("#start").click()
        problem(page, "The server's disk is full", "Nothing can be recorded until there is room")
        server.sessions.space.least = 0
        with page.expect_response(lambda answer: "/whip/" in answer.url and answer.status == 201):
            page.get_by_role("button", name="Try again", exact=True).click()


@pytest.mark.long
def test_a_token_is_asked_for_until_it_is_right(models: Models, open_page: OpenPage, tmp_path: Path) -> None:
    with served(models, tmp_path, pages=PAGES, token=TOKEN) as server:
        page = open_page(server.address + "/")
        problem(page, "An access token is needed", "enter it here")
        expect(page.locator("#token")).to_be_focused()
        page.keyboard.type("wrong")
        page.keyboard.press("Enter")
        ready(page)
        page.locator("#start").click()
        problem(page, "That token is not right")
        page.get_by_label("Access token").fill(TOKEN)
        with page.expect_response(lambda answer: "/whip/" in answer.url and answer.status == 201):
            page.locator("#token-form button").click()
        expect(page.locator("#live-title")).to_be_visible()


@pytest.mark.long
def test_refused_offers(server: Served, open_page: OpenPage) -> None:
    page = open_page(server.address + "/")
    ready(page)
    answers = [
        (409, "busy", "This name is in use"),
        (422, "unsupported_media", "The server cannot receive what this browser sends"),
        (400, "bad_sdp", "The server did not understand this browser"),
        (500, "internal", "Something went wrong on the server"),
    ]
    waiting = iter(answers)

    def refuse(route: Route) -> None:
        number, code, _ = next(waiting)
        route.fulfill(status=number, json={"code": code, "error": "told"})

    page.route("**/whip/*", refuse)
    for _, _, title in answers:
        page.locator("#start").click()
        problem(page, title)
        ready(page)


def test_a_server_that_does_not_answer(server: Served, open_page: OpenPage) -> None:
    page = open_page(server.address + "/")
    ready(page)
    page.route("**/whip/*", lambda route: route.abort())
    page.locator("#start").click()
    problem(page, "The server does not answer", "Check that it is running")
    page.unroute("**/whip/*")
    with page.expect_response(re.compile("/whip/")):
        page.get_by_role("button", name="Try again").click()
    expect(page.locator("#live-title")).to_be_visible()
