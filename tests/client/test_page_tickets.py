"""The page in real Chromium on a server with a token: websocket, clip and links show tickets, and get new ones."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from page_browser import OpenPage
from page_talk import begun, is_followed, problem, scored, status, tell, window
from playwright.sync_api import Page, Route, expect
from serving import Served, eventually, served

from take5.client.pages import PAGES
from take5.stream.analysis.models import Models
from take5.stream.events import ClipReady, Reported

pytestmark = pytest.mark.waiting

TOKEN = "open-sesame"  # noqa: S105 - of these tests alone
REPORT = "<!doctype html><title>report</title><h1>Why</h1>"
LATER = "performance.now = () => 1e9"
FAIL = "document.querySelector('#clip').dispatchEvent(new Event('error'))"


@pytest.fixture(scope="module")
def server(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(models, tmp_path_factory.mktemp("out"), pages=PAGES, token=TOKEN) as running:
        yield running


def followed(server: Served, open_page: OpenPage, name: str) -> Page:
    page = open_page(f"{server.address}/#token={TOKEN}&session={name}")
    assert eventually(lambda: is_followed(server, name))
    return page


def write_clip(path: Path) -> None:
    """Write five seconds of grey."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        grey = np.full((64, 64, 3), 128, np.uint8)
        for frame in [*(av.VideoFrame.from_ndarray(grey, "rgb24") for _ in range(125)), None]:
            container.mux(stream.encode(frame))


def show_clip(server: Served, name: str, folder: Path) -> None:
    """Let a session have a clip and a report."""
    write_clip(folder / "clip.mp4")
    (folder / "report.html").write_text(REPORT)
    files = {file: f"api/sessions/{name}/{file}" for file in ("clip.mp4", "report.html")}
    best = window(0, 1200.0).score
    clip = ClipReady(150, best, 125, str(folder), {"clip.mp4": files["clip.mp4"]}, report=True)
    entry = server.sessions.entry(name)
    entry.folder, entry.capture_id = folder, "captured"
    tell(server, name, *begun(), *scored(1200.0), clip, Reported(150, {"report.html": files["report.html"]}))


@pytest.mark.long
def test_a_player_whose_ticket_is_old_gets_another_and_goes_on(
    server: Served, open_page: OpenPage, tmp_path: Path
) -> None:
    page = followed(server, open_page, "old")
    show_clip(server, "old", tmp_path)
    clip = page.locator("#clip")
    expect(clip).to_have_js_property("duration", 5)
    first = clip.get_attribute("src")
    page.evaluate("() => { const clip = document.querySelector('#clip'); clip.pause(); clip.currentTime = 3; }")
    page.evaluate(LATER)
    page.evaluate(FAIL)
    expect(clip).not_to_have_attribute("src", first or "")
    expect(clip).to_have_js_property("currentTime", 3)
    expect(clip).to_have_js_property("paused", True)
    page.evaluate(FAIL)
    problem(page, "The clip cannot be played here")


@pytest.mark.long
def test_a_link_that_gets_no_ticket_says_so_and_leaves_no_tab(
    server: Served, open_page: OpenPage, tmp_path: Path
) -> None:
    page = followed(server, open_page, "links")
    show_clip(server, "links", tmp_path)
    page.route("**/ticket", lambda route: route.abort())
    link = page.get_by_role("link", name="Why this was chosen")
    with page.context.expect_page() as opened:
        link.click()
    problem(page, "The server does not answer")
    assert opened.value.is_closed()
    page.unroute("**/ticket")
    with page.context.expect_page() as opened:
        link.click()
    expect(opened.value.locator("h1")).to_have_text("Why")


def test_a_ticket_that_the_server_has_forgotten_is_replaced(server: Served, open_page: OpenPage) -> None:
    forgotten = ["forgotten"]

    def answer(route: Route) -> None:
        if forgotten:
            route.fulfill(json={"ticket": forgotten.pop(), "expires_in": 30})
        else:
            route.continue_()

    page = open_page(f"{server.address}/healthz")
    page.context.route("**/ticket", answer)
    with page.expect_event("websocket", lambda socket: not socket.url.endswith("forgotten")):
        page.goto(f"{server.address}/#token={TOKEN}&session=again")
    assert eventually(lambda: is_followed(server, "again"))
    status(page, "Waiting for the sender")
    expect(page.locator("#problem")).to_be_hidden()
